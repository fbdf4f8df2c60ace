# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""read_cloud: the points of a cloud file, whatever its format, every row kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zeroflow_ros.clouds.columns import MalformedError, xyz_of
from zeroflow_ros.clouds.pcd import parse_pcd
from zeroflow_ros.clouds.ply import parse_ply
from zeroflow_ros.errors import CloudError
from zeroflow_ros.geometry import Points

_PREFERRED_KEYS = ("points", "xyz")
MAX_COLUMNS = 64  # three or four rows longer than this are x, y, z of a transposed cloud


def read_cloud(path: str | Path) -> Points:
    """Read the points of a cloud file as float32 [N, 3], rows as in the file, NaN rows kept.

    The format follows from the name: .npy and .npz (array [N, >= 3] or with fields x y z; in an
    .npz `points`, else `xyz`, else the first), .pcd (ascii, binary, binary_compressed), .ply
    (ascii, binary), .bin (KITTI, 4 floats a point), .pcd.bin (nuScenes, 5). Coordinates are metres;
    those of a map (kilometres from the origin) lose their millimetres in float32.
    Raises CloudError with the file and what is wrong with it.
    """
    path = Path(path)
    if path.is_dir():
        raise CloudError(f"cloud '{path}' is a folder; name one file in it")
    reader = next((r for suffix, r in _READERS.items() if path.name.lower().endswith(suffix)), None)
    if reader is None:
        raise CloudError(f"cloud '{path}': unknown extension; known are {', '.join(SUFFIXES)}")
    try:
        return reader(path)
    except FileNotFoundError:
        raise CloudError(f"cloud '{path}' does not exist") from None
    except OSError as error:
        raise CloudError(f"cloud '{path}' cannot be read: {error.strerror or error}") from error
    except MalformedError as error:
        raise CloudError(f"cloud '{path}': {' '.join(str(error).split())}") from error


def _read_npy(path: Path) -> Points:
    return _array_points(_load(path))


def _read_npz(path: Path) -> Points:
    archive = _load(path)
    if isinstance(archive, np.ndarray):  # an .npy under the wrong name
        return _array_points(archive)
    with archive:
        keys = archive.files
        key = next((name for name in _PREFERRED_KEYS if name in keys), keys[0] if keys else None)
        if key is None:
            raise MalformedError("the archive is empty")
        try:
            array = archive[key]
        except Exception as error:  # damaged bytes make zlib, zipfile and NumPy raise anything
            raise MalformedError(f"array '{key}' is cut off or damaged ({error})") from error
        try:
            return _array_points(array)
        except MalformedError as error:
            raise MalformedError(f"array '{key}': {error} (arrays: {', '.join(keys)})") from error


def _load(path: Path) -> Any:
    try:
        return np.load(path, allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # damaged bytes make zipfile and NumPy raise anything
        raise MalformedError(f"not a NumPy file, or cut off ({error})") from error


def _array_points(array: npt.NDArray[Any]) -> Points:
    """Points of an array [N, >= 3] of numbers, or of a structured array with x, y, z."""
    if array.dtype.names:
        return xyz_of({name: array[name].reshape(-1) for name in array.dtype.names})
    if array.dtype.kind not in "fiu":
        raise MalformedError(f"holds {array.dtype}, not numbers")
    if array.ndim != 2 or array.shape[1] < 3:
        raise MalformedError(f"has shape {list(array.shape)}, a cloud is [N, 3 or more]")
    if len(array) in (3, 4) and array.shape[1] > MAX_COLUMNS:
        raise MalformedError(f"has shape {list(array.shape)}: transpose it to [N, {len(array)}]")
    return xyz_of({axis: array[:, k] for k, axis in enumerate("xyz")})


def _float_rows(columns: int) -> Callable[[Path], Points]:
    """Reader of headerless little-endian float32 rows."""

    def read(path: Path) -> Points:
        data = path.read_bytes()
        row = 4 * columns
        if not data:
            raise MalformedError("the file is empty")
        if len(data) % row:
            raise MalformedError(
                f"{len(data)} bytes are not a whole number of {row}-byte rows ({columns} float32); "
                "cut off, or another format"
            )
        rows = np.frombuffer(data, "<f4").reshape(-1, columns)
        return xyz_of({axis: rows[:, k] for k, axis in enumerate("xyz")})

    return read


_READERS: dict[str, Callable[[Path], Points]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".pcd": lambda path: parse_pcd(path.read_bytes()),
    ".ply": lambda path: parse_ply(path.read_bytes()),
    ".pcd.bin": _float_rows(5),
    ".bin": _float_rows(4),
}
SUFFIXES = tuple(_READERS)
