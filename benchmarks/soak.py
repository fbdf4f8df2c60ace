# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node among faults, for as long as wanted: `python benchmarks/soak.py --minutes 30`.

Sweeps at 10 Hz over DDS, and every ten seconds something goes wrong, in random order: see `Soak`.
The node must live, answer again before the next fault, publish numbers only, account for every
sweep, not grow, and end well; otherwise the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from drive import render
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from live_clouds import ODD_CLOUDS, UNREADABLE
from live_listener import DebugListener
from live_node import (
    NodeProcess,
    PublisherProcess,
    SubscriberProcess,
    add_node_options,
    quiet_domain,
)
from live_publisher import Fault
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rich.console import Console

from zeroflow_ros.cores import usable_cores
from zeroflow_ros.errors import ZeroflowError
from zeroflow_training.evaluation.table import Column, Table

RATE_HZ, FAULT_S, JUMP_S, BURST_HZ = 10.0, 3.0, -30.0, 30.0
START_TIMEOUT_S, END_S, GROWTH = 900.0, 2.0, 0.02
LEGAL = {"markers.max_count": (1, 8000), "colors.max_speed": (1.0, 50.0)}
COLUMNS = (Column("times", "times", "d"), Column("fewest answers until the next", "answers", "d"))


@dataclass
class Happened:
    """A fault, when, and how many answers had come by then."""

    fault: str
    at_s: float
    answers: int


