# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""zeroflow_ros: any lidar, per-point velocity, in real time, with no human labels."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = ["Flow", "FlowEstimator", "FlowStatus", "Sweep", "estimate_pair"]
__version__ = "0.1.0"

_MODULES = {
    "Flow": "flow",
    "FlowEstimator": "estimator",
    "FlowStatus": "flow",
    "Sweep": "sweep",
    "estimate_pair": "estimator",
}

if TYPE_CHECKING:
    from zeroflow_ros.estimator import FlowEstimator, estimate_pair
    from zeroflow_ros.flow import Flow, FlowStatus
    from zeroflow_ros.sweep import Sweep
else:

    def __getattr__(name: str) -> object:
        """Import on first use (PEP 562): `zeroflow --help` waits for neither NumPy nor numba."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
