# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FrameTree: the TF frames of a recording, and fixed transforms between them."""

from __future__ import annotations

from collections import deque

import numpy as np

from zeroflow_ros.errors import EgoMotionError
from zeroflow_ros.geometry import Transform, invert

_FIXED_METRES, _FIXED_RADIANS = 0.01, 0.005
"""A frame that stays within these on /tf is fixed (a state publisher repeats it with rounding)."""


class FrameTree:
    """Transforms between frames; an edge that changes over the recording is known as moving."""

    def __init__(self) -> None:
        """An empty tree."""
        self._edges: dict[str, dict[str, Transform]] = {}
        self._moving: set[frozenset[str]] = set()

    def add(self, parent: str, child: str, pose: Transform) -> None:
        """Add one transform message: `pose` is parent <- child, [4, 4] in metres."""
        parent, child = _name(parent), _name(child)
        known = self._edges.get(parent, {}).get(child)
        if known is None:
            self._edges.setdefault(parent, {})[child] = pose
            self._edges.setdefault(child, {})[parent] = invert(pose)
        elif _differ(known, pose):
            self._moving.add(frozenset((parent, child)))

    @property
    def frames(self) -> list[str]:
        """Names of all frames, sorted."""
        return sorted(self._edges)

    def lookup(self, target: str, source: str) -> Transform:
        """Fixed transform target <- source, [4, 4].

        Raises EgoMotionError when the frames are not connected, or only through moving ones.
        """
        target, source = _name(target), _name(source)
        if target == source:
            return np.eye(4)
        pose = self._search(target, source, with_moving=False)
        if pose is not None:
            return pose
        if self._search(target, source, with_moving=True) is not None:
            raise EgoMotionError(
                f"the transform between '{target}' and '{source}' changes during the recording"
            )
        known = ", ".join(self.frames) or "none"
        raise EgoMotionError(
            f"no transform connects '{target}' with '{source}' (frames in TF: {known})"
        )

    def _search(self, target: str, source: str, *, with_moving: bool) -> Transform | None:
        """Breadth first from the target, composing target <- frame on the way."""
        reached: dict[str, Transform] = {target: np.eye(4)}
        queue = deque([target])
        while queue:
            frame = queue.popleft()
            for neighbour, pose in self._edges.get(frame, {}).items():
                moving = frozenset((frame, neighbour)) in self._moving
                if neighbour in reached or (moving and not with_moving):
                    continue
                reached[neighbour] = reached[frame] @ pose
                queue.append(neighbour)
        return reached.get(source)


def _name(frame: str) -> str:
    return frame.lstrip("/")  # tf1 names


def _differ(a: Transform, b: Transform) -> bool:
    shift = float(np.linalg.norm(a[:3, 3] - b[:3, 3]))
    cosine = (float(np.trace(a[:3, :3].T @ b[:3, :3])) - 1) / 2
    return shift > _FIXED_METRES or float(np.arccos(np.clip(cosine, -1, 1))) > _FIXED_RADIANS
