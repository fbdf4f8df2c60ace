# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""EngineCache: plans that took minutes to build, kept on disk for all that they depend on."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

from zeroflow_ros.engines import Say, to_stderr
from zeroflow_ros.engines.cuda_driver import Gpu
from zeroflow_ros.engines.file_lock import file_lock
from zeroflow_ros.errors import EngineError, ZeroflowError
from zeroflow_ros.files import written_atomically

VARIABLE = "ZEROFLOW_CACHE"

_SHA256_BYTES = 32

Shape = tuple[int, ...]
T = TypeVar("T")


def cache_folder(chosen: Path | None = None) -> Path:
    """`chosen`, else $ZEROFLOW_CACHE, else `zeroflow` in the user's cache folder (XDG).

    Nothing is made yet. Raises EngineError where there is no home.
    """
    named = chosen or os.environ.get(VARIABLE)
    try:
        if named:
            return Path(named).expanduser().absolute()
        home = Path(os.environ.get("XDG_CACHE_HOME", ""))
        return (home if home.is_absolute() else Path.home() / ".cache") / "zeroflow"
    except RuntimeError as error:  # a user without a home, as in containers and services
        raise EngineError(
            f"engine cache: this user has no home folder: set {VARIABLE} to a folder"
        ) from error


@dataclass(frozen=True)
class EngineKey:
    """All that an engine depends on: if any of it differs, it is another engine.

    `onnx_sha256`: hex, of the model's file; `library`: name and version of what builds;
    `profile`: smallest, usual and largest shape of each input; `options`: names and values of
    whatever else changes the build. `model` names the files, for people.
    Of the GPU its index does not count, nor its memory, of which each boot may leave another part;
    its multiprocessors do: a Jetson has fewer in its economical power modes.
    """

    onnx_sha256: str
    library: str
    gpu: Gpu
    profile: Mapping[str, tuple[Shape, Shape, Shape]]
    options: tuple[tuple[str, str], ...] = ()
    model: str = "engine"

    def to_json(self) -> str:
        """What counts, as one line of JSON: the same for equal keys."""
        builder = _builder(self.library, self.gpu)
        model = {"onnx_sha256": self.onnx_sha256, "profile": dict(self.profile)}
        return json.dumps(builder | model | {"options": sorted(self.options)}, sort_keys=True)

    @property
    def digest(self) -> str:
        """SHA-256 of what counts, hex."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @property
    def stem(self) -> str:
        """Of the names of its files."""
        return f"{_plain(self.model)}-{self.digest[:16]}"

    @property
    def timing_stem(self) -> str:
        """Of the timing cache: measurements of one library on one kind of GPU serve all models."""
        builder = json.dumps(_builder(self.library, self.gpu), sort_keys=True)
        digest = hashlib.sha256(builder.encode()).hexdigest()
        return f"timing-{_plain(self.gpu.name)}-{digest[:16]}"


@dataclass(frozen=True)
class Built:
    """An engine as built: `report` is kept beside the plan, as JSON."""

    plan: bytes
    timing_cache: bytes = b""
    report: Mapping[str, object] = field(default_factory=dict)


class EngineCache:
    """Plans in a folder, shared by all processes that can reach it.

    No clock and no lock decides what is a plan: a plan holds if it has the checksum of its record,
    and both appear whole or not at all. Locks only save work, and a folder without them, or one
    that can only be read, serves as well. `say` is told, in one line each, what is built and what
    is waited for.
    """

    def __init__(self, folder: Path, say: Say = to_stderr) -> None:
        self.folder = folder
        self._say = say

    def open(
        self, key: EngineKey, build: Callable[[bytes], Built], load: Callable[[bytes], T]
    ) -> T:
        """What `load` makes of the stored plan, or else of the one that `build` makes now.

        `build` gets the timing cache of earlier builds, empty if there is none. It is called at
        most once, and what it makes is stored only if `load` takes it: a plan that is damaged, or
        at which `load` raises EngineError, is replaced. Raises EngineError: that of `build`, or
        because the new plan does not load either, or cannot be stored.
        """
        try:
            return load(self._plan(key))
        except EngineError as error:
            self._say(f"engine of {key.model}: {error}; it is built now, which takes minutes")
        with self._locked(key.stem, f"engine of {key.model}"):
            with suppress(EngineError):
                return load(self._plan(key))  # another process has built it meanwhile
            return self._build(key, build, load)

    def record(self, key: EngineKey) -> dict[str, Any]:
        """What is kept beside a plan: `report` of its build, `plan_bytes`, `built` (UTC), ...

        Raises EngineError if there is none, or none that holds.
        """
        path = self._file(key.stem, "json")
        try:
            record: dict[str, Any] = json.loads(path.read_bytes())
            holds = record["key"] == json.loads(key.to_json())
        except FileNotFoundError as error:
            raise EngineError(f"none in '{self.folder}' yet") from error
        except OSError as error:
            raise EngineError(f"'{path}' cannot be read ({error.strerror})") from error
        except (ValueError, TypeError, LookupError, RecursionError):
            holds = False
        if not holds:
            raise EngineError(f"'{path}' is damaged")
        return record

    def _plan(self, key: EngineKey) -> bytes:
        """The stored plan. Raises EngineError if there is none, or none that holds."""
        checksum = self.record(key).get("plan_sha256")
        path = self._file(key.stem, "plan")
        try:
            plan = path.read_bytes()
        except OSError as error:
            raise EngineError(f"'{path}' cannot be read ({error.strerror})") from error
        if hashlib.sha256(plan).hexdigest() != checksum:
            raise EngineError(f"'{path}' is damaged")
        return plan

    def _build(
        self, key: EngineKey, build: Callable[[bytes], Built], load: Callable[[bytes], T]
    ) -> T:
        """One build at a time for a kind of GPU: two would spoil what each other measures."""
        with self._locked(key.timing_stem, f"engine of {key.model}"):
            built = build(self._timing_cache(key))
            try:
                engine = load(built.plan)
            except EngineError as error:
                raise EngineError(
                    f"engine of {key.model}: newly built, and does not work ({error}). "
                    f"Clear the cache and try again: rm -r '{self.folder}'"
                ) from error
            self._store(key, built)
        return engine

    def _store(self, key: EngineKey, built: Built) -> None:
        """Plan before record: without its record, a plan is none."""
        record = {
            "model": key.model,
            "key": json.loads(key.to_json()),
            "plan_sha256": hashlib.sha256(built.plan).hexdigest(),
            "plan_bytes": len(built.plan),
            "built": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "report": dict(built.report),
        }
        text = json.dumps(record, indent=2)
        self._write(self._file(key.stem, "plan"), built.plan)
        self._write(self._file(key.stem, "json"), text.encode())
        if built.timing_cache:
            digest = hashlib.sha256(built.timing_cache).digest()
            try:
                self._write(self._file(key.timing_stem, "cache"), digest + built.timing_cache)
            except EngineError as error:  # the engine is stored all the same
                self._say(f"the next build will take as long as this one: {error}")

    def _timing_cache(self, key: EngineKey) -> bytes:
        """That of earlier builds, whole or empty: its reader is native code."""
        try:
            content = self._file(key.timing_stem, "cache").read_bytes()
        except OSError:
            return b""
        digest, timings = content[:_SHA256_BYTES], content[_SHA256_BYTES:]
        return timings if hashlib.sha256(timings).digest() == digest else b""

    def _file(self, stem: str, ending: str) -> Path:
        return self.folder / f"{stem}.{ending}"

    @contextmanager
    def _locked(self, stem: str, purpose: str) -> Iterator[None]:
        """Hold the lock of the files of a stem; what killed builds have left of them goes."""
        with ExitStack() as stack:
            with self._writing():
                lock = file_lock(self._file(stem, "lock"), purpose, self._say)
                held = stack.enter_context(lock)
            # Without the lock, it may be what another process writes at this moment.
            leftovers = self.folder.glob(f".{stem}.*") if held else ()
            for leftover in leftovers:
                with suppress(OSError):  # another user's
                    leftover.unlink(missing_ok=True)
            yield

    def _write(self, path: Path, content: bytes) -> None:
        """Write through to the disk: vehicles are switched off at any moment."""
        with self._writing(), written_atomically(path) as scratch, scratch.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except ZeroflowError as error:
            raise EngineError(
                f"engine cache: {error}. Set {VARIABLE} to a folder that can be written, "
                "on a disk with room"
            ) from error


def _builder(library: str, gpu: Gpu) -> dict[str, object]:
    """What builds and measures."""
    return {
        "library": library,
        "gpu": gpu.name,
        "compute_capability": gpu.compute_capability,
        "multiprocessors": gpu.multiprocessors,
        "driver": gpu.driver,
    }


def _plain(name: str) -> str:
    """A name made fit for a file's."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:60] or "engine"
