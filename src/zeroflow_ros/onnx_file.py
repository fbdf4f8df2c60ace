# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""OnnxFile: metadata and checksum of an ONNX file, read from its bytes without any ONNX package.

A vehicle with TensorRT has neither `onnx` nor ONNX Runtime, yet must read a model's card before it
builds an engine. Only the outermost level of the protobuf (ModelProto) is walked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from zeroflow_ros.errors import ModelError

_GRAPH, _METADATA = 7, 14  # field numbers of ModelProto (onnx.proto)
_KEY, _VALUE = 1, 2  # field numbers of StringStringEntryProto
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_ARCHIVE = b"PK\x03\x04"  # how a zip begins, which a checkpoint of PyTorch is


@dataclass(frozen=True)
class OnnxFile:
    """`metadata` as written by the exporter; `graph_sha256` of the graph with its weights, hex."""

    metadata: Mapping[str, str]
    graph_sha256: str


def read_onnx(path: Path) -> OnnxFile:
    """Read an ONNX file's metadata. Raises ModelError for a missing, foreign or truncated file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"model {path}: cannot be read ({error.strerror})") from error
    if content.startswith(_ARCHIVE):
        raise ModelError(
            f"model {path}: a checkpoint, no ONNX file: make one of it by "
            f"`zeroflow export {path} -o {path.stem}.onnx`"
        )
    metadata: dict[str, str] = {}
    digest = None
    try:
        for number, value in _fields(memoryview(content)):
            if number == _GRAPH:
                digest = hashlib.sha256(value).hexdigest()
            elif number == _METADATA:
                entry = dict(_fields(value))
                metadata[_text(entry[_KEY])] = _text(entry.get(_VALUE, memoryview(b"")))
    except (ValueError, IndexError, KeyError, UnicodeDecodeError) as error:
        raise ModelError(f"model {path}: not a complete ONNX file ({error})") from error
    if digest is None:
        raise ModelError(f"model {path}: not an ONNX file (it holds no graph)")
    return OnnxFile(metadata, digest)


def with_metadata(content: bytes, entries: Mapping[str, str]) -> bytes:
    """ONNX bytes with metadata appended: protobuf merges repeated fields on concatenation."""
    extra = bytearray()
    for key, value in entries.items():
        entry = _field(_KEY, key.encode()) + _field(_VALUE, value.encode())
        extra += _field(_METADATA, entry)
    return content + bytes(extra)


def _text(value: memoryview) -> str:
    return bytes(value).decode()


def _fields(view: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Each (field number, content) of one protobuf message; numbers give an empty content."""
    at = 0
    while at < len(view):
        key, at = _read_varint(view, at)
        number, wire = key >> 3, key & 7
        if wire == _BYTES:
            length, at = _read_varint(view, at)
            end = at + length
        elif wire == _VARINT:
            length, (_, end) = 0, _read_varint(view, at)
        elif wire in (_FIXED64, _FIXED32):
            length, end = 0, at + (8 if wire == _FIXED64 else 4)
        else:
            raise ValueError(f"unknown wire type {wire} at byte {at}")
        if end > len(view) or number == 0:
            raise ValueError(f"it ends or breaks at byte {min(end, len(view))}")
        yield number, view[at : at + length]
        at = end


def _read_varint(view: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError(f"a number at byte {at} has no end")


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
