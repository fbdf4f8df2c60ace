# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""BagWriter: a new MCAP bag that appears under its name only when it is complete."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeroflow_ros.bags.messages import jazzy
from zeroflow_ros.bags.storage import STORAGE_SUFFIXES, storage_files
from zeroflow_ros.errors import BagError

if TYPE_CHECKING:
    from rosbags.interfaces import Connection
    from rosbags.typesys.store import Typestore


class BagWriter:
    """Writes MCAP with zstd chunks: a rosbag2 folder, or a bare file for a path that ends in .mcap.

    Use as a context manager. Everything goes to a hidden folder beside the target, which is renamed
    at the end; after an exception or Ctrl-C nothing is left behind. Raises BagError.
    """

    def __init__(
        self, path: str | Path, *, overwrite: bool = False, source: Path | None = None
    ) -> None:
        """Check the target; `source` is the bag being read, which must not be overwritten."""
        self.path = Path(path)
        self.overwrite = overwrite
        _check_target(self.path, overwrite, source)
        self._connections: dict[str, Connection] = {}

    def __enter__(self) -> BagWriter:
        from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

        with self._os_errors():
            folder = self.path.parent
            folder.mkdir(parents=True, exist_ok=True)
            self._scratch = Path(tempfile.mkdtemp(prefix=f".{self.path.name}.", dir=folder))
        # rosbags names the storage file after its folder, so the folder has the final name already
        self._writer = Writer(
            self._scratch / self.path.stem if self._bare else self._scratch / self.path.name,
            version=9,
            storage_plugin=StoragePlugin.MCAP,
        )
        self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        try:
            with self._os_errors():
                self._writer.open()
        except BaseException:
            self._discard()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                with self._os_errors():
                    self._writer.close()
                    self._publish()
        finally:
            self._discard()

    def add_topic(
        self, name: str, type_: str, typestore: Typestore | None = None, qos: Sequence[Any] = ()
    ) -> None:
        """Announce a topic; `typestore` defines its type (default Jazzy), `qos` as recorded."""
        with self._os_errors():
            self._connections[name] = self._writer.add_connection(
                name, type_, typestore=typestore or jazzy(), offered_qos_profiles=qos
            )

    def write(self, name: str, log_ns: int, data: bytes | memoryview) -> None:
        """Write a serialized message (CDR) of an announced topic."""
        with self._os_errors():
            self._writer.write(self._connections[name], log_ns, data)

    def write_message(self, name: str, log_ns: int, message: Any) -> None:
        """Serialize and write a message of an announced topic."""
        connection = self._connections[name]
        self.write(name, log_ns, jazzy().serialize_cdr(message, connection.msgtype))

    @property
    def _bare(self) -> bool:
        return self.path.suffix == ".mcap"

    def _publish(self) -> None:
        """Rename the finished bag to its name; a bag that is replaced goes last."""
        written = self._writer.path
        finished = written / f"{written.name}.mcap" if self._bare else written
        replaced = self._scratch / "replaced"
        if self.path.exists():
            if not self.overwrite:
                raise BagError(f"'{self.path}' was created by someone else meanwhile; not replaced")
            self.path.rename(replaced)
        try:
            finished.rename(self.path)
        except BaseException:
            if replaced.exists():
                replaced.rename(self.path)
            raise

    def _discard(self) -> None:
        with suppress(Exception):  # closing flushes, which fails again on a full disk
            self._writer.abort()
        shutil.rmtree(self._scratch, ignore_errors=True)

    @contextmanager
    def _os_errors(self) -> Iterator[None]:
        """Turn what the file system says into one line for people."""
        try:
            yield
        except OSError as error:
            cure = "free some space there" if error.errno == errno.ENOSPC else "check the folder"
            raise BagError(
                f"cannot write bag '{self.path}': {error.strerror or error}; {cure}, "
                "nothing was left behind"
            ) from error


def _check_target(path: Path, overwrite: bool, source: Path | None) -> None:
    """Refuse a target that would destroy something."""
    if path.suffix in STORAGE_SUFFIXES and path.suffix != ".mcap":
        raise BagError(f"'{path}': bags are written as MCAP; end the name in .mcap or in nothing")
    if source is not None and source.exists():
        target, read = path.resolve(), source.resolve()
        if target == read or target in read.parents or read in target.parents:
            raise BagError(f"the output '{path}' would overwrite the input '{source}'")
    if not path.exists():
        return
    if not overwrite:
        raise BagError(f"'{path}' exists already; choose another name or add --overwrite")
    if path.is_dir() and not (path / "metadata.yaml").exists() and not storage_files(path):
        raise BagError(f"'{path}' is not a bag and will not be overwritten")
