# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What pyproject.toml cannot say: two source folders, and the files that ROS looks for."""

from glob import glob

from setuptools import find_packages, setup

NAME = "zeroflow_ros"
SHARE = f"share/{NAME}"

distribution = setup(
    packages=[*find_packages("src"), *find_packages("training"), f"{NAME}.models"],
    package_dir={
        NAME: f"src/{NAME}",
        "zeroflow_training": "training/zeroflow_training",
        f"{NAME}.models": "models",
    },
    package_data={
        f"{NAME}.models": ["*.onnx", "*.ckpt", "*.json", "*.md"],
        f"{NAME}.ros": ["*.xml"],
        NAME: ["py.typed"],
        "zeroflow_training": ["configs/*.yaml"],
    },
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (SHARE, ["package.xml"]),
        (f"{SHARE}/config", sorted(glob("config/*"))),
        (f"{SHARE}/launch", sorted(glob("launch/*.launch.py"))),
        (f"{SHARE}/rviz", sorted(glob("rviz/*.rviz"))),
        # pip puts console scripts into bin, where `ros2 run` does not look.
        (f"lib/{NAME}", ["scripts/scene_flow_node"]),
    ],
    zip_safe=False,
)
# colcon reads the distribution back as Python literals, and a SpecifierSet is none. By now pip has
# built what it asked for.
distribution.python_requires = distribution.metadata.python_requires = None
