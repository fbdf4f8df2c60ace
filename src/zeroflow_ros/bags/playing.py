# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What has to be known of a bag before it is played to the node."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from zeroflow_ros.bags.messages import ODOMETRY
from zeroflow_ros.bags.reader import FLOW_TOPIC, BagReader

_OUTPUTS = FLOW_TOPIC.rpartition("/")[0]
_CLOCK = "/clock"


class Playing(NamedTuple):
    """Topics of clouds and odometry (None without any), the clouds' `frame`, the topics to be
    `left_out` because the node publishes them itself, and whether the bag has a clock of its own.
    """

    clouds: str
    odometry: str | None
    frame: str
    left_out: tuple[str, ...]
    has_clock: bool


def playing(bag: Path, topic: str | None = None, odometry: str | None = None) -> Playing:
    """Look into a bag, for a launch file.

    Raises BagError where a topic is not there, or the choice is not clear.

    Of several odometry topics none is taken unless it is named: TF may serve as well.
    """
    with BagReader(bag) as reader:
        clouds = reader.find_cloud_topic(topic, option="topic:=NAME")
        known = [each.name for each in reader.topics_of_type(ODOMETRY)]
        if odometry is not None:
            odometry = reader.find_odometry_topic(odometry)
        elif len(known) == 1:
            odometry = known[0]
        first = reader.first_message(clouds)
        names = sorted(reader.topics)
    return Playing(
        clouds=clouds,
        odometry=odometry,
        frame=first.header.frame_id if first is not None else "",
        left_out=tuple(name for name in names if name.startswith(f"{_OUTPUTS}/")),
        has_clock=_CLOCK in names,
    )
