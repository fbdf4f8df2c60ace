# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Real processes that share an engine cache: they start together, are killed, and fill the disk."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zeroflow_ros.engines.cuda_driver import Gpu
from zeroflow_ros.engines.engine_cache import Built, EngineCache, EngineKey

# Stops where its second argument says until it reads a line, and tells all that it does. Each
# process would build a plan of its own.
SCRIPT = """
import hashlib, os, signal, sys
from pathlib import Path
from zeroflow_ros.engines.cuda_driver import Gpu
from zeroflow_ros.engines.engine_cache import Built, EngineCache, EngineKey
from zeroflow_ros.errors import EngineError

signal.signal(signal.SIGINT, signal.default_int_handler)  # in jobs of the background as well
folder, stop, model = sys.argv[1:]
tell = lambda text: print(text, flush=True)
replace, sync = Path.replace, os.fsync

def halt(where):
    if stop == where:
        tell(f"stopped: {where}")
        sys.stdin.readline()

def build(timing_cache):
    tell(f"builds with {timing_cache!r}")
    halt("build")
    return Built(os.urandom(40_000), b"timings", {})

def fsync(handle):
    os.truncate(handle, os.fstat(handle).st_size // 2)  # as far as the disk has got
    halt("write")
    sync(handle)

def rename(scratch, target):
    if target.suffix == ".json":
        halt("between")
    return replace(scratch, target)

Path.replace = rename
if stop == "write":
    os.fsync = fsync
key = EngineKey(model * 64, "tensorrt 10.3.0", Gpu(0, "Orin", (8, 7), 16, 1 << 36, 12060), {})
try:
    tell(EngineCache(Path(folder), tell).open(key, build, lambda p: hashlib.sha256(p).hexdigest()))
except EngineError as error:
    tell(f"error: {error}")
"""
GPU = Gpu(0, "Orin", (8, 7), 16, 1 << 36, 12060)
KEY = EngineKey("a" * 64, "tensorrt 10.3.0", GPU, {})

Start = Callable[..., "Process"]


