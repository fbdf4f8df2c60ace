# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where a run may start: a checkpoint of another run, a bundled one, or ZeroFlow's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zeroflow_ros.errors import ModelError
from zeroflow_ros.model import bundled_models
from zeroflow_training.checkpoint import load_network, load_student, opened, refused, take_over
from zeroflow_training.students.fastflow3d import FastFlow3D
from zeroflow_training.students.published import load_published
from zeroflow_training.students.real_time import RealTimeStudent
from zeroflow_training.training_data import learned_from


def bundled_checkpoints() -> dict[str, Path]:
    """The checkpoints that came with this package, by name."""
    folders = {path.parent for path in bundled_models().values()}
    return {path.stem: path for folder in sorted(folders) for path in folder.glob("*.ckpt")}


def find_checkpoint(name: str) -> Path:
    """A path as given, or a bundled checkpoint by its name. Raises ModelError."""
    if Path(name).is_file():
        return Path(name)
    bundled = bundled_checkpoints()
    if name in bundled:
        return bundled[name]
    names = ", ".join(sorted(bundled)) or "none"
    raise ModelError(f"'{name}': no such checkpoint, and no bundled one (there are: {names})")


def origin(checkpoint: Path) -> str:
    """What the weights of a checkpoint have learned from, in words."""
    try:
        with opened(checkpoint) as state:
            return learned_from(state, checkpoint)
    except ModelError:  # of others, or damaged, of which `start_from` tells
        return learned_from({}, checkpoint)


def start_from(network: Any, checkpoint: Path) -> None:
    """Give a network, in place, the weights of a checkpoint. Raises ModelError.

    A real-time student those of another one, see `take_over`; a FastFlow3D those of a run of ours
    or of what ZeroFlow's authors published; any other those of one that has the same layers.
    """
    if isinstance(network, RealTimeStudent):
        with refused(checkpoint):
            take_over(network, load_student(checkpoint, network.config.size))
    elif isinstance(network, FastFlow3D):
        _take_published(network, checkpoint)
    else:
        with refused(checkpoint):
            network.load_state_dict(load_network(checkpoint).state_dict())


def _take_published(network: FastFlow3D, checkpoint: Path) -> None:
    init = _fastflow3d(checkpoint)
    if init.config != network.config:
        raise ModelError(
            f"'{checkpoint}' is a FastFlow3D of {init.config.size} pillars an edge and widths "
            f"{init.config.widths}, not {network.config.size} and {network.config.widths}: name "
            "the --config of its size"
        )
    network.load_state_dict(init.state_dict())


def _fastflow3d(checkpoint: Path) -> FastFlow3D:
    try:
        init = load_network(checkpoint)
    except ModelError:
        return load_published(checkpoint)  # who says what is wrong, if it is neither
    if not isinstance(init, FastFlow3D):
        raise ModelError(f"'{checkpoint}' is a {init.config.kind} student, not a FastFlow3D")
    return init
