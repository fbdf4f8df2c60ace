# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Argoverse 2 (Wilson et al. 2021) straight from its files: sweeps, poses, maps and flow labels."""
