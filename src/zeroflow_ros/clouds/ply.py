# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PLY files: ascii and binary of either byte order, scalar properties in any order."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from zeroflow_ros.clouds.columns import MalformedError, check_length, table_of, xyz_of
from zeroflow_ros.geometry import Points

_TYPES = {
    **{"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"},
    **{"int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4"},
    **{"float": "f4", "double": "f8", "float32": "f4", "float64": "f8"},
}
_ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": ""}


@dataclass
class _Element:
    """A table of the file: its rows and its (name, NumPy type) columns; lists have type ''."""

    name: str
    rows: int
    properties: list[tuple[str, str]] = field(default_factory=list)

    def dtype(self, order: str) -> np.dtype[np.void]:
        if any(not type_ for _, type_ in self.properties):
            raise MalformedError(f"element '{self.name}' has list properties, which are not read")
        return np.dtype([(name, order + type_) for name, type_ in self.properties])


def parse_ply(data: bytes) -> Points:
    """Points float32 [N, 3] of a PLY file's bytes: its `vertex` element. Raises MalformedError."""
    order, elements, start = _parse_header(data)
    names = [element.name for element in elements]
    if "vertex" not in names:
        raise MalformedError(f"no element 'vertex', only: {', '.join(names) or 'none'}")
    before, vertex = elements[: names.index("vertex")], elements[names.index("vertex")]
    if not order:
        first = sum(element.rows for element in before)
        lines = data[start:].splitlines()[first : first + vertex.rows]
        vertex.dtype("<")  # refuses lists
        columns = [name for name, _ in vertex.properties]
        return xyz_of(table_of(b"\n".join(lines), columns, vertex.rows))
    start += sum(element.dtype(order).itemsize * element.rows for element in before)
    dtype = vertex.dtype(order)
    body = data[start:]
    check_length(body, vertex.rows * dtype.itemsize, f"{vertex.rows} points")
    if not vertex.properties:
        raise MalformedError("element 'vertex' has no properties")
    rows = np.frombuffer(body, dtype, vertex.rows)
    return xyz_of({name: rows[name] for name, _ in vertex.properties})


def _parse_header(data: bytes) -> tuple[str, list[_Element], int]:
    """(byte order, '' for ascii; elements in file order; where the data begins)."""
    if not data.startswith(b"ply"):
        raise MalformedError("not a PLY file (it does not begin with 'ply')")
    order: str | None = None
    elements: list[_Element] = []
    position = 0
    while True:
        end = data.find(b"\n", position)
        if end < 0:
            raise MalformedError("cut off in its header")
        words = data[position:end].decode("ascii", "replace").split()
        position = end + 1
        try:
            match words:
                case ["end_header"]:
                    break
                case ["format", name, *_]:
                    order = _ORDERS[name]
                case ["element", name, rows]:
                    elements.append(_Element(name, int(rows)))
                case ["property", "list", *_, name]:
                    elements[-1].properties.append((name, ""))
                case ["property", type_, name]:
                    elements[-1].properties.append((name, _TYPES[type_]))
        except (KeyError, ValueError, IndexError) as error:
            raise MalformedError(f"bad header line '{' '.join(words)}'") from error
    if order is None or any(element.rows < 0 for element in elements):
        raise MalformedError("bad header: no format line, or a negative count")
    return order, elements, position
