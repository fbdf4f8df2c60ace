# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The demo: simulated lidar, real node and listener, each its own process, over real DDS."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from zeroflow_ros.bags import BagReader, BagWriter
from zeroflow_ros.bags.messages import CLOUD
from zeroflow_ros.bags.reader import FLOW_TOPIC
from zeroflow_ros.errors import MissingPackageError, ZeroflowError
from zeroflow_ros.rendering import birdseye, save_png
from zeroflow_training.evaluation.residual import ResidualMetrics, residual_metrics
from zeroflow_training.evaluation.trial import NOT_JUDGED, REGION_M
from zeroflow_training.recording import EPOCH_NS, ODOMETRY_TOPIC, record
from zeroflow_training.simulation.mounting import Mounting
from zeroflow_training.simulation.sensors import find_sensor
from zeroflow_training.simulation.simulator import SimulatedSweep, Simulation

if TYPE_CHECKING:
    from zeroflow_ros.ros.probe import FlowSample

RATE_HZ = 10.0
POINTS_IN_SIGHT = 50
START_TIMEOUT_S = 90.0
SEED = 1_000_000_218  # above every training seed; a street full of traffic


@dataclass(frozen=True)
class DemoReport:
    """What the demo measured; latencies from a sweep's stamp to its flow at the listener."""

    sensor: str
    published: int
    answered: int
    points_per_sweep: int
    latency_ms_p50: float
    latency_ms_p99: float
    latency_ms_max: float
    metrics: ResidualMetrics
    picture: Path
    bag: Path


def run_demo(
    folder: Path,
    *,
    seconds: float = 12.0,
    sensor: str = "DUAL-32",
    progress: Callable[[int, int], None] | None = None,
) -> DemoReport:
    """Run the demo and write `flow.png` and the bag `flow.mcap` into `folder`.

    Raises ZeroflowError when the node or the replay fails; their output is in `folder`/node.log.
    """
    _isolate()
    simulation = Simulation(
        SEED,
        sensor=find_sensor(sensor),
        scene_kind="street",
        mounting=Mounting(1.9, 0.0, 0.0),
        rate_hz=RATE_HZ,
        duration_s=seconds,
    )
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="zeroflow-demo-") as scratch:
        street = Path(scratch) / "street"
        with _node(folder / "node.log") as node:
            sweeps = record(simulation, round(seconds * RATE_HZ), street, progress=progress)
            samples = _listen(street, len(sweeps), node, folder / "node.log")
        if not samples:
            raise ZeroflowError(f"the node answered no sweep; see {folder / 'node.log'}")
        matched = _match(samples, sweeps)
        bag = folder / "flow.mcap"
        _write_bag(street, bag, matched)
    picture = _draw(matched, folder / "flow.png")
    latency = np.array([sample.latency_ms for _, sample in matched])
    return DemoReport(
        sensor=sensor,
        published=len(sweeps),
        answered=len(samples),
        points_per_sweep=int(np.mean([len(sweep.points) for sweep in sweeps])),
        latency_ms_p50=float(np.percentile(latency, 50)),
        latency_ms_p99=float(np.percentile(latency, 99)),
        latency_ms_max=float(latency.max()),
        metrics=_measure(matched),
        picture=picture,
        bag=bag,
    )


Matched = list[tuple[SimulatedSweep, "FlowSample"]]


def _isolate() -> None:
    """Keep the demo's topics away from whatever else runs on this network; set before any node."""
    try:
        import rclpy  # noqa: F401
    except ImportError as error:
        raise MissingPackageError("ros-rclpy", "the demo", "demo") from error
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    os.environ.setdefault("ROS_DOMAIN_ID", str(random.SystemRandom().randint(1, 100)))


