# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ImportSummary: what became sequences, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zeroflow_ros.errors import BagError, CloudError, DataError, EgoMotionError
from zeroflow_training.sequences import Sequence


@dataclass(frozen=True)
class Imported:
    """One sequence that was written; height and tilt of its sensor in metres and degrees."""

    path: str
    sweeps: int
    points: int
    ego_motion: str
    sensor_height_m: float
    tilt_deg: float

    @staticmethod
    def of(sequence: Sequence) -> Imported:
        """What the manifest of a sequence says."""
        upright = float(np.clip(sequence.sensor_to_level[2, 2], -1, 1))
        return Imported(
            str(sequence.folder),
            len(sequence),
            sum(sequence.manifest.points),
            sequence.manifest.ego_motion,
            round(sequence.manifest.sensor_height_m, 3),
            round(float(np.degrees(np.arccos(upright))), 2),
        )


@dataclass
class ImportSummary:
    """Filled sequence by sequence.

    `dropped`: sweeps (and labels) by the reason why they were left out; `labels`: pairs by teacher;
    `failed`: sources that gave nothing and why; `damage`: of bags that were read in part.
    """

    imported: list[Imported] = field(default_factory=list)
    finished_before: list[str] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    failed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)

    @contextmanager
    def one_of(self, name: str) -> Iterator[None]:
        """What cannot be read of one source is kept for the end, for the others' sake.

        An error in writing passes: it would be the same for all.
        """
        try:
            yield
        except (BagError, CloudError, DataError, EgoMotionError) as error:
            self.failed[name] = str(error)

    def skip(self, folder: Path) -> None:
        """Count a sequence that an earlier call has finished."""
        self.finished_before.append(str(folder))

    def add(self, folder: Path) -> None:
        """Count a sequence that is finished now."""
        self.imported.append(Imported.of(Sequence(folder)))

    @property
    def problem(self) -> str | None:
        """Why this import is not a whole success; None when it is."""
        failed = list(self.failed.values())
        if len(failed) > 1:
            failed = [f"{len(failed)} sources could not be imported, the first: {failed[0]}"]
        return "; ".join([*self.damage, *failed]) or None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain types, for JSON."""
        return {
            "imported": [vars(one) for one in self.imported],
            "finished_before": self.finished_before,
            "dropped": dict(self.dropped),
            "labels": dict(self.labels),
            "failed": self.failed,
            "notes": self.notes,
            "problem": self.problem,
        }
