# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Workers: processes that work off tasks side by side."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol, TypeVar

from zeroflow_ros.errors import ZeroflowError

Result_co = TypeVar("Result_co", covariant=True)
Result = TypeVar("Result")


class Task(Protocol[Result_co]):
    """Travels to a worker, so that it is small and may be pickled."""

    def run(self) -> Result_co:
        """Do it. Raises ZeroflowError."""


def worked_off(tasks: Iterable[Task[Result]], jobs: int) -> Iterator[Result]:
    """What each task gives, in their order, by as many processes as `jobs`.

    Raises ZeroflowError for what a task refuses, and where a worker is killed.
    """
    # Not forked: threads of NumPy and ONNX Runtime do not survive it.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, context, _end_with_the_command)
    try:
        yield from pool.map(_run, tasks)
    except BrokenProcessPool as error:
        cure = "for lack of memory? Call again with fewer --jobs"
        raise ZeroflowError(f"a worker process was killed: {cure}") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _run(task: Task[Result]) -> Result:
    try:
        return task.run()
    except ZeroflowError as error:
        # Itself, whatever kind of it: some kinds cannot be pickled.
        raise ZeroflowError(str(error)) from None


def _end_with_the_command() -> None:
    """Quietly on Ctrl-C; and where the command is killed, no worker is left behind."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_await_end_of_parent, daemon=True).start()


def _await_end_of_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)
