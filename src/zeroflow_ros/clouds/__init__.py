# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cloud files: npy, npz, pcd, ply and KITTI bin as float32 [N, 3]."""

from zeroflow_ros.clouds.reading import SUFFIXES, read_cloud

__all__ = ["SUFFIXES", "read_cloud"]
