# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whole scenes: random ones of several kinds, and an analytic one to check against."""

from .analytic import box_scene
from .base import Scene
from .kinds import KINDS, draw_scene

__all__ = ["KINDS", "Scene", "box_scene", "draw_scene"]
