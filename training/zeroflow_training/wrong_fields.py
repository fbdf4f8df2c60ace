# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong in a file that people write, field by field."""

from __future__ import annotations

from pydantic import ValidationError


def wrong_fields(error: ValidationError, whole: str) -> str:
    """Each field and what is legal, in one line; `whole` stands for what no field is to blame."""
    return "; ".join(
        f"{'.'.join(map(str, part['loc'])) or whole}: {part['msg'].removeprefix('Value error, ')}"
        for part in error.errors()
    )
