# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From a cloud's stamp to its flow, over DDS: `python benchmarks/latency.py`.

A publisher, the real node and this listener, a process each. Sweeps of a simulated street, made
beforehand, stamped when they go out, odometry at 50 Hz. Latency: from the stamp to the publication
of the flow, as the middleware timed it. Every sweep is accounted for by its stamp: published =
answered + dropped, as counted here and by the node; where they differ, the exit code is 1.

`--rate 30` is more than two cores can answer: old sweeps are dropped, and latency does not grow.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from drive import render
from live_listener import DebugListener
from live_node import NodeProcess, PublisherProcess, add_node_options, quiet_domain
from rich.console import Console

from zeroflow_ros.cores import usable_cores
from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.ros.probe import FlowProbe, FlowSample
from zeroflow_training.evaluation.table import Column, Table

WARM_S, START_TIMEOUT_S, LAST_ANSWER_S = 10.0, 900.0, 3.0
COLUMNS = tuple(Column(name, f"ms_{name}", ".1f") for name in ("p50", "p95", "p99", "max"))
P50_MS, P99_MS, GROWTH, OVERLOAD, USUAL_HZ = 70.0, 100.0, 0.02, 2.0, 10.0
SHOWN_STAMPS = 10


@dataclass
class Run:
    """What was seen from outside while the node ran."""

    stamps: set[int] = field(default_factory=set)
    latency_ms: list[float] = field(default_factory=list)
    rss_mb: list[tuple[float, float]] = field(default_factory=list)

    def take(self, sample: FlowSample) -> None:
        """An answer; its points are not kept."""
        self.stamps.add(sample.stamp_ns)
        self.latency_ms.append(sample.publish_latency_ms)

    def watch(self, node: NodeProcess) -> None:
        """Memory, at most once a second."""
        now = time.monotonic()
        if not self.rss_mb or now - self.rss_mb[-1][0] >= 1.0:
            self.rss_mb.append((now, node.rss_mb))

    @property
    def rss_start_mb(self) -> float:
        """After WARM_S, or half of a shorter run."""
        (first, _), (last, _) = self.rss_mb[0], self.rss_mb[-1]
        warm = first + min(WARM_S, 0.5 * (last - first))
        return next(mb for at, mb in self.rss_mb if at >= warm)


def spread(ms: list[float]) -> dict[str, float]:
    """Of milliseconds."""
    values = np.array(ms or [np.nan])
    quantiles = {f"ms_p{q}": float(np.quantile(values, q / 100)) for q in (50, 95, 99)}
    return {**quantiles, "ms_max": float(values.max())}


