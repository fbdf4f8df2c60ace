# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The six states of the node, and what hides what."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from zeroflow_ros.ros.status import Facts, State, judge

WELL = Facts(
    topic="/points",
    silent_s=0.1,
    flowless_s=0.1,
    heard=True,
    trouble="",
    broken=False,
    slowest_ms=60.0,
    dropped=0,
)


@pytest.mark.parametrize(
    ("facts", "state", "why"),
    [
        ({}, State.OK, "flow leaves in time"),
        ({"silent_s": 1.2}, State.WAITING, "no sweep on /points for 1.2 s"),
        ({"heard": False}, State.IDLE, "nobody listens"),
        # Idle for an hour is no failure, and neither is silence while nobody listens.
        ({"heard": False, "silent_s": 3600.0}, State.WAITING, "no sweep"),
        ({"slowest_ms": 130.4}, State.SLOW, "a sweep took 130 ms, above 100"),
        ({"dropped": 3}, State.SLOW, "3 sweeps dropped lately"),
        ({"flowless_s": 2.5, "trouble": "no ego motion: no odometry"}, State.STALE, "no odometry"),
        ({"flowless_s": 2.5}, State.STALE, "no flow for 2.5 s: the sweep in work takes long"),
        ({"flowless_s": 2.5, "trouble": "no field z", "broken": True}, State.ERROR, "no field z"),
        # One bad cloud is counted, and does not make the whole an error.
        ({"trouble": "no field z", "broken": True}, State.OK, "in time"),
        ({"flowless_s": 2.5, "broken": True, "heard": False, "trouble": "x"}, State.ERROR, "x"),
        ({"flowless_s": 2.5, "dropped": 3}, State.STALE, "takes long"),
    ],
)
def test_the_first_state_that_applies(facts: dict[str, Any], state: State, why: str) -> None:
    found = judge(dataclasses.replace(WELL, **facts), slow_ms=100.0, stale_s=1.0)
    assert found.state is state
    assert why in found.why