@dataclass
class Soak:
    """The processes of a run, and what can go wrong with them; each fault is a method."""

    scratch: Path
    drive: Path
    node: NodeProcess
    listener: DebugListener
    stack: ExitStack
    dice: random.Random
    publishers: list[PublisherProcess] = field(default_factory=list)
    subscribers: list[SubscriberProcess] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    happened: list[Happened] = field(default_factory=list)
    rss_mb: list[tuple[float, float]] = field(default_factory=list)

    def publish(self) -> None:
        """Start a publisher."""
        log = self.scratch / f"publisher{len(self.publishers)}.jsonl"
        publisher = PublisherProcess(log, self.drive, RATE_HZ)
        self.publishers.append(self.stack.enter_context(publisher))

    def subscribe(self) -> None:
        """Start a listener."""
        log = self.scratch / f"subscriber{len(self.subscribers)}.jsonl"
        self.subscribers.append(self.stack.enter_context(SubscriberProcess(log)))

    def publisher_killed(self) -> None:
        """In the middle of whatever it did."""
        self.publishers[-1].kill()
        self.publish()

    def subscriber_killed(self) -> None:
        """For a while, nobody listens; of one that is killed, the node does not hear so soon."""
        self.dice.choice((self.subscribers[-1].kill, self.subscribers[-1].stop))()
        self.wait(FAULT_S)
        self.subscribe()

    def odometry_stops(self) -> None:
        """For a while."""
        self.publishers[-1].suffer(Fault(odometry=False, lasts_s=FAULT_S))

    def clock_jumps_back(self) -> None:
        """Of clouds and odometry, as when a bag starts again."""
        self.publishers[-1].suffer(Fault(jump_s=JUMP_S))

    def odd_cloud(self) -> None:
        """One, between good ones."""
        self.publishers[-1].suffer(Fault(cloud=self.dice.choice(list(ODD_CLOUDS))))

    def burst(self) -> None:
        """More than can be answered, for a while."""
        self.publishers[-1].suffer(Fault(rate_hz=BURST_HZ, lasts_s=FAULT_S))

    def core_hog(self) -> None:
        """Another process computes for a while."""
        hog = multiprocessing.Process(target=_hog, daemon=True)
        hog.start()
        self.wait(FAULT_S)
        hog.kill()
        hog.join()

    def parameter_changes(self) -> None:
        """At run time; an illegal value is to be refused."""
        name, (low, high) = self.dice.choice(list(LEGAL.items()))
        draw = self.dice.uniform if isinstance(low, float) else self.dice.randint
        self._set(name, draw(low, high), legal=True)
        self._set(name, -high, legal=False)

    def deactivated(self) -> None:
        """For a while, by service."""
        self._transition(Transition.TRANSITION_DEACTIVATE)
        self.wait(FAULT_S)
        self._transition(Transition.TRANSITION_ACTIVATE)

    def activated_twice(self) -> None:
        """Which is no transition of an active node."""
        self._transition(Transition.TRANSITION_ACTIVATE, possible=False)

    def faults(self) -> dict[str, Callable[[], None]]:
        """What can go wrong, by its name in the table."""
        return {
            "publisher killed and restarted": self.publisher_killed,
            "listener killed or stopped, and restarted": self.subscriber_killed,
            f"odometry stops for {FAULT_S:g} s": self.odometry_stops,
            f"stamps jump by {JUMP_S:g} s": self.clock_jumps_back,
            "an odd cloud": self.odd_cloud,
            f"clouds at {BURST_HZ:g} Hz for {FAULT_S:g} s": self.burst,
            f"a core is taken for {FAULT_S:g} s": self.core_hog,
            "a parameter changes, another is refused": self.parameter_changes,
            "deactivated and activated": self.deactivated,
            "activated once more": self.activated_twice,
        }

    def _set(self, name: str, value: float, *, legal: bool) -> None:
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()]
        )
        answer = self.listener.ask(SetParameters, "set_parameters", request)
        if answer is None or answer.results[0].successful != legal:
            self.troubles.append(f"{name} = {value} was {'refused' if legal else 'not refused'}")

    def _transition(self, number: int, *, possible: bool = True) -> None:
        request = ChangeState.Request(transition=Transition(id=number))
        answer = self.listener.ask(ChangeState, "change_state", request)
        if answer is None or answer.success != possible:
            said = "no answer" if answer is None else f"success {answer.success}"
            self.troubles.append(f"transition {number}: {said}, not success {possible}")

    def answers(self) -> list[dict[str, Any]]:
        """All that came."""
        return [record for process in self.subscribers for record in process.records()]

    def clouds(self) -> list[dict[str, Any]]:
        """All that were announced."""
        records = [record for process in self.publishers for record in process.records()]
        return [record for record in records if "odd" in record]

    def wait(self, seconds: float) -> None:
        """Watch the node meanwhile. Raises ZeroflowError when it is gone."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not self.node.alive:
                last = self.happened[-1].fault if self.happened else "the start"
                raise ZeroflowError(f"the node died after: {last}; see {self.node.log}")
            self.rss_mb.append((time.monotonic(), self.node.rss_mb))
            time.sleep(min(left, 1.0))

    def begin(self) -> None:
        """Wait for the first answers."""
        self.publish()
        self.subscribe()
        end = time.monotonic() + START_TIMEOUT_S
        while not self.answers():
            if time.monotonic() > end or not self.publishers[-1].alive:
                raise ZeroflowError(f"no flow came; see {self.node.log}")
            self.wait(0.5)
        self.rss_mb.clear()

    def run(self, seconds: float, fault_every_s: float) -> None:
        """One fault after the other."""
        faults = self.faults()
        if self.listener.ask(GetState, "get_state", GetState.Request()) is None:
            self.troubles.append("the node has no lifecycle services: not deactivated")
            faults = {
                name: fault
                for name, fault in faults.items()
                if fault not in (self.deactivated, self.activated_twice)
            }
        end, deck = time.monotonic() + seconds, list[str]()
        while time.monotonic() < end:
            due = time.monotonic() + fault_every_s
            deck = deck or self.dice.sample(list(faults), len(faults))  # each of them comes
            before, name = len(self.answers()), deck.pop()
            self.happened.append(Happened(name, time.monotonic(), before))
            faults[name]()
            self.wait(due - time.monotonic())
            if not self._lately(before):
                self.troubles.append(f"no flow {fault_every_s:g} s after: {name}")

    def _lately(self, before: int) -> bool:
        """Whether answers come now."""
        count = len(self.answers())
        self.wait(1.0)
        return len(self.answers()) > max(count, before)


def _hog() -> None:
    while True:
        pass


def soak(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """The run, and what it found. Raises ZeroflowError when the node dies or says nothing."""
    drive = scratch / "drive.npy"
    render(options.points, RATE_HZ).save(drive)
    parameters = {"ego_motion.source": "odometry", "backend": options.backend}
    parameters |= {"model": options.model} if options.model else {}
    with ExitStack() as stack:
        listener = stack.enter_context(DebugListener())
        node = stack.enter_context(NodeProcess(options.log, parameters))
        dice = random.Random(options.seed)
        run = Soak(scratch, drive, node, listener, stack, dice)
        run.begin()
        run.run(60 * options.minutes, options.fault_every)
        run.publishers[-1].stop()
        run.wait(END_S)
        started = time.monotonic()
        exit_code = node.stop()
        return found(run, exit_code, time.monotonic() - started) | {
            "minutes": options.minutes,
            "points": options.points,
            "seed": options.seed,
            "cores": usable_cores(),
        }


def found(run: Soak, exit_code: int, stop_s: float) -> dict[str, Any]:
    """All numbers of a run, and all troubles."""
    counts, clouds, answers = run.node.counts(), run.clouds(), run.answers()
    at, rss = np.array(run.rss_mb).T
    # Of four parts of the run, the first is left out: until each fault has had some turns, buffers
    # become as large as they get.
    quarters = np.digitize(at, np.quantile(at, (0.25, 0.5, 0.75)))
    start_mb, end_mb = (float(np.median(rss[quarters == k])) for k in (1, 3))
    unreadable = sum(cloud["odd"] in UNREADABLE for cloud in clouds)
    outcomes = sum(counts.values()) - counts["received"]
    checks = {
        f"{counts['received']} sweeps received, {outcomes} accounted for": (
            counts["received"] == outcomes
        ),
        f"{counts['received']} sweeps received of {len(clouds)} announced": (
            counts["received"] <= len(clouds)
        ),
        f"{len(answers)} answers heard of {counts['answered']}": len(answers) <= counts["answered"],
        f"{counts['failed']} failed": not counts["failed"],
        f"{counts['unreadable']} unreadable of {unreadable}": counts["unreadable"] <= unreadable,
        f"memory grew from {start_mb:.1f} to {end_mb:.1f} MB": end_mb < (1 + GROWTH) * start_mb,
        "not all velocities are numbers": all(answer["sound"] for answer in answers),
        f"exit code {exit_code} after {stop_s:.1f} s": exit_code == 0 and stop_s < END_S,
        "there is a traceback in its log": "Traceback" not in run.node.log.read_text(),
    }
    return {
        "announced": len(clouds),
        "node_counts": counts,
        "answers": len(answers),
        "rss_start_mb": start_mb,
        "rss_end_mb": end_mb,
        "rss_mb": [(round(t - at[0], 1), mb) for t, mb in run.rss_mb],
        "stop_s": stop_s,
        "states": dict(run.listener.states),
        "faults": _by_fault(run),
        "troubles": run.troubles + [said for said, good in checks.items() if not good],
        "node": run.node.ready,
    }


def _by_fault(run: Soak) -> dict[str, dict[str, float]]:
    """How often, and the fewest answers that came until the next fault."""
    ends = [*(later.answers for later in run.happened[1:]), len(run.answers())]
    rows: dict[str, dict[str, float]] = {}
    for event, answers in zip(run.happened, ends, strict=True):
        row = rows.setdefault(event.fault, {"times": 0, "answers": answers - event.answers})
        row["times"] += 1
        row["answers"] = min(row["answers"], answers - event.answers)
    return dict(sorted(rows.items()))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--fault-every", type=float, default=10.0, help="seconds")
    parser.add_argument("--seed", type=int, default=0)
    add_node_options(parser, Path("soak.log"))
    options = parser.parse_args()
    console = Console()
    try:
        with quiet_domain() as scratch, console.status("a street, then the node, then faults"):
            result = soak(options, scratch)
    except ZeroflowError as error:
        console.print(f"soak: error: {error}")
        return 1
    title = f"{options.minutes:g} minutes, {options.points:,} points, {result['cores']} cores"
    console.print(Table("soak", title, COLUMNS, result["faults"]).for_console())
    for key in ("node", "announced", "node_counts", "answers", "states"):
        console.print(f"{key.replace('_', ' ')}: {result[key]}", highlight=False)
    console.print(f"memory {result['rss_start_mb']:.1f} to {result['rss_end_mb']:.1f} MB")
    for trouble in result["troubles"]:
        console.print(f"[bold red]TROUBLE[/] {trouble}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2))
    return 1 if result["troubles"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
