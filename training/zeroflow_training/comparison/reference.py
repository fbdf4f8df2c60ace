# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reference: what answers are held against, true flow or in its place what a teacher said."""

from __future__ import annotations

from collections.abc import Sequence as Several
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import Points, Transform, interpolate, invert
from zeroflow_training.evaluation.classes import BOARD, Classes, PointClass
from zeroflow_training.evaluation.pair import INTERVAL_S, EvaluatedPair
from zeroflow_training.sequences import TRUTH, FlowClass, Pairing, PairLabels, Sequence, StoredSweep

Convention = Literal["newest", "published"]
"""Flow of the newest sweep, as on a vehicle; or of a sweep towards the next, as on the boards."""

# The classes of the boards have one number in both; a number of neither is of no known class.
_CLASS_OF_STORED = np.full(256, PointClass.UNKNOWN, np.uint8)
_CLASS_OF_STORED[list(BOARD)] = BOARD
_CLASS_OF_STORED[FlowClass.UNJUDGED] = PointClass.OTHER


class Answered(NamedTuple):
    """Velocity float32 [N, 3] in m/s of a sweep's points, ego motion removed, axes of its frame.

    As time runs, whichever way it was looked at; 0 where not `estimated` bool [N].
    """

    velocity: Points
    estimated: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class JudgedSweep:
    """The source of a pair with everything but an answer."""

    name: str
    source: StoredSweep
    labels: PairLabels
    interval_s: float
    next_from_source: Transform

    @property
    def judged(self) -> npt.NDArray[np.bool_]:
        """Bool [N]: the points that are not ground and whose reference is known."""
        finite = np.isfinite(self.source.posed.sweep.points).all(axis=1)
        judged: npt.NDArray[np.bool_] = self.labels.valid & ~self.source.is_ground & finite
        return judged

    def beside(self, answered: Answered) -> EvaluatedPair:
        """The answer beside the reference, both in metres over 0.1 s."""
        class_id = self.labels.class_id
        return EvaluatedPair(
            self.name,
            self.source.posed.sweep.points,
            answered.velocity * np.float32(INTERVAL_S),
            velocity_of(self.labels, self.interval_s) * np.float32(INTERVAL_S),
            self.judged,
            None if class_id is None else classes_of(class_id),
            self.next_from_source,
        )


@dataclass(frozen=True)
class Reference:
    """`name`: of the labels that answers are held against. Those of a teacher are no truth."""

    name: str = TRUTH

    @property
    def in_words(self) -> str:
        """For headings."""
        return "truth" if self.name == TRUTH else f"labels of {self.name} (NO TRUTH)"

    @property
    def warning(self) -> str | None:
        """That the numbers are of no truth; None where they are."""
        if self.name == TRUTH:
            return None
        return (
            f"this is NO TRUTH: answers are held against the labels of the teacher '{self.name}', "
            "so errors are differences from it, and its own mistakes count against the others"
        )

    def pairings(
        self, sequence: Sequence, teachers: Several[str], convention: Convention
    ) -> list[Pairing]:
        """The pairs of neighbours that it and all `teachers` have labels of, all in one direction.

        From a sweep to the one before where there are any, else to the one after, which is the only
        direction of the published convention.
        """
        names = (self.name, *teachers)
        for step in (-1, 1) if convention == "newest" else (1,):
            labelled = [set(sequence.labelled(name)) for name in names]
            if found := set(sequence.neighbours(step)).intersection(*labelled):
                return sorted(found)
        return []

    def judged(self, sequence: Sequence, pairing: Pairing) -> JudgedSweep:
        """The source of a pair. Raises DataError for a damaged file.

        Ego motion is that of the pair's interval, over 0.1 s; where that is the last one, as if it
        went on.
        """
        source, target = (sequence.sweep(number) for number in pairing)
        earlier, later = sorted((source, target), key=lambda each: each.posed.sweep.stamp_ns)
        interval_s = sequence.seconds_between(pairing)
        motion = invert(later.posed.pose) @ earlier.posed.pose
        return JudgedSweep(
            f"{sequence.manifest.name}/{pairing.source:06d}",
            source,
            sequence.labels(self.name, pairing),
            interval_s,
            interpolate(np.eye(4), motion, INTERVAL_S / abs(interval_s)),
        )


def velocity_of(labels: PairLabels, interval_s: float) -> Points:
    """Float32 [N, 3] in m/s as time runs; 0 where not valid.

    `interval_s`: from source to target, negative where the target came before.
    """
    moved = np.where(labels.valid[:, None], labels.displacement, np.float32(0))
    return np.divide(moved, interval_s, dtype=np.float32)


def classes_of(class_id: npt.NDArray[np.uint8]) -> Classes:
    """PointClass uint8 [N] of `class_id` uint8 [N] of labels (FlowClass)."""
    return _CLASS_OF_STORED[class_id]
