# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Settings: the node's parameters, one typed definition from which everything is generated."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import cast

from zeroflow_ros.coloring import MAX_SPEED_MPS
from zeroflow_ros.engines.backends import BACKENDS
from zeroflow_ros.geometry import Transform, from_roll_pitch_yaw
from zeroflow_ros.ros.parameter import Parameter, When, parameter

EGO_MOTION_SOURCES = ("auto", "tf", "odometry", "kiss_icp", "none")
LEVELLING_SOURCES = ("auto", "tf", "parameter", "ground")


@dataclass(frozen=True)
class Settings:
    """Values of all parameters at one time."""

    autostart: bool = parameter(
        "autostart",
        True,
        "Configure and activate at the start. false: wait for a lifecycle manager.",
        when=When.START,
    )
    build_only: bool = parameter(
        "build_only",
        False,
        "Load the model, build its engine where there is none yet, and end.",
        when=When.START,
    )
    model: str = parameter(
        "model", "", "Path of an exported model, or name of a bundled one. Empty: the default."
    )
    backend: str = parameter(
        "backend",
        "auto",
        "What runs the network. auto: TensorRT where it runs, else ONNX Runtime on a GPU, else on"
        " the CPU; the log says which and why. Any other is taken, or configuring fails.",
        choices=BACKENDS,
    )
    gpu: int = parameter("gpu", 0, "Which GPU, as CUDA counts.", minimum=0, maximum=63)
    engine_cache: str = parameter(
        "engine_cache",
        "",
        "Folder of TensorRT engines, which take minutes to build. Empty: $ZEROFLOW_CACHE, else"
        " zeroflow in the user's cache folder.",
    )
    threads: int = parameter(
        "threads", 0, "CPU threads. 0: one for each usable core.", minimum=0, maximum=256
    )
    ego_motion_source: str = parameter(
        "ego_motion.source",
        "auto",
        "Where the sensor's own motion comes from. tf: the transform from ego_motion.fixed_frame;"
        " odometry: nav_msgs/Odometry on ~/input/odometry; kiss_icp: the sweeps themselves (needs"
        " kiss-icp and much of a core); none: you declare that the sensor stands still; auto: the"
        " first of tf, odometry and kiss_icp that is there.",
        choices=EGO_MOTION_SOURCES,
    )
    ego_motion_fixed_frame: str = parameter(
        "ego_motion.fixed_frame",
        "odom",
        "Frame of the world that does not jump, for ego_motion.source = tf.",
    )
    ego_motion_timeout: float = parameter(
        "ego_motion.timeout",
        0.1,
        "How long a sweep waits for the pose at its stamp, of tf or odometry.",
        unit="s",
        minimum=0.0,
        maximum=1.0,
    )
    sensor_in_base: tuple[float, ...] = parameter(
        "sensor_in_base",
        (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        "Mounting of the lidar in the odometry's child frame: x, y, z, roll, pitch, yaw. Used with"
        " ego_motion.source = odometry. All zero: asked of tf where the frames differ.",
        unit="m, rad",
    )
    levelling_source: str = parameter(
        "levelling.source",
        "auto",
        "How the sensor stands above the ground. tf: by its transform from levelling.base_frame;"
        " parameter: upright, at sensor_height; ground: estimated from the points; auto: parameter"
        " where sensor_height is given, else ground.",
        choices=LEVELLING_SOURCES,
    )
    levelling_base_frame: str = parameter(
        "levelling.base_frame",
        "base_link",
        "Frame of the vehicle, z up, for levelling.source = tf.",
    )
    levelling_base_height: float = parameter(
        "levelling.base_height",
        0.0,
        "Height of that frame's origin above the ground.",
        unit="m",
        minimum=-5.0,
        maximum=20.0,
    )
    sensor_height: float = parameter(
        "sensor_height",
        0.0,
        "Height of an upright lidar above the ground. 0: not known.",
        unit="m",
        minimum=0.0,
        maximum=20.0,
    )
    deskew: str = parameter(
        "deskew",
        "auto",
        "auto: clouds that carry the time of each point are deskewed by the ego motion, unless they"
        " look as if they were before. off: all are taken as they come.",
        choices=("auto", "off"),
    )
    input_reliability: str = parameter(
        "input.reliability",
        "best_effort",
        "QoS of ~/input/pointcloud. best_effort fits every driver; reliable loses no sweep of a"
        " driver or bag that offers it.",
        choices=("best_effort", "reliable"),
        when=When.START,
    )
    input_depth: int = parameter(
        "input.depth",
        5,
        "QoS history of ~/input/pointcloud. The latest sweep wins in any case; with 1, the"
        " middleware drops sweeps that nobody counts.",
        minimum=1,
        maximum=100,
        when=When.START,
    )
    crop_box: tuple[float, ...] = parameter(
        "input.crop_box",
        (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        "What the lidar sees of its own vehicle: x, y, z of one corner and of the opposite one, in"
        " the cloud's frame. Points inside get no flow (valid 0). All zero: none.",
        unit="m",
        when=When.ALWAYS,
    )
    colors_max_speed: float = parameter(
        "colors.max_speed",
        MAX_SPEED_MPS,
        "Speed of the strongest colours.",
        unit="m/s",
        minimum=0.1,
        maximum=100.0,
        when=When.ALWAYS,
    )
    markers_min_speed: float = parameter(
        "markers.min_speed",
        0.5,
        "Points slower than that get no arrow.",
        unit="m/s",
        minimum=0.0,
        maximum=100.0,
        when=When.ALWAYS,
    )
    markers_seconds: float = parameter(
        "markers.seconds",
        0.5,
        "An arrow is as long as its point travels in that time.",
        unit="s",
        minimum=0.01,
        maximum=10.0,
        when=When.ALWAYS,
    )
    markers_max_count: int = parameter(
        "markers.max_count",
        2000,
        "At most so many arrows, spread over the moving points.",
        minimum=1,
        maximum=8000,
        when=When.ALWAYS,
    )
    diagnostics_slow_ms: float = parameter(
        "diagnostics.slow_ms",
        100.0,
        "Above it the pipeline is called SLOW: the work for one sweep.",
        unit="ms",
        minimum=1.0,
        maximum=10000.0,
        when=When.ALWAYS,
    )
    diagnostics_stale_s: float = parameter(
        "diagnostics.stale_s",
        1.0,
        "Without sweeps for so long, the node is WAITING; with sweeps, but no flow, STALE.",
        unit="s",
        minimum=0.1,
        maximum=60.0,
        when=When.ALWAYS,
    )

    @property
    def given_mounting(self) -> Transform | None:
        """The mounting, where the user gave one."""
        return self.mounting if any(self.sensor_in_base) else None

    @property
    def mounting(self) -> Transform:
        """Base frame <- sensor frame, [4, 4]."""
        x, y, z, roll, pitch, yaw = self.sensor_in_base
        return from_roll_pitch_yaw((x, y, z), roll, pitch, yaw)


def definitions() -> list[Parameter]:
    """All parameters, in the order in which they are shown."""
    return [cast(Parameter, field.metadata["parameter"]) for field in dataclasses.fields(Settings)]
