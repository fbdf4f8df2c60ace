# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How many of something, in words."""


def counted(number: int, noun: str) -> str:
    """The number with its noun: "1 sequence", "1,200 sequences"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