class Process:
    """One process of SCRIPT; `until` reads what it tells, up to the line that begins so."""

    def __init__(self, folder: Path, stop: str = "", model: str = "a") -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(folder), stop, model],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def until(self, start: str) -> str:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith(start):
                return self.lines[-1]
        raise AssertionError(f"never told '{start}', but {self.lines}")

    def go_on(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("go on\n")
        self.process.stdin.flush()

    def finish(self) -> str:
        """What it tells last: the checksum of the plan that it loaded, or its error."""
        rest, _ = self.process.communicate()
        self.lines += rest.splitlines()
        assert self.process.returncode == 0
        return self.lines[-1]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait() == -signal.SIGKILL

    @property
    def builds(self) -> int:
        return sum(line.startswith("builds") for line in self.lines)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts processes with one cache; those that a failed test leaves are ended."""
    processes: list[Process] = []

    def start(stop: str = "", model: str = "a") -> Process:
        processes.append(Process(tmp_path, stop, model))
        return processes[-1]

    yield start
    for process in processes:
        process.process.kill()
        process.process.communicate()


def stored(folder: Path, ending: str = "plan") -> list[str]:
    return [hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.glob(f"*.{ending}")]


def test_of_two_processes_one_builds_and_the_other_waits_for_its_plan(
    tmp_path: Path, start: Start
) -> None:
    first = start("build")
    first.until("stopped")
    second = start()
    waiting = second.until("engine of engine: waiting")
    lock = tmp_path / f"{KEY.stem}.lock"
    assert f"waiting for process {first.process.pid} on " in waiting
    assert waiting.endswith(f"which holds '{lock}'")
    assert stored(tmp_path) == []
    first.go_on()
    assert first.finish() == second.finish() == stored(tmp_path)[0]
    assert (first.builds, second.builds) == (1, 0)
    assert sum("waiting" in line for line in second.lines) == 1


def test_of_many_that_start_at_once_one_builds(tmp_path: Path, start: Start) -> None:
    processes = [start() for _ in range(4)]
    plans = {process.finish() for process in processes}
    assert plans == set(stored(tmp_path))
    assert len(plans) == 1
    assert sum(process.builds for process in processes) == 1


def test_another_model_is_not_built_while_the_gpu_is_measured(tmp_path: Path, start: Start) -> None:
    first = start("build")
    first.until("stopped")
    second = start(model="b")
    assert second.until("engine of engine: waiting").endswith(
        f"which holds '{tmp_path / KEY.timing_stem}.lock'"
    )
    first.go_on()
    assert first.finish() != second.finish()
    assert second.lines[-2] == "builds with b'timings'"


@pytest.mark.parametrize("moment", ["build", "write", "between"])
def test_a_killed_build_leaves_no_plan_and_no_lock(
    tmp_path: Path, start: Start, moment: str
) -> None:
    killed = start(moment)
    killed.until("stopped")
    waits = start()
    waits.until("engine of engine: waiting")
    left = list(tmp_path.glob(".*"))
    assert len(left) == {"build": 0, "write": 1, "between": 1}[moment]
    assert len(stored(tmp_path)) == (moment == "between")  # a plan without its record is none
    if moment == "write":
        assert 0 < left[0].stat().st_size < 40_000
    killed.kill()
    assert waits.finish() == stored(tmp_path)[0]
    assert waits.builds == 1
    assert list(tmp_path.glob(".*")) == []
    third = start()
    assert third.finish() == waits.lines[-1]
    assert third.builds == 0


@pytest.mark.parametrize("moment", ["build", "write", "between"])
def test_what_a_killed_build_has_left_is_cleared_by_the_next_start(
    tmp_path: Path, start: Start, moment: str
) -> None:
    killed = start(moment)
    killed.until("stopped")
    killed.kill()
    after = start()
    assert after.finish() == stored(tmp_path)[0]
    assert after.builds == 1
    assert list(tmp_path.glob(".*")) == []
    assert not any("waiting" in line for line in after.lines)


def test_threads_of_one_process_build_once(tmp_path: Path) -> None:
    """A descriptor each has a lock of its own, which locks by process do not."""
    builds: list[int] = []
    building, go_on = threading.Event(), threading.Event()
    waiting = threading.Event()

    def build(timing_cache: bytes) -> Built:
        builds.append(1)
        building.set()
        assert go_on.wait(60)
        return Built(b"plan")

    def run(say: Callable[[str], object]) -> None:
        assert EngineCache(tmp_path, say).open(KEY, build, bytes) == b"plan"
        ended.append(1)

    ended: list[int] = []
    first = threading.Thread(target=run, args=[str])
    first.start()
    assert building.wait(60)
    second = threading.Thread(target=run, args=[lambda said: "waiting" in said and waiting.set()])
    second.start()
    assert waiting.wait(60)
    go_on.set()
    first.join(60)
    second.join(60)
    assert (len(builds), len(ended)) == (1, 2)


FILL = """
import os, sys
from pathlib import Path
folder = Path(sys.argv[1])
from zeroflow_ros.engines.cuda_driver import Gpu
from zeroflow_ros.engines.engine_cache import Built, EngineCache, EngineKey
from zeroflow_ros.errors import EngineError
key = EngineKey("a" * 64, "tensorrt 10.3.0", Gpu(0, "Orin", (8, 7), 16, 1 << 36, 12060), {})
cache = EngineCache(folder, lambda _: None)
for size in (1 << 20, 1 << 14):
    try:
        print(len(cache.open(key, lambda _: Built(bytes(size)), bytes)))
    except EngineError as error:
        print(error)
    print(sorted(p.suffix for p in folder.iterdir()))
"""


def on_a_disk(folder: Path, script: str, options: str, then: str = "true") -> list[str]:
    """Lines that a script prints which has a small disk of its own for `folder`."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare")
    mount = f"mount -t tmpfs -o {options} tmpfs '{folder}'"
    namespace = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*namespace, mount], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount in a namespace")
    command = f'{mount} && {then} && "$0" -c "$1" "$2"'
    result = subprocess.run(
        [*namespace, command, sys.executable, script, str(folder)], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_a_disk_that_a_plan_fills_is_told_and_keeps_no_half_of_it(tmp_path: Path) -> None:
    full, left, small, there = on_a_disk(tmp_path, FILL, "size=128k")
    assert full == (
        f"engine cache: cannot write '{tmp_path / KEY.stem}.plan': No space left on device. "
        "Set ZEROFLOW_CACHE to a folder that can be written, on a disk with room"
    )
    assert left == "['.lock', '.lock']"
    assert small == str(1 << 14)
    assert there == "['.json', '.lock', '.lock', '.plan']"


def test_a_plan_on_a_full_disk_is_found(tmp_path: Path) -> None:
    """As when recordings have filled it: what was built before still starts."""
    script = FILL + (
        "try:\n    (folder / 'recording').write_bytes(bytes(1 << 20))\n"
        "except OSError as error:\n    print(error.strerror)\n"
        "print(len(cache.open(key, None, bytes)))\n"
        "other = EngineKey('b' * 64, 'tensorrt 10.3.0', key.gpu, {})\n"
        "try:\n    cache.open(other, None, bytes)\n"
        "except EngineError as error:\n    print(error)\n"
    )
    lines = on_a_disk(tmp_path, script, "size=128k")
    assert lines[4:6] == ["No space left on device", str(1 << 14)]
    assert ".lock': No space left on device. Set ZEROFLOW_CACHE" in lines[6]


def test_a_disk_that_can_only_be_read_is_told(tmp_path: Path) -> None:
    then = f"mount -o remount,ro '{tmp_path}'"
    lines = on_a_disk(tmp_path, FILL, "size=128k", then)
    assert ".lock': Read-only file system. Set ZEROFLOW_CACHE to a folder" in lines[0]
    assert lines[1] == "[]"


def test_ctrl_c_while_it_waits_ends_it(start: Start) -> None:
    first = start("build")
    first.until("stopped")
    second = start()
    second.until("engine of engine: waiting")
    second.process.send_signal(signal.SIGINT)
    assert second.process.wait(60) != 0
    first.go_on()
    first.finish()
    assert first.builds == 1