@contextmanager
def _node(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The real node as a process of its own; its output goes to `log`."""
    # The replay offers reliable clouds, and what is measured here is the node, not lost packets.
    parameters = ["-p", "ego_motion.source:=odometry"]
    parameters += ["-p", "input.reliability:=reliable", "-p", "input.depth:=5"]
    command = [sys.executable, "-m", "zeroflow_ros.ros.scene_flow_node", "--ros-args", *parameters]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listen(street: Path, count: int, node: subprocess.Popen[bytes], log: Path) -> list[FlowSample]:
    """Replay the street into the node and collect its answers."""
    from zeroflow_ros.ros.dds import prepare_dds
    from zeroflow_ros.ros.probe import FlowProbe

    prepare_dds()
    with FlowProbe(depth=count) as probe:
        if not probe.wait_for_publisher(START_TIMEOUT_S) or node.poll() is not None:
            raise ZeroflowError(f"the node did not start; see {log}")
        command = [sys.executable, "-m", "zeroflow_ros.ros.replay", str(street)]
        command += ["--topic", "/lidar/points", "--odometry-topic", ODOMETRY_TOPIC]
        with log.open("ab") as output:
            replay = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
            try:
                timeout_s = START_TIMEOUT_S + 2 * count / RATE_HZ
                return probe.collect(count, timeout_s, lambda: _answers_may_come(node, replay))
            finally:
                replay.terminate()
                replay.wait()


def _answers_may_come(node: subprocess.Popen[bytes], replay: subprocess.Popen[bytes]) -> bool:
    """False once a process is gone; the replay leaves only after its last message has arrived."""
    return node.poll() is None and replay.poll() is None


def _match(samples: list[FlowSample], sweeps: list[SimulatedSweep]) -> Matched:
    """Each answer with the sweep it belongs to; stamps were shifted as a whole by the replay."""
    first_ns = samples[0].stamp_ns
    steps = [round((sample.stamp_ns - first_ns) * 1e-9 * RATE_HZ) for sample in samples]
    # Where the first answer belongs is told by the number of points, of all sweeps together: two
    # of them may well have equally many.
    for start in range(len(sweeps) - max(steps)):
        matched = [(sweeps[start + k], sample) for k, sample in zip(steps, samples, strict=True)]
        if all(len(sweep.points) == sample.message.width for sweep, sample in matched):
            return matched
    raise ZeroflowError("the node's answers do not belong to the sweeps that were published")


def _measure(matched: Matched) -> ResidualMetrics:
    """Residual metrics of all answers with flow, pooled; non-ground points in the region."""
    predicted, truth = [], []
    for sweep, sample in matched:
        flow = sample.columns()
        keep = flow.valid & ~np.isin(sweep.class_id, NOT_JUDGED)
        keep &= (np.abs(sweep.points[:, :2]) < REGION_M).all(1)
        predicted.append(flow.velocity[keep] / np.float32(RATE_HZ))
        truth.append(sweep.flow[keep])
    return residual_metrics(np.concatenate(predicted), np.concatenate(truth))


def _draw(matched: Matched, path: Path) -> Path:
    """The answer with flow in which most movers are in sight, from above."""
    flows = [(sweep, sample.columns()) for sweep, sample in matched]
    sweep, flow = max(
        (pair for pair in flows if pair[1].valid.any()),
        key=lambda pair: _movers(pair[0]),
        default=flows[-1],
    )
    title = f"zeroflow demo: simulated street, {len(sweep.points):,} points"
    return save_png(birdseye(flow.points, flow.velocity, valid=flow.valid, title=title), path)


def _movers(sweep: SimulatedSweep) -> int:
    """How many moving objects have points enough to be seen in a picture."""
    moving = np.abs(sweep.flow).sum(1) > 0.1
    return int((np.bincount(sweep.instance_id[moving]) >= POINTS_IN_SIGHT).sum())


def _write_bag(street: Path, path: Path, matched: Matched) -> None:
    """Flow, odometry and TF of the demo, with the times of the street."""
    from rclpy.serialization import serialize_message

    with BagReader(street) as reader, BagWriter(path, overwrite=True) as writer:
        poses = [reader.topics[name] for name in (ODOMETRY_TOPIC, "/tf")]
        for topic in poses:
            writer.add_topic(topic.name, topic.type)
        writer.add_topic(FLOW_TOPIC, CLOUD)
        for record_ in reader.records([topic.name for topic in poses]):
            writer.write(record_.topic, record_.log_ns, record_.data)
        for sweep, sample in matched:
            stamp_ns = EPOCH_NS + sweep.stamp_ns
            stamp = sample.message.header.stamp
            stamp.sec, stamp.nanosec = divmod(stamp_ns, 1_000_000_000)
            writer.write(FLOW_TOPIC, stamp_ns, serialize_message(sample.message))
