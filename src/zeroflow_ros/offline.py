# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A recording in, the same recording with flow out: what `zeroflow run` does, callable."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from zeroflow_ros import pointcloud2
from zeroflow_ros.bags import BagReader, BagWriter, Record
from zeroflow_ros.bags.messages import CLOUD, ODOMETRY, TRANSFORMS, colored_message, flow_message
from zeroflow_ros.bags.odometry import recorded_odometry
from zeroflow_ros.bags.reader import COLORED_TOPIC, FLOW_TOPIC
from zeroflow_ros.errors import BagError, CloudError, EgoMotionError
from zeroflow_ros.flow import Flow
from zeroflow_ros.run_summary import RunSummary
from zeroflow_ros.sweep import Sweep

if TYPE_CHECKING:
    from zeroflow_ros.ego_motion import EgoMotion
    from zeroflow_ros.engines.backends import Backend, MakeEngine

EgoMotionChoice = Literal["auto", "odometry", "kiss-icp", "static"]
Progress = Callable[[int, int], None]
MakeMessage = Callable[[Any, Sweep, Flow], Any]
_OUTPUTS: Sequence[tuple[str, MakeMessage]] = (
    (FLOW_TOPIC, flow_message),
    (COLORED_TOPIC, colored_message),
)


class Estimator(Protocol):
    """The part of FlowEstimator that a run needs."""

    def update(self, sweep: Sweep, /) -> Flow:
        """Flow of the newest sweep."""
        ...


def run_bag(
    in_bag: str | Path,
    out_bag: str | Path,
    *,
    topic: str | None = None,
    odometry_topic: str | None = None,
    model: str | Path | None = None,
    backend: Backend | MakeEngine = "auto",
    sensor_height: float | None = None,
    ego_motion: EgoMotionChoice = "auto",
    deskew: bool = True,
    crop_box: Sequence[float] | None = None,
    colored: bool = True,
    overwrite: bool = False,
    make_estimator: Callable[[EgoMotion], Estimator] | None = None,
    progress: Progress | None = None,
) -> RunSummary:
    """Estimate flow for every sweep of a rosbag2 recording; no ROS needed.

    Writes MCAP with the input clouds, odometry and TF as they were, and one flow cloud on
    `/scene_flow/output/flow` for each readable sweep (header of the input; fields as the node's),
    and, unless not `colored`, one in colours for viewers on `/scene_flow/output/flow_colored`.
    `make_estimator` replaces the bundled pipeline; `progress` gets (sweeps done, sweeps in all).
    Raises ZeroflowError, and then leaves no output; a damaged bag is processed as far as it reads,
    which the summary's `problem` says.
    """
    started = time.perf_counter()
    with BagReader(in_bag) as reader:
        cloud_topic = reader.find_cloud_topic(topic)
        if cloud_topic in (FLOW_TOPIC, COLORED_TOPIC):
            raise BagError(f"{cloud_topic} is the output of zeroflow run; choose the lidar's topic")
        writer = BagWriter(out_bag, overwrite=overwrite, source=Path(in_bag))
        source, described = choose_ego_motion(reader, cloud_topic, ego_motion, odometry_topic)
        if make_estimator is None:
            make_estimator = _bundled(model, backend, sensor_height, deskew, crop_box)
        estimator = make_estimator(source)
        summary = RunSummary(
            str(in_bag), str(out_bag), cloud_topic, described, _model_name(estimator)
        )
        with writer:
            outputs = _OUTPUTS if colored else _OUTPUTS[:1]
            process(reader, writer, cloud_topic, estimator, outputs, summary, progress)
        summary.note, summary.damage = reader.note, reader.damage
    summary.wall_s = time.perf_counter() - started
    return summary


