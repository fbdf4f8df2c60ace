# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Columns by name -> points: what all formats share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import Points


class MalformedError(Exception):
    """What is wrong with the bytes of a cloud; the reader adds the file's name."""


def xyz_of(columns: Mapping[str, npt.NDArray[Any]]) -> Points:
    """Float32 [N, 3] of the columns x, y, z [N]; MalformedError when one is missing."""
    missing = [axis for axis in "xyz" if axis not in columns]
    if missing:
        raise MalformedError(
            f"no {', '.join(missing)} among its fields: {', '.join(columns) or 'none'}"
        )
    points = np.empty((len(columns["x"]), 3), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # beyond float32 is out of any lidar's range
        for k, axis in enumerate("xyz"):
            points[:, k] = columns[axis]
    return points


def table_of(text: bytes, names: list[str], rows: int) -> dict[str, npt.NDArray[Any]]:
    """Columns of a text table of numbers, `rows` x len(names); MalformedError when it is short."""
    tokens = text.split()
    wanted = rows * len(names)
    if len(tokens) < wanted:
        raise MalformedError(f"cut off: {len(tokens)} numbers, {rows} points need {wanted}")
    try:
        table = np.array(tokens[:wanted], dtype=np.bytes_).astype(np.float64)
    except ValueError as error:
        raise MalformedError(f"not a number in the data: {error}") from error
    table = table.reshape(rows, len(names))
    return {name: table[:, k] for k, name in enumerate(names)}


def check_length(data: bytes, wanted: int, what: str) -> None:
    """MalformedError unless there are at least `wanted` bytes."""
    if len(data) < wanted:
        raise MalformedError(f"cut off: {len(data)} bytes of data, {what} need {wanted}")
