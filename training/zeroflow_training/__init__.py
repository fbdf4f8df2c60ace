# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Offline half of zeroflow_ros: simulation, training and export of the student."""