def process(
    reader: BagReader,
    writer: BagWriter,
    cloud_topic: str,
    estimator: Estimator,
    outputs: Sequence[tuple[str, MakeMessage]],
    summary: RunSummary,
    progress: Progress | None = None,
) -> None:
    """Copy clouds, odometry and TF to `writer`, add `outputs`; raises if no sweep could be read."""
    kept = [t for t in reader.topics.values() if t.type in (ODOMETRY, TRANSFORMS)]
    for name, type_, _, _, qos in [reader.topics[cloud_topic], *kept]:
        writer.add_topic(name, type_, reader.typestore, qos)
    for name, _ in outputs:
        writer.add_topic(name, CLOUD)
    frame: str | None = None
    for record in reader.records([cloud_topic, *(t.name for t in kept)]):
        writer.write(record.topic, record.log_ns, record.data)
        if record.topic != cloud_topic:
            continue
        try:
            message, sweep = read_sweep(reader, record, frame)
        except (BagError, CloudError) as error:
            summary.skip(str(error))
        else:
            frame = sweep.frame_id
            flow = estimator.update(sweep)
            for name, make in outputs:
                writer.write_message(name, record.log_ns, make(message, sweep, flow))
            summary.add(flow)
        if progress is not None:
            progress(summary.sweeps, reader.topics[cloud_topic].message_count)
    if not summary.statuses:
        reasons = "; ".join(summary.skipped) or reader.damage or "the topic is empty"
        raise CloudError(f"no sweep of {cloud_topic} in '{reader.path}' can be used: {reasons}")


def choose_ego_motion(
    reader: BagReader, cloud_topic: str, choice: EgoMotionChoice, odometry_topic: str | None
) -> tuple[EgoMotion, str]:
    """The ego motion for a run and its description: recorded odometry if there is any, else ICP."""
    from zeroflow_ros.ego_motion import KissIcpOdometry, Standstill

    if choice in ("kiss-icp", "static"):
        if odometry_topic is not None:
            raise EgoMotionError(
                f"--odometry-topic {odometry_topic} and --ego-motion {choice} exclude each other"
            )
        if choice == "static":
            return Standstill(), "static (sensor stands still)"
        return KissIcpOdometry(), "KISS-ICP"
    found = reader.find_odometry_topic(odometry_topic)
    if found is not None:
        return recorded_odometry(reader, cloud_topic, found), f"odometry {found}"
    if choice == "odometry":
        raise EgoMotionError(
            f"bag '{reader.path}' has no {ODOMETRY} topic; use --ego-motion kiss-icp"
        )
    return KissIcpOdometry(), "KISS-ICP (the bag has no odometry)"


def read_sweep(reader: BagReader, record: Record, frame: str | None) -> tuple[Any, Sweep]:
    """Message and sweep of a record.

    Raises BagError and CloudError for one that cannot be read, or that comes from another sensor:
    its frame is not `frame`, where one is given.
    """
    message = reader.decode(record)
    sweep = pointcloud2.read_cloud(message)
    if frame is not None and sweep.frame_id != frame:
        raise CloudError(f"frame_id is '{sweep.frame_id}', the first sweep's was '{frame}'")
    return message, sweep


def _bundled(
    model: str | Path | None,
    backend: Backend | MakeEngine,
    sensor_height: float | None,
    deskew: bool,
    crop_box: Sequence[float] | None,
) -> Callable[[EgoMotion], Estimator]:
    """Makes the package's own pipeline."""
    from zeroflow_ros.estimator import FlowEstimator

    return lambda source: FlowEstimator(
        model,
        backend=backend,
        ego_motion=source,
        sensor_height=sensor_height,
        deskew=deskew,
        crop_box=crop_box,
    )


def _model_name(estimator: Any) -> str:
    """As far as it says: a pipeline that replaces ours only has to `update`."""
    card, engine = (getattr(estimator, name, None) for name in ("card", "engine"))
    name = f"{card.name} {card.version}" if card else type(estimator).__name__
    return f"{name}, {engine.description}" if engine else name
