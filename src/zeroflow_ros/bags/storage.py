# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where messages come from: the storage files of a bag, opened whole or, when cut off, in part."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from zeroflow_ros.errors import BagError, pass_interrupt

STORAGE_SUFFIXES = (".mcap", ".db3")


class Topic(NamedTuple):
    """One topic of a bag; `definition` is the (format, text) of its type, empty where not kept."""

    name: str
    type: str
    message_count: int
    definition: tuple[str, str] = ("", "")
    qos: Sequence[Any] = ()


class Record(NamedTuple):
    """One message as it lies in the bag: `data` is CDR, `log_ns` the time it was recorded."""

    topic: str
    type: str
    log_ns: int
    data: bytes


class Damage(NamedTuple):
    """What could not be read of which file."""

    file: Path
    reason: str


class Source(Protocol):
    """A readable part of a bag; `damage` is None while it reads whole."""

    topics: list[Topic]
    damage: Damage | None

    def records(self, names: Collection[str]) -> Iterator[Record]:
        """Messages of these topics in recorded order; ends at damage instead of raising."""
        ...

    def close(self) -> None:
        """Release the files."""
        ...


class RosbagsSource:
    """An undamaged bag, folder or bare file, read with the `rosbags` package."""

    def __init__(self, path: Path) -> None:
        """Open `path`; raises whatever rosbags raises for a file it does not accept."""
        from rosbags.rosbag2 import Reader

        self.damage: Damage | None = None
        files = storage_files(path)
        self._file = files[0] if len(files) == 1 else path
        self._reader = Reader(path)
        self._reader.open()
        self.topics = [
            Topic(
                connection.topic,
                connection.msgtype,
                connection.msgcount,
                (connection.msgdef.format.name.lower(), connection.msgdef.data),
                getattr(connection.ext, "offered_qos_profiles", ()),
            )
            for connection in self._reader.connections
        ]

    def records(self, names: Collection[str]) -> Iterator[Record]:
        """Messages of these topics in recorded order; ends at damage instead of raising."""
        wanted = [c for c in self._reader.connections if c.topic in names]
        if not wanted:  # rosbags takes an empty selection for "all"
            return
        messages = self._reader.messages(wanted)
        while True:
            try:
                connection, log_ns, data = next(messages)
            except StopIteration:
                return
            except Exception as error:  # damaged bytes make the parsers raise anything
                pass_interrupt(error)
                self.damage = Damage(self._file, _reason(error))
                return
            yield Record(connection.topic, connection.msgtype, log_ns, data)

    def close(self) -> None:
        """Release the files."""
        if self._reader.is_open:
            self._reader.close()


def open_sources(path: Path) -> tuple[list[Source], str | None]:
    """Open a bag folder or a bare .mcap or .db3 file as (sources in order, note for the user).

    What rosbags refuses is read file by file, and damaged files as far as they go.
    Raises BagError when there is nothing to read, with the path and the cure.
    """
    _check_path(path)
    try:
        return [RosbagsSource(path)], None
    except Exception as error:  # any refusal leads to the file by file attempt
        pass_interrupt(error)
        refusal = _reason(error)
    files = storage_files(path)
    if not files:
        raise BagError(
            f"'{path}' is not a rosbag2 folder: it has no metadata.yaml and no .mcap or .db3 file"
            if not (path / "metadata.yaml").exists()
            else f"bag '{path}' cannot be read: {refusal}"
        )
    note = None
    if path.is_dir():
        note = (
            f"'{path.name}/metadata.yaml' is missing or does not fit; the storage files were read "
            f"without it (to repair: ros2 bag reindex {path})"
        )
    return [_open_file(file) for file in files], note


def storage_files(path: Path) -> list[Path]:
    """The storage files of a bag, in the order in which they were recorded (bag_2 < bag_10)."""
    if path.is_file():
        return [path]
    files = [file for file in path.iterdir() if file.suffix in STORAGE_SUFFIXES]
    return sorted(files, key=lambda file: [int(n) for n in re.findall(r"\d+", file.stem)])


def _check_path(path: Path) -> None:
    if not path.exists():
        raise BagError(f"bag '{path}' does not exist")
    if path.is_dir():
        return
    if path.suffix == ".bag":
        raise BagError(
            f"'{path}' is a ROS 1 bag; convert it first: "
            f"rosbags-convert --src {path} --dst {path.with_suffix('')}"
        )
    if path.suffix not in STORAGE_SUFFIXES:
        raise BagError(f"'{path}' is not a bag: give a rosbag2 folder, an .mcap or a .db3 file")


def _open_file(file: Path) -> Source:
    """Open one storage file, the readable part of it if it is damaged."""
    from zeroflow_ros.bags.salvage import salvage

    try:
        return RosbagsSource(file)
    except Exception as error:  # any refusal leads to the salvage attempt
        pass_interrupt(error)
        refusal = _reason(error)
    source = salvage(file)
    if source is None:
        raise BagError(
            f"bag file '{file}' is damaged or not a bag ({refusal}); "
            f"try: {repair_command(file)}, then ros2 bag reindex"
        )
    return source


def repair_command(file: Path) -> str:
    """The command that recovers what is left of a damaged storage file."""
    if file.suffix != ".db3":
        return f"mcap recover {file.name} -o recovered.mcap"
    return f"sqlite3 {file.name} .recover | sqlite3 recovered.db3"


def _reason(error: BaseException) -> str:
    """One line of what a library said."""
    text = " ".join(str(error).split()).rstrip(".")
    return text or type(error).__name__
