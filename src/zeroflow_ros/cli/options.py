# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Options that several verbs have: how a recording is to be read."""

from __future__ import annotations

from collections.abc import Sequence
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


def _crop_box(text: str) -> Sequence[float]:
    """The six numbers of --crop-box. Raises BadParameter."""
    from zeroflow_ros.crop_box import require_box

    try:
        box = [float(number) for number in text.split(",")]
        require_box(box)
    except ValueError as error:
        raise typer.BadParameter(
            f"'{text}' is not two corners of a box: give six numbers in m with commas between "
            "them, as -2.5,-1.1,-1.9,2.5,1.1,0.3"
        ) from error
    return box


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
CropBox = Annotated[
    Sequence[float] | None,
    typer.Option(
        metavar="X,Y,Z,X,Y,Z",
        parser=_crop_box,
        help="Two opposite corners of what the lidar sees of its own vehicle, metres in the "
        "clouds' frame; points inside are left out.",
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
