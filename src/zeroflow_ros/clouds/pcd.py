# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PCD files of the Point Cloud Library: ascii, binary and binary_compressed."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zeroflow_ros.clouds.columns import MalformedError, check_length, table_of, xyz_of
from zeroflow_ros.clouds.lzf import lzf_decompress
from zeroflow_ros.geometry import Points

_KINDS = {"F": "f", "I": "i", "U": "u"}


@dataclass(frozen=True)
class _Header:
    """What the head of the file says; `formats[i]` is NumPy's name of field i's type."""

    names: list[str]
    formats: list[str]
    counts: list[int]
    points: int
    encoding: str
    data_start: int

    @property
    def point_step(self) -> int:
        return sum(np.dtype(f).itemsize * n for f, n in zip(self.formats, self.counts, strict=True))


def parse_pcd(data: bytes) -> Points:
    """Points float32 [N, 3] of a PCD file's bytes. Raises MalformedError."""
    header = _parse_header(data)
    body = data[header.data_start :]
    if header.encoding == "ascii":
        # a field of COUNT n takes n columns; only the first one carries its name
        names = [
            name if k == 0 else f"{name}[{k}]"
            for name, count in zip(header.names, header.counts, strict=True)
            for k in range(count)
        ]
        return xyz_of(table_of(body, names, header.points))
    if header.encoding == "binary":
        return xyz_of(_interleaved(body, header))
    if header.encoding == "binary_compressed":
        return xyz_of(_planar(body, header))
    raise MalformedError(f"DATA {header.encoding} is not known (ascii, binary, binary_compressed)")


def _parse_header(data: bytes) -> _Header:
    """Header of the file; MalformedError for a line that is missing or does not fit the others."""
    entries: dict[str, list[str]] = {}
    position = 0
    while "DATA" not in entries:
        end = data.find(b"\n", position)
        if end < 0:
            raise MalformedError("not a PCD file, or cut off in its header")
        line = data[position:end].decode("ascii", "replace").split("#")[0].split()
        position = end + 1
        if line:
            entries[line[0].upper()] = line[1:]
    try:
        names = entries["FIELDS"]
        sizes = [int(size) for size in entries["SIZE"]]
        kinds = [_KINDS[kind.upper()] for kind in entries["TYPE"]]
        counts = [int(count) for count in entries.get("COUNT", ["1"] * len(names))]
        extent = entries.get("POINTS") or ["1", *entries["WIDTH"], *entries["HEIGHT"]]
        points = math.prod(int(n) for n in extent)
        formats = [f"<{kind}{size}" for kind, size in zip(kinds, sizes, strict=True)]
        if not len(names) == len(formats) == len(counts) or points < 0 or min(counts) < 1:
            raise ValueError("FIELDS, SIZE, TYPE and COUNT do not fit each other")
        for format_ in formats:
            np.dtype(format_)
        return _Header(names, formats, counts, points, entries["DATA"][0].lower(), position)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise MalformedError(f"bad PCD header: {error}") from error


def _interleaved(body: bytes, header: _Header) -> dict[str, npt.NDArray[Any]]:
    """Columns of point after point."""
    step = header.point_step
    check_length(body, header.points * step, f"{header.points} points of {step} bytes")
    raw = np.frombuffer(body, np.uint8, header.points * step).reshape(header.points, step)
    columns: dict[str, npt.NDArray[Any]] = {}
    offset = 0
    for name, format_, count in zip(header.names, header.formats, header.counts, strict=True):
        size = np.dtype(format_).itemsize
        field = np.ascontiguousarray(raw[:, offset : offset + size])
        columns.setdefault(name, field.view(format_).reshape(header.points))
        offset += size * count
    return columns


def _planar(body: bytes, header: _Header) -> dict[str, npt.NDArray[Any]]:
    """Columns of field after field, packed with LZF."""
    check_length(body, 8, "the sizes of the compressed data")
    packed_size, size = struct.unpack_from("<II", body)
    check_length(body[8:], packed_size, "the compressed points")
    wanted = header.points * header.point_step
    if size < wanted:
        raise MalformedError(f"{size} bytes of data unpacked, {header.points} points need {wanted}")
    data = lzf_decompress(body[8 : 8 + packed_size], size) if size else b""
    columns: dict[str, npt.NDArray[Any]] = {}
    offset = 0
    for name, format_, count in zip(header.names, header.formats, header.counts, strict=True):
        values = np.frombuffer(data, format_, header.points * count, offset)
        columns.setdefault(name, values.reshape(header.points, count)[:, 0])
        offset += values.nbytes
    return columns
