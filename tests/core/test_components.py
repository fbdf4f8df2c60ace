# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The same components as scipy finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zeroflow_ros.components import connected_components


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.integers(0, 400))
def test_components_are_those_of_scipy(seed: int, nodes: int, edges: int) -> None:
    csgraph = pytest.importorskip("scipy.sparse.csgraph")
    sparse = pytest.importorskip("scipy.sparse")
    a, b = np.random.default_rng(seed).integers(0, nodes, (2, edges))
    found = connected_components(nodes, a, b)
    graph = sparse.coo_matrix((np.ones(edges), (a, b)), shape=(nodes, nodes))
    count, expected = csgraph.connected_components(graph, directed=False)
    assert len(np.unique(found)) == found.max() + 1 == count
    assert len(np.unique(np.stack([found, expected]), axis=1).T) == count


def test_a_long_chain_is_one_component() -> None:
    order = np.random.default_rng(0).permutation(5000)
    found = connected_components(5001, order[:-1], order[1:])
    assert (found[:5000] == found[0]).all()
    assert found[5000] != found[0]
