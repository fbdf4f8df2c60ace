# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`python -m zeroflow_ros.cli`, for when the command is not on the PATH."""

from zeroflow_ros.cli.main import main

main()
