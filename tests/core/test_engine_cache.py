# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Engines are built once for all that they depend on, and only whole ones are ever taken."""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from zeroflow_ros.engines.cuda_driver import Gpu
from zeroflow_ros.engines.engine_cache import Built, EngineCache, EngineKey
from zeroflow_ros.errors import EngineError

GPU = Gpu(0, "Orin", (8, 7), 16, 64 << 30, 12060)
PROFILE = {"points": ((1, 3), (60_000, 3), (200_000, 3)), "index": ((1,), (60_000,), (200_000,))}
KEY = EngineKey("a" * 64, "tensorrt 10.3.0", GPU, PROFILE, (("precision", "fp16"),), "zeroflow-rt")
PLAN = bytes(range(256)) * 40


class Workshop:
    """A cache with a builder that counts, and a loader that takes only plans that it knows."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        self.cache = EngineCache(folder, self.said.append)
        self.timings: list[bytes] = []  # as given to each build
        self.loaded: list[bytes] = []
        self.built = Built(PLAN, b"timings", {"fp16_layers": 31})
        self.good = [PLAN]

    def build(self, timing_cache: bytes) -> Built:
        self.timings.append(timing_cache)
        return self.built

    def load(self, plan: bytes) -> str:
        self.loaded.append(plan)
        if plan not in self.good:
            raise EngineError("TensorRT cannot deserialise it")
        return f"engine of {len(plan)} bytes"

    def open(self, key: EngineKey = KEY) -> str:
        return self.cache.open(key, self.build, self.load)

    @property
    def builds(self) -> int:
        return len(self.timings)

    def file(self, ending: str) -> Path:
        return self.cache.folder / f"{KEY.stem}.{ending}"

    @property
    def timing_file(self) -> Path:
        return self.cache.folder / f"{KEY.timing_stem}.cache"

    def hidden(self) -> list[str]:
        return [path.name for path in self.cache.folder.glob(".*")]


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path / "deep" / "cache")


def test_a_second_start_finds_the_plan(shop: Workshop) -> None:
    assert shop.open() == shop.open() == "engine of 10240 bytes"
    assert shop.builds == 1
    assert shop.said == [
        f"engine of zeroflow-rt: none in '{shop.cache.folder}' yet; "
        "it is built now, which takes minutes"
    ]
    again = Workshop(shop.cache.folder)
    assert again.open() == "engine of 10240 bytes"
    assert (again.builds, again.said) == (0, [])
    assert shop.file("plan").name.startswith("zeroflow-rt-")
    assert shop.file("plan").read_bytes() == PLAN
    assert shop.hidden() == []


def test_the_record_tells_a_person_what_the_plan_is(shop: Workshop) -> None:
    with pytest.raises(EngineError, match=r"none in '.*/deep/cache' yet"):
        shop.cache.record(KEY)
    shop.open()
    record = shop.cache.record(KEY)
    assert record == json.loads(shop.file("json").read_text())
    assert record["report"] == {"fp16_layers": 31}
    assert record["plan_bytes"] == 10240
    assert record["plan_sha256"] == hashlib.sha256(PLAN).hexdigest()
    assert record["built"].endswith("+00:00")
    assert record["key"]["library"] == "tensorrt 10.3.0"
    assert record["key"]["profile"]["points"] == [[1, 3], [60_000, 3], [200_000, 3]]


CHANGES: dict[str, EngineKey] = {
    "model": dataclasses.replace(KEY, onnx_sha256="b" * 64),
    "version": dataclasses.replace(KEY, library="tensorrt 10.7.0"),
    "library": dataclasses.replace(KEY, library="tensorrt_rtx 10.3.0"),
    "driver": dataclasses.replace(KEY, gpu=dataclasses.replace(GPU, driver=13000)),
    "gpu": dataclasses.replace(KEY, gpu=dataclasses.replace(GPU, name="Thor")),
    "capability": dataclasses.replace(KEY, gpu=dataclasses.replace(GPU, compute_capability=(8, 6))),
    "power mode": dataclasses.replace(KEY, gpu=dataclasses.replace(GPU, multiprocessors=8)),
    "profile": dataclasses.replace(KEY, profile=PROFILE | {"index": ((1,), (60_000,), (100_000,))}),
    "usual size": dataclasses.replace(KEY, profile=PROFILE | {"index": ((1,), (9,), (200_000,))}),
    "an input": dataclasses.replace(KEY, profile={"points": PROFILE["points"]}),
    "option": dataclasses.replace(KEY, options=(("precision", "fp32"),)),
    "no option": dataclasses.replace(KEY, options=()),
}


@pytest.mark.parametrize("changed", CHANGES)
def test_whatever_an_engine_depends_on_makes_another(shop: Workshop, changed: str) -> None:
    shop.open()
    shop.open(CHANGES[changed])
    assert shop.builds == 2
    shop.open()
    shop.open(CHANGES[changed])
    assert shop.builds == 2
    assert len(list(shop.cache.folder.glob("*.plan"))) == 2


def test_all_changes_differ() -> None:
    assert len({key.digest for key in [KEY, *CHANGES.values()]}) == len(CHANGES) + 1
    assert len(KEY.digest) == 64
    assert KEY.stem == f"zeroflow-rt-{KEY.digest[:16]}"


def test_what_makes_no_difference_makes_none(shop: Workshop) -> None:
    shop.open()
    twin = dataclasses.replace(GPU, index=1, memory_bytes=GPU.memory_bytes - 4096)
    backwards = dict(reversed(PROFILE.items()))
    shop.open(dataclasses.replace(KEY, gpu=twin, profile=backwards))
    assert shop.builds == 1
    two = (("workspace", "1"), ("precision", "fp16"))
    keys = [dataclasses.replace(KEY, options=options) for options in (two, two[::-1])]
    assert keys[0].digest == keys[1].digest


def test_any_name_of_a_model_makes_a_file(shop: Workshop) -> None:
    for name in ("../../etc/passwd", "Straße 1\n", "", ".hidden", "x" * 300):
        key = dataclasses.replace(KEY, model=name)
        assert shop.open(key) == "engine of 10240 bytes"
        assert shop.cache.record(key)["model"] == name
    assert len(list(shop.cache.folder.glob("*.plan"))) == 5
    assert list(shop.cache.folder.parent.iterdir()) == [shop.cache.folder]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGE: dict[str, Callable[[Workshop], object]] = {
    "a bit of the plan": lambda shop: flip(shop.file("plan")),
    "plan cut": lambda shop: os.truncate(shop.file("plan"), 4096),
    "plan of zeros": lambda shop: shop.file("plan").write_bytes(bytes(10240)),
    "plan empty": lambda shop: os.truncate(shop.file("plan"), 0),
    "plan gone": lambda shop: shop.file("plan").unlink(),
    "record cut": lambda shop: os.truncate(shop.file("json"), 100),
    "record of zeros": lambda shop: shop.file("json").write_bytes(bytes(400)),
    "record of letters": lambda shop: shop.file("json").write_bytes(b"\xff\xfe"),
    "record of something": lambda shop: shop.file("json").write_text("[1]"),
    "record without key": lambda shop: shop.file("json").write_text("{}"),
    "record gone": lambda shop: shop.file("json").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_damaged_is_never_loaded_and_built_once_more(shop: Workshop, damage: str) -> None:
    shop.open()
    DAMAGE[damage](shop)
    again = Workshop(shop.cache.folder)
    assert again.open() == "engine of 10240 bytes"
    assert (again.builds, again.loaded) == (1, [PLAN])
    assert again.open() == "engine of 10240 bytes"
    assert again.builds == 1
    assert len(again.said) == 1
    assert str(shop.cache.folder) in again.said[0]
    assert again.said[0].endswith("; it is built now, which takes minutes")


def test_a_record_of_another_engine_is_not_believed(shop: Workshop) -> None:
    other = CHANGES["model"]
    shop.open(other)
    shop.open()
    (shop.cache.folder / f"{other.stem}.json").replace(shop.file("json"))
    shop.open()
    assert shop.builds == 3
    assert f"'{shop.file('json')}' is damaged" in shop.said[-1]


def test_a_plan_that_does_not_load_is_replaced(shop: Workshop) -> None:
    shop.open()
    new = b"another plan"
    again = Workshop(shop.cache.folder)
    again.good, again.built = [new], Built(new)
    assert again.open() == "engine of 12 bytes"
    assert again.builds == 1
    assert "TensorRT cannot deserialise it; it is built now, which takes minutes" in again.said[0]
    assert shop.file("plan").read_bytes() == new


def test_a_build_that_stays_bad_is_an_error_with_its_cure(shop: Workshop) -> None:
    shop.open()
    flip(shop.file("plan"))
    shop.good = []
    with pytest.raises(EngineError) as caught:
        shop.open()
    assert str(caught.value) == (
        "engine of zeroflow-rt: newly built, and does not work (TensorRT cannot deserialise it). "
        f"Clear the cache and try again: rm -r '{shop.cache.folder}'"
    )
    assert shop.builds == 2


def test_a_plan_that_does_not_work_is_not_stored(shop: Workshop) -> None:
    shop.good = []
    with pytest.raises(EngineError, match="newly built, and does not work"):
        shop.open()
    assert shop.builds == 1
    assert {path.suffix for path in shop.cache.folder.iterdir()} == {".lock"}


def test_a_plan_outlives_a_moment_in_which_it_cannot_be_loaded(shop: Workshop) -> None:
    """As when another process has taken the GPU's memory."""
    shop.open()
    shop.good = []
    with pytest.raises(EngineError):
        shop.open()
    again = Workshop(shop.cache.folder)
    assert again.open() == "engine of 10240 bytes"
    assert again.builds == 0


