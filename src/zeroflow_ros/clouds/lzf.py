# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""LZF, the byte compression inside of binary_compressed PCD files (Marc Lehmann's format)."""

from __future__ import annotations

from zeroflow_ros.clouds.columns import MalformedError


def lzf_decompress(packed: bytes, size: int) -> bytes:
    """Unpack LZF data to exactly `size` bytes. Raises MalformedError for data that does not fit.

    A control byte below 32 starts a run of literals; any other one copies from what was written
    already: 3 bits of length (7: a further byte follows) and 13 bits of distance.
    """
    out = bytearray()
    position, end = 0, len(packed)
    try:
        while position < end:
            control = packed[position]
            position += 1
            if control < 32:
                out += packed[position : position + control + 1]
                position += control + 1
                continue
            length = control >> 5
            if length == 7:
                length += packed[position]
                position += 1
            length += 2
            distance = ((control & 31) << 8) + packed[position] + 1
            position += 1
            start = len(out) - distance
            if start < 0:
                raise MalformedError("compressed data refers to before its beginning")
            if distance >= length:
                out += out[start : start + length]
            else:  # the copy reads what it writes: the last `distance` bytes over and over
                out += (out[start:] * (length // distance + 1))[:length]
            if len(out) > size:
                break
    except IndexError as error:
        raise MalformedError("compressed data is cut off") from error
    if len(out) != size:
        raise MalformedError(f"compressed data unpacks to {len(out)} bytes instead of {size}")
    return bytes(out)
