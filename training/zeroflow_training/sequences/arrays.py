# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Arrays by name in one .npz: written whole or not at all, and refused in one line."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import DataError
from zeroflow_ros.files import written_atomically

Arrays = dict[str, npt.NDArray[Any]]


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Atomically and not compressed, which would take ten times as long to read."""
    with written_atomically(path) as scratch, scratch.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]


def read_shape(path: Path, name: str, cure: str) -> tuple[int, ...]:
    """Shape of one array of a file, without its values. Raises DataError as `read_arrays`."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as stream:
            np.lib.format.read_magic(stream)  # type: ignore[no-untyped-call]
            shape: tuple[int, ...] = np.lib.format.read_array_header_1_0(stream)[0]  # type: ignore[no-untyped-call]
            return shape
    except KeyError as error:
        raise DataError(f"'{path}' holds no '{name}': {cure}") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or "not a complete .npz file"
        raise DataError(f"'{path}' cannot be read ({reason}): {cure}") from error


def read_arrays(path: Path, wanted: Sequence[str], cure: str) -> Arrays:
    """All arrays of a file that has at least the `wanted` ones.

    Raises DataError, which ends with the `cure`: how the user gets a whole file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, KeyError) as error:
        reason = getattr(error, "strerror", None) or "not a complete .npz file"
        raise DataError(f"'{path}' cannot be read ({reason}): {cure}") from error
    missing = [name for name in wanted if name not in arrays]
    if missing:
        raise DataError(f"'{path}' holds no '{missing[0]}': {cure}")
    return arrays
