# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The real node and its publisher as processes of a benchmark, in a DDS domain of their own."""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drive import POINTS
from live_publisher import Fault, said

from zeroflow_ros.engines.backends import BACKENDS
from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.ros.dds import prepare_dds

PUBLISHER = Path(__file__).with_name("live_publisher.py")
SUBSCRIBER = Path(__file__).with_name("live_subscriber.py")
NODE = "/scene_flow"


def add_node_options(parser: argparse.ArgumentParser, log: Path) -> None:
    """What every benchmark of the node may be asked."""
    parser.add_argument("--points", type=int, default=POINTS, help="of a sweep")
    parser.add_argument("--model", help="path or name; default: the bundled one")
    parser.add_argument("--backend", choices=BACKENDS, default="auto")
    parser.add_argument("--log", type=Path, default=log, help="of the node")
    parser.add_argument("--json", type=Path, help="file for all numbers")


@contextmanager
def quiet_domain() -> Iterator[Path]:
    """Away from whatever else runs on this network; gives a scratch folder."""
    with tempfile.TemporaryDirectory(prefix="zeroflow-benchmark-") as scratch:
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        os.environ.setdefault("ROS_DOMAIN_ID", str(random.SystemRandom().randint(1, 100)))
        os.environ.setdefault("ROS_LOG_DIR", str(Path(scratch, "log")))
        prepare_dds()
        yield Path(scratch)


class _Process:
    """A Python process; its output goes to a file. Killed where the block ends without `stop`."""

    def __init__(self, log: Path, *command: object) -> None:
        self.log = log
        with log.open("w") as output:
            self._process = subprocess.Popen(
                [sys.executable, *map(str, command)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def stop(self, timeout_s: float = 10.0) -> int:
        """End it in good order; returns the exit code."""
        self._process.terminate()
        return self._process.wait(timeout_s)

    def lines(self) -> list[str]:
        """What it has said so far."""
        return self.log.read_text().splitlines()

    def records(self) -> list[dict[str, Any]]:
        """Its lines of JSON; one that is being written is not among them."""
        whole = self.log.read_text().rpartition("\n")[0].splitlines()
        return [json.loads(line) for line in whole if line.startswith("{")]


class NodeProcess(_Process):
    """The node, with parameters."""

    def __init__(self, log: Path, parameters: dict[str, object]) -> None:
        given = [part for name, value in parameters.items() for part in ("-p", f"{name}:={value}")]
        super().__init__(log, "-m", "zeroflow_ros.ros.scene_flow_node", "--ros-args", *given)

    @property
    def rss_mb(self) -> float:
        """Memory of the process now."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0

    @property
    def ready(self) -> str:
        """What it said of itself when it was ready."""
        said_ = (line for line in self.lines() if "ready: " in line)
        return next(said_, "").rpartition("ready: ")[2]

    def counts(self) -> dict[str, int]:
        """What it counted, by outcome, once it has ended: `received` and what became of them.

        Raises ZeroflowError where it did not say so.
        """
        # Said by each deactivate, each time of all sweeps since the start.
        said_ = [line for line in self.lines() if " sweeps received, " in line]
        summary = said_[-1] if said_ else None
        if summary is None:
            raise ZeroflowError(f"the node ended without a summary; see {self.log}")
        received, outcomes = re.sub(r"\(.*?\)", "", summary).split(" sweeps received, ")
        counted = re.findall(r"(\d+) ([a-z ]+?)\s*(?:,|;|$)", outcomes.partition(";")[0])
        named = {words.removesuffix(" for a newer one"): int(count) for count, words in counted}
        return {"received": int(received.split()[-1]), **named}


class PublisherProcess(_Process):
    """Sends a drive; for ever without `seconds`. `records`: every cloud before it goes out, and at
    the end how late they went.
    """

    def __init__(self, log: Path, drive: Path, rate_hz: float, seconds: float = 1e9) -> None:
        super().__init__(log, PUBLISHER, drive, "--rate", rate_hz, "--seconds", seconds)

    def suffer(self, fault: Fault) -> None:
        """Let something go wrong."""
        assert self._process.stdin is not None
        print(said(fault), file=self._process.stdin, flush=True)


class SubscriberProcess(_Process):
    """Listens to the flow."""

    def __init__(self, log: Path) -> None:
        super().__init__(log, SUBSCRIBER)
