# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writing bags: complete under their name or not there at all."""

from __future__ import annotations

import errno
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from rosbags.rosbag2 import Reader

from zeroflow_ros.bags import BagReader, BagWriter
from zeroflow_ros.errors import BagError

CLOUD = "sensor_msgs/msg/PointCloud2"


def copy(source: Path, target: Path, **options) -> None:
    with BagReader(source) as reader, BagWriter(target, **options) as writer:
        for topic in reader.topics.values():
            writer.add_topic(topic.name, topic.type, reader.typestore, topic.qos)
        for record in reader.records(list(reader.topics)):
            writer.write(record.topic, record.log_ns, record.data)


def contents(path: Path) -> list[tuple[str, str, int, bytes]]:
    with Reader(path) as reader:
        return [(c.topic, c.msgtype, t, bytes(data)) for c, t, data in reader.messages()]


def write_and_fail(target: Path, error: type[BaseException], **options) -> None:
    with BagWriter(target, **options) as writer:
        writer.add_topic("/points", CLOUD)
        writer.write("/points", 1, bytes(2_000_000))
        raise error


@pytest.fixture
def source(factory) -> Path:
    return factory.write(factory.sweeps(3) + factory.drive(3), "source", storage="sqlite3")


def test_serialized_bytes_types_and_times_are_kept(source, tmp_path):
    copy(source, tmp_path / "copy")
    assert contents(tmp_path / "copy") == contents(source)
    assert sorted(f.name for f in (tmp_path / "copy").iterdir()) == ["copy.mcap", "metadata.yaml"]
    with Reader(source) as before, Reader(tmp_path / "copy") as after:
        digests = {c.topic: c.digest for c in after.connections}
        assert digests == {c.topic: c.digest for c in before.connections}


def test_chunks_are_compressed(factory, tmp_path):
    import numpy as np

    entries = factory.sweeps(4)
    flat = [e._replace(message=factory.cloud(np.ones((50_000, 4)), e.log_ns)) for e in entries]
    copy(factory.write(flat), tmp_path / "copy")
    assert (tmp_path / "copy" / "copy.mcap").stat().st_size < 100_000


def test_name_in_mcap_makes_a_single_file(source, tmp_path):
    copy(source, tmp_path / "copy.mcap")
    assert (tmp_path / "copy.mcap").is_file()
    assert contents(tmp_path / "copy.mcap") == contents(source)


def test_parent_folders_are_made_and_readable_by_others(source, tmp_path):
    copy(source, tmp_path / "a" / "b" / "copy")
    assert (tmp_path / "a" / "b" / "copy").stat().st_mode & 0o055 == 0o055


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_an_exception_leaves_nothing(source, tmp_path, error):
    before = sorted(tmp_path.iterdir())
    with pytest.raises(error):
        write_and_fail(tmp_path / "copy", error)
    assert sorted(tmp_path.iterdir()) == before


def test_an_existing_target_is_refused(source, tmp_path):
    copy(source, tmp_path / "copy")
    before = contents(tmp_path / "copy")
    with pytest.raises(BagError, match=r"exists already.*--overwrite"):
        BagWriter(tmp_path / "copy")
    assert contents(tmp_path / "copy") == before


@pytest.mark.parametrize("name", ["copy", "copy.mcap"])
def test_overwrite_replaces_at_the_end_only(source, factory, tmp_path, name):
    copy(source, tmp_path / name)
    other = factory.write(factory.sweeps(1), "other")
    before = contents(tmp_path / name)
    with pytest.raises(KeyboardInterrupt):
        write_and_fail(tmp_path / name, KeyboardInterrupt, overwrite=True)
    assert contents(tmp_path / name) == before
    copy(other, tmp_path / name, overwrite=True)
    assert contents(tmp_path / name) == contents(other)
    assert not [f for f in tmp_path.iterdir() if f.name.startswith(".")]


def test_overwrite_destroys_bags_only(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years of work")
    with pytest.raises(BagError, match="not a bag and will not be overwritten"):
        BagWriter(tmp_path / "home", overwrite=True)


@pytest.mark.parametrize("target", ["source", "source/inside", "."])
def test_the_input_is_never_overwritten(source, target):
    with pytest.raises(BagError, match="would overwrite the input"):
        BagWriter(source.parent / target, overwrite=True, source=source)


def test_other_formats_are_refused(tmp_path):
    with pytest.raises(BagError, match=r"written as MCAP"):
        BagWriter(tmp_path / "out.db3")


def test_a_folder_that_cannot_be_made_is_a_bag_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BagError, match=r"cannot write bag.*file"), BagWriter(tmp_path / "file/out"):
        pass


def test_a_full_disk_is_told_and_leaves_nothing(source, tmp_path, monkeypatch):
    from rosbags.rosbag2 import Writer

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(Writer, "write", full)
    with pytest.raises(BagError, match="No space left on device; free some space"):
        copy(source, tmp_path / "copy")
    assert sorted(tmp_path.iterdir()) == before


def test_a_real_write_limit_is_told_and_leaves_nothing(tmp_path):
    """The kernel refuses the file at 1 MB: the error comes out of a flush, and again on close."""
    script = (
        "import os\n"
        "from zeroflow_ros.bags import BagWriter\n"
        "from zeroflow_ros.errors import BagError\n"
        "try:\n"
        f"    with BagWriter({str(tmp_path / 'copy')!r}) as writer:\n"
        f"        writer.add_topic('/points', {CLOUD!r})\n"
        "        for k in range(8):\n"
        "            writer.write('/points', k, os.urandom(1_000_000))\n"
        "except BagError as error:\n"
        "    print(error)\n"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, preexec_fn=limit, timeout=60
    )
    assert "cannot write bag" in result.stdout, result.stderr
    assert "File too large" in result.stdout
    assert result.stderr == ""
    assert list(tmp_path.iterdir()) == []
