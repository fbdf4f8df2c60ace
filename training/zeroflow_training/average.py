# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Average two checkpoints: in the middle between a run's start and its end may lie a better one.

Wortsman et al. 2022, "Model soups": weights of runs from the same start can be averaged, and the
average often generalises better than either; "Robust fine-tuning of zero-shot models": that of a
start and its fine-tuning keeps what the start knew.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn

from zeroflow_ros.errors import ModelError
from zeroflow_ros.files import written_atomically
from zeroflow_ros.offline import Progress
from zeroflow_training.checkpoint import load_student, opened, refused
from zeroflow_training.data.loading import simulated_batches
from zeroflow_training.fit_config import CROP_PILLARS, FitConfig
from zeroflow_training.schedule import ScheduleConfig
from zeroflow_training.students.kinds import DEFAULT_KIND, student_config
from zeroflow_training.students.real_time import RealTimeStudent
from zeroflow_training.training_data import learned_from, together

BATCHES = 400  # of four windows: two minutes


def average(
    first: Path,
    second: Path,
    path: Path,
    seed: int = 0,
    batches: int = BATCHES,
    workers: int = 1,
    progress: Progress | None = None,
) -> Path:
    """Write the mean of two checkpoints of `fit`, for export or as a start for another run.

    Nobody's batch-norm statistics fit to averaged weights, so they are measured on `batches` of
    simulated windows drawn from `seed`, whatever the students have learned from. `progress` gets
    (batches done, batches in all). Raises ModelError for files that are no checkpoints of
    real-time students alike.
    """
    with opened(first) as one, opened(second) as two, refused(second):
        students = [student_config(s["hyper_parameters"]["student"]) for s in (one, two)]
        if students[0] != students[1]:
            raise ValueError(f"its student is another one than that of {first}")
        if students[0].kind != DEFAULT_KIND:
            raise ModelError(
                f"'{first}' is a {students[0].kind} student, which is not averaged yet"
            )
        weights = {k: _mean(v, two["state_dict"][k]) for k, v in one["state_dict"].items()}
        data = together(learned_from(one, first), learned_from(two, second))
        said = {**two["hyper_parameters"], "training_data": data}
        state = {"hyper_parameters": said, "global_step": two["global_step"]}
    with written_atomically(path) as scratch:
        torch.save({**state, "state_dict": weights}, scratch)
        student = load_student(scratch, CROP_PILLARS)
        schedule = ScheduleConfig(batches)
        config = FitConfig(schedule, student.config, seed=seed, workers=workers)
        measure_norms(student, config, progress)
        weights.update({f"student.{k}": v for k, v in student.state_dict().items()})
        torch.save({**state, "state_dict": weights}, scratch)
    return path


def measure_norms(
    student: RealTimeStudent, config: FitConfig, progress: Progress | None = None
) -> None:
    """Set the batch-norm statistics to the mean over `schedule.steps` training batches."""
    torch.set_num_threads(config.threads)
    student.eval()
    for module in student.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # all batches alike
            module.train()
    with torch.inference_mode():
        batches = islice(simulated_batches(config), config.schedule.steps)
        for done, batch in enumerate(batches, start=1):
            student.predict(batch.inputs)
            if progress is not None:
                progress(done, config.schedule.steps)
    student.eval()


def _mean(one: Tensor, two: Tensor) -> Tensor:
    return 0.5 * (one + two) if one.is_floating_point() else two
