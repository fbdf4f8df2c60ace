# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Threads: as many as there are usable cores, on whichever of them is free."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from zeroflow_ros.cores import usable_cores
from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.model import find_model

TASKS = Path("/proc/self/task")

linux = pytest.mark.skipif(not TASKS.exists(), reason="affinity and /proc are Linux's")


@contextmanager
def bound_to(cores: set[int]) -> Iterator[None]:
    """This thread, and those that it starts, on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def started_by_an_engine(threads: int | None) -> dict[int, set[int]]:
    """Threads that ONNX Runtime keeps, and the cores on which each may run."""
    before = set(TASKS.iterdir())
    engine = OnnxRuntimeEngine(find_model("zeroflow-rt_int8"), threads)
    new = {int(task.name) for task in set(TASKS.iterdir()) - before}
    cores = {task: os.sched_getaffinity(task) for task in new}
    assert "displacement" in engine.outputs  # and it lives until here
    return cores


@linux
def test_cores_that_are_left_to_the_process_count() -> None:
    with bound_to({min(os.sched_getaffinity(0))}):
        assert usable_cores() == 1
    assert usable_cores() == len(os.sched_getaffinity(0))


def test_elsewhere_all_cores_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert usable_cores() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


@linux
def test_threads_of_the_network_run_on_any_core() -> None:
    allowed = os.sched_getaffinity(0)
    assert set(map(frozenset, started_by_an_engine(3).values())) == {frozenset(allowed)}
    found = started_by_an_engine(None)
    assert len(found) == len(allowed) - 1  # the caller's thread is the first
    assert all(cores == allowed for cores in found.values())


@linux
def test_on_one_core_the_network_starts_no_thread() -> None:
    with bound_to({min(os.sched_getaffinity(0))}):
        assert started_by_an_engine(None) == {}
