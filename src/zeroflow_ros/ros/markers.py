# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Arrows as markers: one LINE_LIST, because viewers draw thousands of markers slowly."""

from __future__ import annotations

from functools import cache

import numpy as np
from geometry_msgs.msg import Point
from rclpy.duration import Duration
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from zeroflow_ros.arrows import Arrows

NAMESPACE = "flow"
LINE_WIDTH_M = 0.05
LIFETIME = 2.0  # intervals; the arrows of a node that stopped are gone after it


def arrow_markers(header: Header, arrows: Arrows, interval_s: float) -> MarkerArray:
    """The arrows as one marker, for two intervals; without any, the last one is deleted."""
    marker = Marker(header=header, ns=NAMESPACE, type=Marker.LINE_LIST, action=Marker.DELETE)
    marker.pose.orientation.w = 1.0
    if len(arrows.start):
        ends = np.stack([arrows.start, arrows.end], axis=1).reshape(-1, 3).tolist()
        colors = [_color(*rgb) for rgb in arrows.colors.tolist()]
        marker.action = Marker.ADD
        marker.scale.x = LINE_WIDTH_M
        marker.lifetime = Duration(seconds=LIFETIME * interval_s).to_msg()
        marker.points = [Point(x=x, y=y, z=z) for x, y, z in ends]
        marker.colors = [color for color in colors for _ in ("start", "end")]
    return MarkerArray(markers=[marker])


@cache  # of the colour wheel's few thousand; making each anew took as long as all points
def _color(red: int, green: int, blue: int) -> ColorRGBA:
    return ColorRGBA(r=red / 255, g=green / 255, b=blue / 255, a=1.0)