def test_a_build_that_fails_says_its_own_reason_and_frees_the_lock(shop: Workshop) -> None:
    def refuse(timing_cache: bytes) -> Built:
        raise EngineError("node 'conv1': operator Foo is not known")

    for _ in range(2):
        with pytest.raises(EngineError, match=r"^node 'conv1': operator Foo is not known$"):
            shop.cache.open(KEY, refuse, shop.load)
    assert shop.open() == "engine of 10240 bytes"
    assert not any("waiting" in said for said in shop.said)


def test_timings_go_from_build_to_build_of_one_library_and_gpu(shop: Workshop) -> None:
    shop.open()
    shop.built = Built(PLAN, b"more timings")
    shop.open(CHANGES["model"])
    shop.open(CHANGES["profile"])
    assert shop.timings == [b"", b"timings", b"more timings"]
    for k, other in enumerate(["version", "driver", "gpu", "capability", "power mode"]):
        shop.open(CHANGES[other])
        assert shop.timings[3 + k :] == [b""]


@pytest.mark.parametrize("damage", [flip, lambda path: os.truncate(path, 5), Path.unlink])
def test_damaged_timings_never_reach_the_builder(
    shop: Workshop, damage: Callable[[Path], None]
) -> None:
    shop.open()
    assert shop.timing_file.read_bytes().endswith(b"timings")
    damage(shop.timing_file)
    shop.open(CHANGES["model"])
    assert shop.timings == [b"", b""]


