# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ModelFlow: a model's flow of a sequence, as on a vehicle or in the published convention."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from collections.abc import Sequence as Several
from dataclasses import dataclass, replace
from pathlib import Path

from zeroflow_ros.estimator import FlowEstimator, PairEstimator
from zeroflow_ros.flow import Flow
from zeroflow_ros.geometry import invert, transform_points
from zeroflow_ros.levelling import KnownLevelling
from zeroflow_ros.model import find_model, load_card
from zeroflow_training.comparison.reference import Answered, Convention
from zeroflow_training.sequences import Pairing, Sequence


@dataclass(frozen=True)
class ModelFlow:
    """`threads` to compute with; None = all usable cores."""

    name: str
    path: Path
    convention: Convention = "newest"
    threads: int | None = None

    @staticmethod
    def of(
        model: str | None, convention: Convention = "newest", threads: int | None = None
    ) -> ModelFlow:
        """A bundled model by its name (None: the default) or a file; raises ModelError."""
        path = find_model(model)
        load_card(path)
        return ModelFlow(path.stem, path, convention, threads)

    @property
    def identity(self) -> str:
        """The file's content, and how it is asked."""
        return f"model {hashlib.sha256(self.path.read_bytes()).hexdigest()}, {self.convention}"

    def flows(
        self, sequence: Sequence, pairings: Several[Pairing]
    ) -> Iterator[tuple[Pairing, Answered]]:
        """See Answer. All pairs go in one direction of time."""
        if self.convention == "published":
            return self._published(sequence, pairings)
        return self._newest(sequence, pairings)

    def _newest(
        self, sequence: Sequence, pairings: Several[Pairing]
    ) -> Iterator[tuple[Pairing, Answered]]:
        """Every sweep as it comes on a vehicle, poses and mounting known.

        Time runs backwards, last sweep first and with mirrored stamps, where targets come after
        their sources: the source then is the newest sweep, and what it was is where it goes.
        """
        estimator = FlowEstimator(
            self.path,
            levelling=KnownLevelling(sequence.sensor_to_level),
            deskew=False,  # a sequence is deskewed
            threads=self.threads,
        )
        wanted = {pairing.source: pairing for pairing in pairings}
        step = pairings[0].source - pairings[0].target  # as sweeps are shown
        stamps_ns = sequence.manifest.stamps_ns
        for number in range(len(sequence))[::step]:
            posed = sequence.sweep(number).posed
            # Without extras: points' times do not run backwards.
            stamp_ns = stamps_ns[number] if step > 0 else stamps_ns[-1] - stamps_ns[number]
            seen = replace(posed.sweep, stamp_ns=stamp_ns, extras={})
            flow = estimator.update(seen, posed.pose)
            if number in wanted:
                yield wanted[number], _answered(flow, step)

    def _published(
        self, sequence: Sequence, pairings: Several[Pairing]
    ) -> Iterator[tuple[Pairing, Answered]]:
        """Two sweeps, whatever the model's history; the source towards the one after it."""
        estimator = PairEstimator(self.path, threads=self.threads)
        for pairing in pairings:
            source, target = (sequence.sweep(number).posed for number in pairing)
            seen = transform_points(invert(source.pose) @ target.pose, target.sweep.points)
            interval_s = sequence.seconds_between(pairing)
            flow = estimator.flow(source.sweep.points, seen, interval_s)
            yield pairing, _answered(flow, 1)


def _answered(flow: Flow, direction: int) -> Answered:
    """`direction` -1: of a sweep that was shown with time running backwards."""
    return Answered(0 + direction * flow.velocity, flow.valid)
