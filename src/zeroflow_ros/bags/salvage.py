# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is left of a damaged storage file: a killed recorder, a full disk, a broken copy.

The index of both formats stands at the end or is rebuilt on close, so libraries refuse such files
as a whole, although nearly all of the recording is there.
"""

from __future__ import annotations

import sqlite3
import struct
from collections import Counter
from collections.abc import Collection, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from zeroflow_ros.bags.storage import Damage, Record, Source, Topic
from zeroflow_ros.errors import pass_interrupt

MCAP_MAGIC = b"\x89MCAP0\r\n"
_SCHEMA, _CHANNEL, _MESSAGE, _CHUNK, _DATA_END = 0x03, 0x04, 0x05, 0x06, 0x0F
_FORMATS = {"ros2msg": "msg", "ros2idl": "idl", "omgidl": "idl"}


def salvage(file: Path) -> Source | None:
    """The readable part of a damaged .mcap or .db3 file, or None when not one message is left."""
    source: SalvagedMcap | SalvagedSqlite
    source = SalvagedMcap(file) if file.suffix == ".mcap" else SalvagedSqlite(file)
    return source if any(topic.message_count for topic in source.topics) else None


class _CutOffError(Exception):
    """The file ends, or stops making sense, here."""


class SalvagedMcap:
    """An MCAP file read from front to back as far as it goes, without its index."""

    def __init__(self, path: Path) -> None:
        """Scan the file once for topics and counts."""
        self.path = path
        self.damage: Damage | None = None
        self._channels: dict[int, Topic] = {}
        counts = Counter(channel for channel, _, _ in self._messages())
        self.topics = [t._replace(message_count=counts[id_]) for id_, t in self._channels.items()]
        if self.damage is None:
            self.damage = Damage(path, "the index at the end is missing")

    def records(self, names: Collection[str]) -> Iterator[Record]:
        """Messages of these topics in recorded order, up to the damage."""
        for channel, log_ns, data in self._messages():
            topic = self._channels[channel]
            if topic.name in names:
                yield Record(topic.name, topic.type, log_ns, data)

    def close(self) -> None:
        """Nothing is held open between calls."""

    def _messages(self) -> Iterator[tuple[int, int, bytes]]:
        """(channel, log time, data) of every message that is there in full."""
        schemas: dict[int, tuple[str, tuple[str, str]]] = {}
        with self.path.open("rb") as stream:
            if stream.read(8) != MCAP_MAGIC:
                self.damage = Damage(self.path, "not an MCAP file")
                return
            try:
                for op, body in _flat_records(stream, self.path.stat().st_size):
                    if op == _SCHEMA:
                        _read_schema(body, schemas)
                    elif op == _CHANNEL:
                        _read_channel(body, schemas, self._channels)
                    elif op == _MESSAGE:
                        channel, _, log_ns = struct.unpack_from("<HIQ", body)
                        if channel in self._channels:
                            yield channel, log_ns, body[22:]
            except Exception as error:  # damaged bytes make the parsers raise anything
                pass_interrupt(error)
                self.damage = Damage(self.path, str(error))


def _flat_records(stream: BinaryIO, size: int) -> Iterator[tuple[int, bytes]]:
    """MCAP records of the data section in file order, those inside of chunks unpacked."""
    while head := stream.read(9):
        if len(head) == 9 and head[0] == _DATA_END:
            return
        length = struct.unpack("<Q", head[1:])[0] if len(head) == 9 else size
        if length > size - stream.tell():
            at = stream.tell() - len(head)
            raise _CutOffError(f"cut off at byte {at} of {size}")
        body = stream.read(length)
        if head[0] == _CHUNK:
            unpacked = _unpack_chunk(body)
            yield from _flat_records(BytesIO(unpacked), len(unpacked))
        else:
            yield head[0], body


def _unpack_chunk(body: bytes) -> bytes:
    """Records inside of a chunk record."""
    stream = BytesIO(body)
    stream.seek(28)  # times, size and checksum are not needed to read on
    method = _string(stream)
    (length,) = struct.unpack("<Q", stream.read(8))
    packed = stream.read(length)
    if method == "zstd":
        return _zstd_decompress(packed)
    if method == "lz4":
        from lz4.frame import decompress  # type: ignore[import-untyped]

        return bytes(decompress(packed))
    return packed


def _zstd_decompress(packed: bytes) -> bytes:
    try:
        from compression import zstd  # type: ignore[import-not-found]  # Python 3.14
    except ImportError:
        from backports import zstd  # installed with rosbags
    return bytes(zstd.decompress(packed))


def _read_schema(body: bytes, schemas: dict[int, tuple[str, tuple[str, str]]]) -> None:
    (key,) = struct.unpack_from("<H", body)
    stream = BytesIO(body[2:])
    name, encoding, text = _string(stream), _string(stream), _string(stream)
    schemas[key] = name, (_FORMATS.get(encoding, ""), text)


def _read_channel(
    body: bytes, schemas: dict[int, tuple[str, tuple[str, str]]], channels: dict[int, Topic]
) -> None:
    key, schema = struct.unpack_from("<HH", body)
    type_, definition = schemas.get(schema, ("", ("", "")))
    channels.setdefault(key, Topic(_string(BytesIO(body[4:])), type_, 0, definition))


def _string(stream: BinaryIO) -> str:
    (length,) = struct.unpack("<I", stream.read(4))
    return stream.read(length).decode()


class SalvagedSqlite:
    """A sqlite3 bag read row by row until the first page that is missing or broken."""

    def __init__(self, path: Path) -> None:
        """Scan the file once for topics and counts."""
        self.path = path
        self.damage: Damage | None = None
        self._names: dict[int, Topic] = {}
        counts = Counter(row[0] for row in self._rows())
        self.topics = [t._replace(message_count=counts[id_]) for id_, t in self._names.items()]
        if self.damage is None:
            self.damage = Damage(path, "its index is damaged")

    def records(self, names: Collection[str]) -> Iterator[Record]:
        """Messages of these topics in recorded order, up to the damage."""
        for topic_id, log_ns, data in self._rows():
            topic = self._names.get(topic_id)
            if topic is not None and topic.name in names:
                yield Record(topic.name, topic.type, log_ns, data)

    def close(self) -> None:
        """Nothing is held open between calls."""

    def _rows(self) -> Iterator[tuple[int, int, bytes]]:
        """(topic id, log time, data) in row order: the time index may lie in the lost part."""
        try:
            where = self.path.absolute().as_uri()  # '?', '#' and '%' in a name are escaped
            database = sqlite3.connect(f"{where}?immutable=1", uri=True)
            try:
                # Without this, sqlite refuses a file shorter than its header says.
                database.execute("PRAGMA writable_schema = ON")
                for id_, name, type_ in database.execute("SELECT id, name, type FROM topics"):
                    self._names.setdefault(id_, Topic(name, type_, 0))
                yield from database.execute("SELECT topic_id, timestamp, data FROM messages")
            finally:
                database.close()
        except sqlite3.Error as error:
            self.damage = Damage(self.path, str(error))
