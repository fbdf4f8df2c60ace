# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The sweeps of a bag with their flow: read where the bag holds it, else estimated.

What `zeroflow picture`, `animate` and `view` show.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from zeroflow_ros import offline, pointcloud2
from zeroflow_ros.bags import BagReader, Record
from zeroflow_ros.bags.odometry import recorded_odometry
from zeroflow_ros.bags.reader import FLOW_TOPIC
from zeroflow_ros.bags.stamps import stamp_of
from zeroflow_ros.errors import BagError, CloudError, ZeroflowError
from zeroflow_ros.flow import MOVING_MPS, FlowStatus
from zeroflow_ros.geometry import Transform
from zeroflow_ros.pointcloud2 import FlowColumns
from zeroflow_ros.sweep import Sweep

if TYPE_CHECKING:
    from zeroflow_ros.ego_motion import EgoMotion

LEAD = 20
"""Sweeps that the estimator sees before the first one wanted: history, level and KISS-ICP's map."""


class Estimator(offline.Estimator, Protocol):
    """The part of FlowEstimator that is needed here."""

    def observe(self, sweep: Sweep, /) -> object:
        """See a sweep of which no flow is wanted."""
        ...


_NO_OPTIONS = ("topic", "make_estimator")  # of how to estimate, for who types


@dataclass(frozen=True)
class FlowChoice:
    """Which flow: of `topic` (None: the bag's flow, else its only clouds), and how to estimate."""

    topic: str | None = None
    model: str | None = None
    sensor_height: float | None = None
    ego_motion: offline.EgoMotionChoice = "auto"
    crop_box: Sequence[float] | None = None
    make_estimator: Callable[[EgoMotion], Estimator] | None = None

    @property
    def how_to_estimate(self) -> list[str]:
        """The options for it that were given, as the verbs have them."""
        given = [each.name for each in fields(self) if getattr(self, each.name) != each.default]
        return [f"--{name.replace('_', '-')}" for name in given if name not in _NO_OPTIONS]


class FlowFrame(NamedTuple):
    """One sweep: its number among the clouds of its topic, `seconds` after the first of them.

    `no_flow` says why nothing is valid, and is empty where something is.
    """

    number: int
    stamp_ns: int
    seconds: float
    columns: FlowColumns
    no_flow: str

    @property
    def moving(self) -> int:
        """Number of points that move."""
        return int(np.count_nonzero(self.columns.valid & (self.columns.speed > MOVING_MPS)))


class Selection(NamedTuple):
    """Numbers of the sweeps from `first` to before `end`, and the usual time between two, s."""

    first: int
    end: int
    interval_s: float


