# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Errors that are meant to be read by a person: what was wrong, where, and what to do."""

import os


class ZeroflowError(Exception):
    """Base of all errors that command line and node print in one line, without traceback."""


def interrupted(error: BaseException | None) -> bool:
    """Whether an error came of Ctrl-C: compiled code makes a SystemError of it on the way."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def pass_interrupt(error: BaseException) -> None:
    """Raise KeyboardInterrupt if that is what `error` came of.

    For handlers that take any error of a library for damaged data: Ctrl-C is none.
    """
    if interrupted(error):
        raise KeyboardInterrupt from error


class CloudError(ZeroflowError):
    """A point cloud, message or cloud file that cannot be read as points."""


class BagError(ZeroflowError):
    """A bag that cannot be read or written, or that lacks what was asked of it."""


class DataError(ZeroflowError):
    """Training data or labels that are missing, damaged, or do not belong together."""


class ModelError(ZeroflowError):
    """A model file that is missing, damaged, foreign, or newer than this package understands."""


class EngineError(ZeroflowError):
    """An inference engine that is missing, cannot run here, or does not answer as it should."""


class NoDriverError(EngineError):
    """There is no NVIDIA driver on this machine."""


class EgoMotionError(ZeroflowError):
    """Ego motion that was asked for and cannot be had."""


class MissingPackageError(ZeroflowError):
    """An optional package that is needed now; the message says how to install it."""

    def __init__(self, package: str, purpose: str, extra: str) -> None:
        super().__init__(
            f"{purpose} needs the Python package '{package}': pip install 'zeroflow_ros[{extra}]'"
        )


class MissingRosError(ZeroflowError):
    """There is no ROS in reach of this Python, or not all of it; the message says what to do."""

    def __init__(self, package: str, purpose: str) -> None:
        distribution = os.environ.get("ROS_DISTRO", "jazzy")
        super().__init__(
            f"{purpose} needs ROS 2, and this Python finds no '{package}': "
            f"source /opt/ros/{distribution}/setup.bash, or where ROS is not installed, "
            "pip install 'zeroflow_ros[ros]'; zeroflow doctor says more"
        )


class MissingRosPackageError(ZeroflowError):
    """A ROS package that pip does not bring; the message says how to install it."""

    def __init__(self, package: str, purpose: str, apt_package: str) -> None:
        distribution = os.environ.get("ROS_DISTRO", "$ROS_DISTRO")
        super().__init__(
            f"{purpose} needs the ROS package '{package}': "
            f"sudo apt install ros-{distribution}-{apt_package}"
        )


class ParameterError(ZeroflowError):
    """Parameters of the node whose values do not go together."""
