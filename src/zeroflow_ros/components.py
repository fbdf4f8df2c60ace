# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Connected components of a graph, in NumPy: the vehicle runs without SciPy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Index = npt.NDArray[np.intp]


def connected_components(nodes: int, a: Index, b: Index) -> Index:
    """Component of each node, numbered from 0 without gaps; edge k joins `a[k]` and `b[k]`.

    Labels fall to the least of the component by hooking and pointer jumping (Shiloach and Vishkin
    1982): rounds over the edges grow with the logarithm of the longest chain.
    """
    label = np.arange(nodes)
    while True:
        at_a, at_b = label[a], label[b]
        least = np.minimum(at_a, at_b)
        lower = label.copy()
        # Old labels are told as well, else only the ends of an edge would learn of it.
        for told in (a, b, at_a, at_b):
            np.minimum.at(lower, told, least)
        lower = lower[lower]
        if (lower == label).all():
            return np.unique(label, return_inverse=True)[1]
        label = lower
