# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sequences: the one format that every recording is converted to and every stage reads.

    DATA/NAME/manifest.json                              what it is, and the stamp of every sweep
    DATA/NAME/sweeps/000007.npz                          points, pose, ground, other columns
    DATA/NAME/labels/TEACHER/000007_000008.npz           flow of sweep 7 towards sweep 8

A folder with a manifest is complete: it gets its name when all of it is written.
"""

from zeroflow_training.sequences.classes import FlowClass
from zeroflow_training.sequences.labels import TRUTH, Pairing, PairLabels
from zeroflow_training.sequences.manifest import Manifest
from zeroflow_training.sequences.sequence import Sequence, StoredSweep, find_sequences
from zeroflow_training.sequences.writer import Origin, SequenceWriter

__all__ = [
    "TRUTH",
    "FlowClass",
    "Manifest",
    "Origin",
    "PairLabels",
    "Pairing",
    "Sequence",
    "SequenceWriter",
    "StoredSweep",
    "find_sequences",
]