def measure(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Run the three processes; raises ZeroflowError where one of them fails."""
    drive = scratch / "drive.npy"
    render(options.points, options.rate).save(drive)
    parameters = {
        "ego_motion.source": "odometry",
        "backend": options.backend,
        "input.reliability": options.reliability,
    }
    given = {"model": options.model, "input.depth": options.depth}
    parameters |= {name: value for name, value in given.items() if value}
    run, times = Run(), DebugListener()
    with times, NodeProcess(options.log, parameters) as node, FlowProbe() as probe:
        if not probe.wait_for_publisher(START_TIMEOUT_S) or not node.alive:
            raise ZeroflowError(f"the node did not start; see {options.log}")
        log = scratch / "publisher.jsonl"
        with PublisherProcess(log, drive, options.rate, options.seconds) as publisher:
            listen(run, probe, node, publisher, options.seconds)
            *clouds, ended = publisher.records() or [{}]
        if "late_ms_max" not in ended:
            raise ZeroflowError("the publisher failed: " + " ".join(publisher.lines()[-1:]))
        described, exit_code = node.ready, node.stop()
    published = [cloud["stamp_ns"] for cloud in clouds]
    return {
        "published": len(published),
        "answered": len(run.stamps & set(published)),
        "dropped": len(set(published) - run.stamps),
        **{f"latency_{key}": value for key, value in spread(run.latency_ms).items()},
        "rss_start_mb": run.rss_start_mb,
        "rss_end_mb": run.rss_mb[-1][1],
        "lost_stamps": sorted(set(published) - run.stamps),
        "node_counts": node.counts(),
        "node_exit_code": exit_code,
        "node": described,
        "stages": {name: spread(ms) for name, ms in sorted(times.times.items()) if ms},
        "processing_ms_p99": spread(times.times.get("processing_time_ms", []))["ms_p99"],
        "publisher": ended,
        "rate_hz": options.rate,
        "points": options.points,
        "seconds": options.seconds,
        "cores": usable_cores(),
    }


def listen(
    run: Run, probe: FlowProbe, node: NodeProcess, publisher: PublisherProcess, seconds: float
) -> None:
    """Take every answer, until the publisher has left and no more come."""
    end, last = time.monotonic() + seconds + START_TIMEOUT_S, time.monotonic()
    while node.alive and time.monotonic() < end:
        for sample in probe.samples(1, 0.2):
            run.take(sample)
            last = time.monotonic()
        if run.latency_ms:
            run.watch(node)
        if not publisher.alive and time.monotonic() - last > LAST_ANSWER_S:
            return
    raise ZeroflowError("the node died" if not node.alive else "the publisher does not end")


def disagreements(found: Mapping[str, Any]) -> list[str]:
    """Where the accounts of publisher, node and listener differ, in words."""
    node = found["node_counts"]
    outcomes = sum(node.values()) - node["received"]
    sides = [
        ("received by the node", node["received"], "published", found["published"]),
        ("outcomes of the node", outcomes, "received by the node", node["received"]),
        ("answered, says the node", node["answered"], "answers that came", found["answered"]),
        ("dropped, says the node", node["dropped"], "published without answer", found["dropped"]),
        ("exit code of the node", found["node_exit_code"], "of one that is well", 0),
    ]
    return [f"{a}: {x}, but {b}: {y}" for a, x, b, y in sides if x != y]


def verdicts(found: Mapping[str, Any]) -> list[str]:
    """One line for each goal; above 10 Hz, sweeps may be dropped, but may not queue up."""
    growth = found["rss_end_mb"] / found["rss_start_mb"] - 1
    limit_ms = OVERLOAD * found["processing_ms_p99"]
    p50, p99, dropped = found["latency_ms_p50"], found["latency_ms_p99"], found["dropped"]
    overload = [(p99 < limit_ms, f"p99 {p99:.1f} ms (goal: below 2 x processing, {limit_ms:.1f})")]
    usual = [
        (p50 < P50_MS, f"p50 {p50:.1f} ms (goal: below {P50_MS:.0f})"),
        (p99 < P99_MS, f"p99 {p99:.1f} ms (goal: below {P99_MS:.0f})"),
        (not dropped, f"{dropped} of {found['published']} sweeps dropped (goal: none)"),
    ]
    goals = [
        *(overload if found["rate_hz"] > USUAL_HZ else usual),
        (growth < GROWTH, f"memory grew by {100 * growth:.1f} % (goal: below {GROWTH:.0%})"),
    ]
    return [_verdict(*goal) for goal in goals]


def _verdict(reached: bool, said: str) -> str:
    return f"[{'green' if reached else 'red'}]{'reached' if reached else 'MISSED '}[/] {said}"


def show(found: Mapping[str, Any], console: Console) -> None:
    """The table, the accounts and the verdicts."""
    stamp_to_flow = {
        key: found[f"latency_{key}"] for key in ("ms_p50", "ms_p95", "ms_p99", "ms_max")
    }
    title = (
        f"{found['rate_hz']:g} Hz, {found['points']:,} points, {found['seconds']:g} s, "
        f"{found['cores']} cores; ms"
    )
    rows = {"stamp to flow, over DDS": stamp_to_flow, **found["stages"]}
    console.print(Table("latency", title, COLUMNS, rows).for_console())
    console.print(found["node"])
    console.print(
        f"published {found['published']}, answered {found['answered']}, dropped "
        f"{found['dropped']}; the node: {found['node_counts']}; memory {found['rss_start_mb']:.1f} "
        f"to {found['rss_end_mb']:.1f} MB; clouds went out at most "
        f"{found['publisher']['late_ms_max']:.1f} ms late (p99 "
        f"{found['publisher']['late_ms_p99']:.1f})"
    )
    if lost := found["lost_stamps"]:
        more = f" and {len(lost) - SHOWN_STAMPS} more" if len(lost) > SHOWN_STAMPS else ""
        console.print(f"without answer: {', '.join(map(str, lost[:SHOWN_STAMPS]))}{more}")
    for line in verdicts(found):
        console.print(line)
    for line in disagreements(found):
        console.print(f"[bold red]ACCOUNTS DIFFER[/] {line}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--rate", type=float, default=10.0, help="sweeps a second")
    parser.add_argument("--reliability", choices=("best_effort", "reliable"), default="best_effort")
    parser.add_argument("--depth", type=int, help="input.depth; default: the node's")
    add_node_options(parser, Path("latency.log"))
    options = parser.parse_args()
    console = Console()
    try:
        with quiet_domain() as scratch, console.status("a street, then the node, then sweeps"):
            found = measure(options, scratch)
    except ZeroflowError as error:
        console.print(f"latency: error: {error}")
        return 1
    show(found, console)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2))
    return 1 if disagreements(found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
