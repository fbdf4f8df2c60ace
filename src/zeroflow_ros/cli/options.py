# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Options that several verbs have: how a recording is to be read."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class EgoMotionSource(str, Enum):
    """Where the motion of the lidar comes from."""

    auto = "auto"
    odometry = "odometry"
    kiss_icp = "kiss-icp"
    static = "static"


class BackendChoice(str, Enum):
    """What runs the network; the values of engines.backends.Backend."""

    auto = "auto"
    tensorrt = "tensorrt"
    onnxruntime_cuda = "onnxruntime_cuda"
    onnxruntime_cpu = "onnxruntime_cpu"


BackendOption = Annotated[
    BackendChoice,
    typer.Option(help="auto: TensorRT, else ONNX Runtime on a GPU, else on the CPU."),
]
Topic = Annotated[
    str | None, typer.Option(help="PointCloud2 topic; needed when a bag has several.")
]
OdometryTopic = Annotated[
    str | None, typer.Option(help="nav_msgs/Odometry topic; needed when a bag has several.")
]
EgoMotionOption = Annotated[
    EgoMotionSource, typer.Option(help="auto: odometry if the bag has it, else KISS-ICP.")
]
SensorHeight = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        max=20.0,
        help="Metres of the upright lidar above the ground; else measured in the clouds.",
    ),
]
Deskew = Annotated[
    bool,
    typer.Option(
        "--deskew/--no-deskew",
        help="Deskew clouds that carry the time of each point and do not look deskewed.",
    ),
]
ModelOption = Annotated[str | None, typer.Option(help="Bundled model's name or an .onnx file.")]
LookedAtTopic = Annotated[
    str | None,
    typer.Option(
        "--topic",
        help="Flow to show, or clouds to estimate it of; default: flow that the bag holds, else "
        "its only clouds.",
    ),
]
Range = Annotated[
    float,
    typer.Option(
        "--range", min=2.0, max=500.0, help="Metres from the lidar to each edge; less is closer."
    ),
]
MaxSpeed = Annotated[
    float, typer.Option(min=0.5, max=100.0, help="Speed of the strongest colours, m/s.")
]
StartSeconds = Annotated[
    float, typer.Option("--start", min=0.0, help="Seconds after the first sweep to start at.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]
BagPath = Annotated[Path, typer.Argument(metavar="BAG", help="rosbag2 folder, .mcap or .db3 file.")]
