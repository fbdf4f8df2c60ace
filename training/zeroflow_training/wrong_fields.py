# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong in a file that people write, field by field."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import ValidationError


def wrong_fields(error: ValidationError, whole: str, tags: Collection[str] = ()) -> str:
    """Each field and what is legal, in one line; `whole` stands for what no field is to blame.

    `tags`: what pydantic names beside the fields, and the file does not.
    """
    told = []
    for part in error.errors():
        names = [str(name) for name in part["loc"] if name not in tags]
        told.append(f"{'.'.join(names) or whole}: {part['msg'].removeprefix('Value error, ')}")
    return "; ".join(told)
