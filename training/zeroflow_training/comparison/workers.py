# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Workers: processes that judge a sequence each."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from zeroflow_ros.errors import ZeroflowError
from zeroflow_training.comparison.answers import Answer
from zeroflow_training.comparison.judged_sequences import JudgedSequence
from zeroflow_training.comparison.judgement import Judgement, judge
from zeroflow_training.comparison.reference import Reference


@dataclass(frozen=True)
class Task:
    """An answer on one sequence."""

    answer: Answer
    reference: Reference
    judged: JudgedSequence

    def run(self) -> Judgement:
        """Raises ZeroflowError itself, whatever kind of it: some kinds cannot be pickled."""
        try:
            return judge(self.answer, self.reference, self.judged.sequence, self.judged.pairings)
        except ZeroflowError as error:
            raise ZeroflowError(str(error)) from None


def judged_by_workers(
    answer: Answer, reference: Reference, judged: Iterable[JudgedSequence], jobs: int
) -> Iterator[Judgement]:
    """Of each sequence, in their order, by as many processes as `jobs`.

    Raises ZeroflowError for what is damaged, and where a worker is killed.
    """
    tasks = [Task(answer, reference, each) for each in judged]
    # Not forked: threads of NumPy and ONNX Runtime do not survive it.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, context, _end_with_the_command)
    try:
        yield from pool.map(Task.run, tasks)
    except BrokenProcessPool as error:
        cure = "for lack of memory? Call again with fewer --jobs"
        raise ZeroflowError(f"a worker process was killed: {cure}") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_the_command() -> None:
    """Quietly on Ctrl-C; and where the command is killed, no worker is left behind."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_await_end_of_parent, daemon=True).start()


def _await_end_of_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)
