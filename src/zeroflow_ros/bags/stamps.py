# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Header stamps of serialized messages, read and written without decoding the rest."""

from __future__ import annotations

import struct

from zeroflow_ros.errors import BagError

# CDR of every message that begins with a Header: 4 bytes encapsulation, then sec and nanosec.
_STAMP_AT = 4


def stamp_of(data: bytes) -> int:
    """Header stamp (ns) of a serialized message. Raises BagError for bytes too few."""
    if len(data) < _STAMP_AT + 8:
        raise BagError(f"a message of {len(data)} bytes has no header")
    seconds, nanoseconds = struct.unpack_from(_format(data), data, _STAMP_AT)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


def restamp(data: bytes, stamp_ns: int) -> bytes:
    """The serialized message with another header stamp."""
    stamp = struct.pack(_format(data), *divmod(stamp_ns, 1_000_000_000))
    return data[:_STAMP_AT] + stamp + data[_STAMP_AT + 8 :]


def _format(data: bytes) -> str:
    return "<iI" if data[1] & 1 else ">iI"
