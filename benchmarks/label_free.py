# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What losses without labels say of true and of wrong flow: `python benchmarks/label_free.py`.

24 samples of 8 simulated drives as students see them, without augmentation: windows of the
real-time student, whole clouds of FastFlow3D. Means over the samples of which a term says anything.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from zeroflow_training.data.labelled_pairs import LabelledPairs
from zeroflow_training.data.sequences import SequenceSamples
from zeroflow_training.evaluation.table import Column, Table
from zeroflow_training.fit_config import CROP_PILLARS
from zeroflow_training.losses.terms import LABEL_FREE, Emphasis
from zeroflow_training.sequences import TRUTH
from zeroflow_training.sources.simulated import SimulationOptions, import_simulated
from zeroflow_training.sources.summary import ImportSummary
from zeroflow_training.students.fastflow3d import FastFlow3DConfig
from zeroflow_training.students.real_time import RealTimeStudentConfig
from zeroflow_training.students.student import Batch, Prediction

SAMPLES, DRIVES = 24, SimulationOptions(sequences=8, sweeps=4, seed=90)
STUDENTS = {"real-time": RealTimeStudentConfig(CROP_PILLARS), "fastflow3d": FastFlow3DConfig()}
TERMS = ("chamfer", "dynamic-chamfer", "cluster")
FLOWS = {"truth": 1.0, "half of it": 0.5, "zero flow": 0.0}
COLUMNS = tuple(Column(name, name, ".3f") for name in FLOWS)
ANY = Emphasis(beta_m=0.04, static_share=1 / 3)  # these terms do not look at it


def said_of(batch: Batch) -> list[list[float]]:
    """Of each term about each flow; NaN where a term says nothing, whatever the flow."""
    known = batch.supervision
    flows = [Prediction(share * known.target) for share in FLOWS.values()]
    values = [[LABEL_FREE[term](flow, known, ANY).item() for flow in flows] for term in TERMS]
    return [said if any(said) else [np.nan] * len(FLOWS) for said in values]


def rows(student: Any, pairs: LabelledPairs) -> dict[str, dict[str, float]]:
    encoder = student.encoder(with_scene=True)
    samples = SequenceSamples(pairs, encoder, student.lags, augmentation=())
    said = [said_of(encoder.collate([samples[position]])) for position in range(SAMPLES)]
    means = np.nanmean(said, axis=0)
    return {
        term: dict(zip(FLOWS, row, strict=True)) for term, row in zip(TERMS, means, strict=True)
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        import_simulated(data, ImportSummary(), DRIVES)
        pairs = LabelledPairs.find(data, TRUTH)
        for name, student in STUDENTS.items():
            Console().print(Table(name, name, COLUMNS, rows(student, pairs)).for_console())


if __name__ == "__main__":
    main()
