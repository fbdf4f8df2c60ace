# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The `zeroflow` command: one file per verb; heavy imports happen inside the verbs."""
