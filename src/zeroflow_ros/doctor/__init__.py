# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What works on this machine, what does not, and what helps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from zeroflow_ros.doctor.finding import Check, Finding, Level

__all__ = ["Check", "Finding", "Level", "all_checks", "examine"]


def all_checks() -> dict[str, Check]:
    """Every check by what it looks at, in the order in which they are shown."""
    from zeroflow_ros.doctor import machine, packages
    from zeroflow_ros.ros import health

    return {
        "Python": machine.python,
        "cores": machine.cores,
        "compiled loops": machine.compiled_loops,
        "bundled models": packages.bundled_models,
        "ONNX Runtime": packages.onnx_runtime,
        "GPU": packages.gpu,
        "TensorRT": packages.tensorrt,
        "engine cache": packages.engine_cache,
        "KISS-ICP": packages.kiss_icp,
        "Patchwork++": packages.patchwork,
        "ROS": health.distribution,
        "middleware": health.middleware,
        "socket buffers": machine.socket_buffers,
    }


def examine(checks: Mapping[str, Check] | None = None) -> list[Finding]:
    """What the checks find (None: all of them); one that fails is a finding as well."""
    checks = all_checks() if checks is None else checks
    return [finding for subject, check in checks.items() for finding in _found(subject, check)]


def _found(subject: str, check: Check) -> Iterable[Finding]:
    try:
        return [found._replace(subject=subject) for found in check()]
    except Exception as error:  # a broken package may raise anything
        why = " ".join(f"{type(error).__name__}: {error}".split())
        return [Finding(Level.broken, why, "install zeroflow_ros again", subject)]