class FlowFrames:
    """Frames of an open bag.

    Raises BagError for a topic that is not there or no cloud, and for a choice how to estimate
    where the flow is there already.
    """

    def __init__(self, reader: BagReader, choice: FlowChoice) -> None:
        """Choose the topic; nothing is read or estimated yet."""
        self._reader, self._choice = reader, choice
        flow = reader.topics.get(FLOW_TOPIC)
        recorded = choice.topic is None and flow is not None and flow.message_count > 0
        self.topic = reader.find_cloud_topic(FLOW_TOPIC if recorded else choice.topic)
        self.estimated = not _holds_flow(reader, self.topic)
        if not self.estimated:
            self._refuse(choice.how_to_estimate)
        self.skipped: list[str] = []

    @property
    def name(self) -> str:
        """Of the bag, for titles; with the topic where its flow is not ours, but exact, say."""
        bag = self._reader.path.resolve().name
        return bag if self.estimated or self.topic == FLOW_TOPIC else f"{bag} {self.topic}"

    def number(self, number: int) -> int:
        """A sweep's number as it is; negative ones count from the end. Raises BagError."""
        count = self._reader.topics[self.topic].message_count
        if not -count <= number < count:
            raise BagError(
                f"there is no sweep {number} of {self.topic} in '{self._reader.path}': "
                f"choose from 0 to {count - 1}, or from -{count} to -1 (the last)"
            )
        return number % count

    def within(self, start_s: float, seconds: float) -> Selection:
        """The sweeps in a time span, counted from the first one's stamp. Raises BagError."""
        stamps: list[int] = []
        for record in self._records():
            stamps.append(stamp_of(record.data))
            if stamps[-1] - stamps[0] >= (start_s + seconds) * 1e9:
                break
        ages = (np.array(stamps, np.int64) - (stamps or [0])[0]) * 1e-9
        wanted = np.flatnonzero((ages >= start_s) & (ages < start_s + seconds))
        if not len(wanted):
            last = f"the last one comes {ages.max():.1f} s after the first" if stamps else "none"
            raise BagError(
                f"no sweep of {self.topic} in '{self._reader.path}' is in the {seconds:g} s after "
                f"--start {start_s:g}: {last}"
            )
        gaps = np.diff(ages)
        interval_s = float(np.median(gaps[gaps > 0])) if (gaps > 0).any() else 0.1
        return Selection(int(wanted[0]), int(wanted[-1]) + 1, interval_s)

    def frames(self, first: int, end: int) -> Iterator[FlowFrame]:
        """Sweeps with these numbers that can be read; `skipped` says what is wrong with others."""
        make = self._estimated if self.estimated else self._recorded
        before: deque[Record] = deque(maxlen=LEAD)
        first_ns: int | None = None
        for number, record in enumerate(self._records()):
            if number >= end:
                return
            first_ns = stamp_of(record.data) if first_ns is None else first_ns
            if number < first:
                before.append(record)
                continue
            try:
                stamp_ns, columns, no_flow = make(record, before)
            except (BagError, CloudError) as error:
                self.skipped.append(f"sweep {number}: {error}")
                continue
            yield FlowFrame(number, stamp_ns, (stamp_ns - first_ns) * 1e-9, columns, no_flow)

    def pose(self, stamp_ns: int) -> Transform | None:
        """Where the lidar was at a sweep that `frames` gave, [4, 4]; None where nobody knows."""
        source = self._estimation[0] if self.estimated else self._odometry
        return source.pose(stamp_ns) if source is not None else None

    def _refuse(self, options: Sequence[str]) -> None:
        """Raise BagError for options that would do nothing, and say how they would."""
        if not options:
            return
        clouds = self._reader.input_clouds()
        anew = " or ".join(f"--topic {topic.name}" for topic in clouds)
        cure = f"to estimate it anew, add {anew}" if clouds else "the bag holds no other clouds"
        raise BagError(
            f"{', '.join(options)}: '{self._reader.path}' holds the flow that is shown, "
            f"{self.topic}, and none is estimated; {cure}"
        )

    def _records(self) -> Iterator[Record]:
        return self._reader.records([self.topic])

    def _recorded(self, record: Record, _: object) -> tuple[int, FlowColumns, str]:
        columns = pointcloud2.read_flow(self._reader.decode(record))
        no_flow = "" if columns.valid.any() else "the bag has none for this sweep"
        return stamp_of(record.data), columns, no_flow

    def _estimated(self, record: Record, before: deque[Record]) -> tuple[int, FlowColumns, str]:
        _, estimator = self._estimation
        while before:
            try:
                estimator.observe(self._sweep(before.popleft()))
            except (BagError, CloudError):
                continue  # a sweep that is not shown; the one that is has a history without it
        sweep = self._sweep(record)
        flow = estimator.update(sweep)
        no_flow = "" if flow.status is FlowStatus.ESTIMATED else flow.status.value
        return sweep.stamp_ns, FlowColumns.of(sweep, flow), no_flow

    def _sweep(self, record: Record) -> Sweep:
        return offline.read_sweep(self._reader, record, None)[1]

    @cached_property
    def _estimation(self) -> tuple[EgoMotion, Estimator]:
        """Ego motion and estimator; made when the first sweep is wanted, because it takes time."""
        choice = self._choice
        source, _ = offline.choose_ego_motion(self._reader, self.topic, choice.ego_motion, None)
        if choice.make_estimator is not None:
            return source, choice.make_estimator(source)
        from zeroflow_ros.estimator import FlowEstimator

        return source, FlowEstimator(
            choice.model,
            ego_motion=source,
            sensor_height=choice.sensor_height,
            crop_box=choice.crop_box,
        )

    @cached_property
    def _odometry(self) -> EgoMotion | None:
        """Poses for flow that is in the bag; None where it does not hold them."""
        try:
            topic = self._reader.find_odometry_topic()
            return recorded_odometry(self._reader, self.topic, topic) if topic else None
        except ZeroflowError:  # of several, of another frame: what is looked at does without
            return None


def _holds_flow(reader: BagReader, topic: str) -> bool:
    message = reader.first_message(topic)
    names = {field.name for field in message.fields} if message is not None else set()
    return {"vx", "vy", "vz", "valid"} <= names
