# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PairLabels: the flow of one sweep towards another, by a teacher or as the truth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import DataError
from zeroflow_ros.geometry import Points
from zeroflow_training.sequences.arrays import Arrays, read_arrays, read_shape, write_arrays
from zeroflow_training.sequences.manifest import import_again

TRUTH = "truth"
"""The name that true flow has among the teachers."""


class Pairing(NamedTuple):
    """Numbers of the sweep that has flow and of the one that it goes to."""

    source: int
    target: int

    @property
    def file_name(self) -> str:
        """Within the folder of a teacher."""
        return f"{self.source:06d}_{self.target:06d}.npz"

    @staticmethod
    def of(file: Path) -> Pairing:
        """The pairing that a file is named after. Raises DataError for another name."""
        parts = file.stem.split("_")
        if len(parts) != 2 or not all(part.isdecimal() for part in parts):
            raise DataError(f"'{file}' is not named SOURCE_TARGET.npz: remove it")
        return Pairing(*map(int, parts))


@dataclass(frozen=True)
class PairLabels:
    """Row i belongs to row i of the source sweep.

    `displacement` float32 [N, 3]: metres from where a point is to where it is at the target's
    stamp, ego motion removed, axes of the source's sensor frame; 0 where not `valid` bool [N].
    Of the truth also, where known: `class_id` uint8 [N] of FlowClass and `instance_id` int32 [N].
    `report`: how a teacher came to it, plain values.
    """

    displacement: Points
    valid: npt.NDArray[np.bool_]
    class_id: npt.NDArray[np.uint8] | None = None
    instance_id: npt.NDArray[np.int32] | None = None
    report: Mapping[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Atomically. Raises ZeroflowError where the file system refuses."""
        arrays: Arrays = {
            "displacement": np.asarray(self.displacement, np.float32),
            "valid": self.valid,
            "report": np.array(json.dumps(dict(self.report))),
        }
        if self.class_id is not None:
            arrays["class_id"] = self.class_id
        if self.instance_id is not None:
            arrays["instance_id"] = self.instance_id
        write_arrays(path, arrays)

    @staticmethod
    def read(path: Path, points: int) -> PairLabels:
        """Of a source sweep with that many points. Raises DataError."""
        arrays = read_arrays(path, ("displacement", "valid", "report"), _cure(path))
        _check(path, points, arrays["displacement"].shape, arrays["valid"].shape)
        return PairLabels(
            arrays["displacement"],
            arrays["valid"],
            arrays.get("class_id"),
            arrays.get("instance_id"),
            json.loads(str(arrays["report"])),
        )

    @staticmethod
    def check(path: Path, points: int) -> None:
        """Raise DataError where `read` would, as far as the file's head tells; a hundred times as
        quick.
        """
        shapes = (read_shape(path, name, _cure(path)) for name in ("displacement", "valid"))
        _check(path, points, *shapes)


def _check(path: Path, points: int, displacement: tuple[int, ...], valid: tuple[int, ...]) -> None:
    if displacement != (points, 3) or valid != (points,):
        raise DataError(
            f"'{path}' labels {valid[0] if valid else 1} points, its sweep has {points}: "
            f"{_cure(path)}"
        )


def _cure(path: Path) -> str:
    """How labels are had anew: the truth came with its sequence, and may only come with it."""
    if path.parent.name == TRUTH:
        return import_again(path.parents[2])
    return "remove it and label again"