def test_a_builder_without_timings_leaves_those_there_are(shop: Workshop) -> None:
    shop.open()
    shop.built = Built(PLAN)
    shop.open(CHANGES["model"])
    shop.open(CHANGES["profile"])
    assert shop.timings == [b"", b"timings", b"timings"]


def test_timings_that_cannot_be_kept_do_not_cost_the_engine(shop: Workshop) -> None:
    shop.timing_file.mkdir(parents=True)
    assert shop.open() == "engine of 10240 bytes"
    assert shop.said[-1].startswith("the next build will take as long as this one: engine cache:")
    shop.open()
    assert shop.builds == 1


@contextmanager
def not_root() -> Iterator[None]:
    """Root may write anywhere."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def readable() -> Iterator[Workshop]:
    """In a folder that others can reach: pytest's cannot be."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Workshop(Path(name) / "cache")


def test_a_plan_in_a_folder_that_can_only_be_read_is_found(readable: Workshop) -> None:
    """As in the image of a container."""
    readable.open()
    readable.cache.folder.chmod(0o555)
    with not_root():
        assert readable.open() == "engine of 10240 bytes"
    assert readable.builds == 1


def test_a_folder_that_cannot_be_written_is_told_before_the_build(readable: Workshop) -> None:
    readable.cache.folder.mkdir(mode=0o555)
    with not_root(), pytest.raises(EngineError) as caught:
        readable.open()
    assert str(caught.value) == (
        f"engine cache: cannot write '{readable.file('lock')}': Permission denied. Set "
        "ZEROFLOW_CACHE to a folder that can be written, on a disk with room"
    )
    assert readable.builds == 0


def test_a_plan_that_may_not_be_read_is_told(readable: Workshop) -> None:
    """As when the first start was root's."""
    readable.open()
    readable.file("json").chmod(0)
    with not_root(), pytest.raises(EngineError, match=r"cannot write '.*Permission denied"):
        readable.open()
    assert f"'{readable.file('json')}' cannot be read (Permission denied)" in readable.said[-1]


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    shop = Workshop(tmp_path / "file" / "cache")
    with pytest.raises(
        EngineError, match=r"cannot (write|be read).*Not a directory\. Set ZEROFLOW"
    ):
        shop.open()
    assert shop.builds == 0


def refuse_locks(code: int) -> Callable[..., None]:
    def flock(*_: Any) -> None:
        raise OSError(code, os.strerror(code))

    return flock


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EIO])
def test_a_folder_without_locks_serves_as_well(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """As over NFS; there, a temporary file may be what another process writes at this moment."""
    monkeypatch.setattr(fcntl, "flock", refuse_locks(code))
    shop.cache.folder.mkdir(parents=True)
    in_work = shop.cache.folder / f".{KEY.stem}.plan.x1y2"
    in_work.write_bytes(b"half")
    assert shop.open() == shop.open() == "engine of 10240 bytes"
    assert shop.builds == 1
    assert f"has no file locks ({os.strerror(code)})" in shop.said[1]
    assert in_work.exists()


def test_leftovers_go_and_those_of_others_stay(shop: Workshop) -> None:
    shop.cache.folder.mkdir(parents=True)
    other = CHANGES["model"].stem
    left = [f".{KEY.stem}.plan.a", f".{KEY.stem}.json.b", f".{KEY.timing_stem}.cache.c"]
    for name in [*left, f".{other}.plan.d"]:
        (shop.cache.folder / name).write_bytes(b"half")
    shop.open()
    assert shop.hidden() == [f".{other}.plan.d"]
