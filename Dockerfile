# syntax=docker/dockerfile:1
# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
#
#   docker build -t zeroflow_ros .                        # the network on the CPU
#   docker build -t zeroflow_ros:cuda --target cuda .     # on an NVIDIA GPU (x86; a Jetson has its own)
#   docker run --rm --net host --ipc host zeroflow_ros \
#       ros2 launch zeroflow_ros flow.launch.py topic:=/lidar/points
#
# --ipc host: large clouds travel in shared memory. With a GPU: --gpus all -v zeroflow:/cache, or the
# engine is built anew by each container. In place of 'ros2 launch': zeroflow doctor, zeroflow run ...
ARG ROS_DISTRO=jazzy

FROM ros:${ROS_DISTRO}-ros-base AS cpu
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /src
COPY package.xml .
# What pip brings in newer versions is skipped.
# hadolint ignore=DL3008
RUN apt-get update \
    && rosdep update --rosdistro "$ROS_DISTRO" \
    && rosdep install --from-paths . --ignore-src --default-yes --dependency-types exec \
        --skip-keys "python3-numba python3-onnxruntime-pip" \
    && apt-get install --yes --no-install-recommends python3-venv "ros-$ROS_DISTRO-rosbag2" \
    && rm -rf /var/lib/apt/lists/*
COPY . .
# ROS's messages are compiled for NumPy 1.
RUN python3 -m venv --system-site-packages /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir 'numpy<2' '.[ground,odometry]' \
    && ln -s /opt/venv/lib/python3.*/site-packages /opt/site-packages
# `ros2 launch` runs on the system's Python and has to find the package as well.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/site-packages \
    AMENT_PREFIX_PATH=/opt/venv \
    NUMBA_CACHE_DIR=/opt/numba \
    ZEROFLOW_CACHE=/cache
# Compiles the loops, and ends the build where something does not work.
# hadolint ignore=SC1090
RUN . "/opt/ros/$ROS_DISTRO/setup.sh" && zeroflow doctor
WORKDIR /work
CMD ["ros2", "launch", "zeroflow_ros", "flow.launch.py"]

# The driver's libraries come from the host.
FROM cpu AS cuda
RUN /opt/venv/bin/pip install --no-cache-dir 'numpy<2' '/src[tensorrt]'
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility

FROM cpu
