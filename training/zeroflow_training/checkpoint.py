# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of `zeroflow fit`: read safely, and refused in one line when they are not ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from zeroflow_ros.errors import ModelError

# What torch.load and a foreign checkpoint's content may raise.
_UNREADABLE = (EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError, UnpicklingError)


@contextmanager
def opened(path: Path) -> Iterator[Mapping[str, Any]]:
    """The content of a Lightning checkpoint, tensors and plain values only.

    Raises ModelError for a file that is none, or that does not fit what is done with it inside.
    """
    try:
        yield torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        # Of torch's advice after the first sentence, little is sound.
        reason = str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
        raise ModelError(f"'{path}' is no checkpoint of `zeroflow fit` ({reason})") from error
