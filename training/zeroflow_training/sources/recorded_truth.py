# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""True flow that a bag brings along, as `zeroflow simulate` writes it, for the sequences of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zeroflow_ros.bags import BagReader
from zeroflow_ros.bags.reader import TRUTH_TOPIC
from zeroflow_ros.errors import BagError, CloudError
from zeroflow_ros.pointcloud2 import FlowColumns, read_cloud, read_flow
from zeroflow_training.sequences import TRUTH, Pairing, PairLabels, Sequence
from zeroflow_training.sources.summary import ImportSummary

OTHER_ROWS = "true flow of another number of points than its cloud has"


class _Place(NamedTuple):
    """Where the truth of a stamp belongs."""

    sequence: Sequence
    pairing: Pairing

    def write(self, flow: FlowColumns) -> None:
        """The velocity (m/s) leads from the sweep before, so that the way back is its negative.

        What is not in the sequence (NaN, in the crop box) has no truth there either.
        """
        stored = self.sequence.sweep(self.pairing.source).posed.sweep
        valid = flow.valid & np.isfinite(stored.points).all(1)
        stamps_ns = self.sequence.manifest.stamps_ns
        back_s = (stamps_ns[self.pairing.target] - stamps_ns[self.pairing.source]) * 1e-9
        displacement = np.where(valid[:, None], flow.velocity * np.float32(back_s), 0)
        labels = PairLabels(displacement, valid, report={"topic": TRUTH_TOPIC})
        labels.write(self.sequence.label_file(TRUTH, self.pairing))


def add_recorded_truth(reader: BagReader, folders: Iterable[Path], summary: ImportSummary) -> None:
    """Label each sweep of the sequences in `folders` towards the one before.

    Where the bag has the topic of true flow; labels that are there stay. Rows are those of the
    cloud of the same stamp; what is of other rows is counted as left out. Raises ZeroflowError
    where the file system refuses.
    """
    if TRUTH_TOPIC not in reader.topics:
        return
    places = _places(folders)
    for record in reader.records([TRUTH_TOPIC]):
        try:
            message = reader.decode(record)
            place = places.get(read_cloud(message).stamp_ns)
            flow = read_flow(message)
        except (BagError, CloudError) as error:
            summary.dropped[f"true flow: {error}"] += 1
            continue
        if place is None:
            continue
        if len(flow.valid) != place.sequence.manifest.points[place.pairing.source]:
            summary.dropped[OTHER_ROWS] += 1
            continue
        place.write(flow)
        summary.labels[TRUTH] += 1


def _places(folders: Iterable[Path]) -> dict[int, _Place]:
    """By stamp: the pairs of a sweep and the one before that have no truth yet."""
    return {
        sequence.manifest.stamps_ns[pairing.source]: _Place(sequence, pairing)
        for sequence in map(Sequence, folders)
        for pairing in sequence.neighbours(-1)
        if not sequence.label_file(TRUTH, pairing).exists()
    }
