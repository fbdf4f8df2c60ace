# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Submission files of the Argoverse 2 scene flow challenges: one Feather file a sweep, and the zip.

- 2023 (av2-api, EvalAI 2010): LOG/TIMESTAMP_NS.feather with the points of the official mask alone;
  flow with ego motion as float16, and `is_dynamic`.
- 2024 (BucketedSceneFlowEval, EvalAI 2210): LOG/INDEX.feather with every point of the sweep, INDEX
  in ten digits; flow without ego motion as float32, and `is_valid`. Every fifth sweep is sent.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.files import written_atomically
from zeroflow_ros.geometry import Points, Transform
from zeroflow_training.evaluation.pair import with_ego_motion
from zeroflow_training.evaluation.tally import DYNAMIC_M

Mask = npt.NDArray[np.bool_]

FLOW = ("flow_tx_m", "flow_ty_m", "flow_tz_m")
COLUMNS_2023 = {**dict.fromkeys(FLOW, "halffloat"), "is_dynamic": "bool"}
COLUMNS_2024 = {"is_valid": "bool", **dict.fromkeys(FLOW, "float")}
EVERY = 5
CURE = "remove it, and write it again"
MASKS_CURE = "give the zip of masks from the challenge's page"


def name_2023(log: str, stamp_ns: int) -> str:
    """Of a sweep's file in the folder and in the zip. Raises ZeroflowError for no log id."""
    return _name(log, str(stamp_ns))


def name_2024(log: str, index: int) -> str:
    """Of a sweep's file in the folder and in the zip. Raises ZeroflowError for no log id."""
    return _name(log, f"{index:010d}")


def write_2023(
    folder: Path,
    sweep: tuple[str, int],
    points: Points,
    flow: Points,
    next_from_source: Transform,
    mask: Mask,
) -> Path:
    """Write one sweep (log id, timestamp in ns) for the challenge of 2023.

    `points`, `flow` [N, 3]: metres in the frame of the sweep, flow over 0.1 s without ego motion;
    `next_from_source` [4, 4]: that ego motion; `mask` bool [N]: the points that are asked for.
    Raises ZeroflowError for arrays that do not fit together, or flow that is not finite there.
    """
    path = folder / name_2023(*sweep)
    _check(path, "flow", flow, points.shape)
    _check(path, "mask", mask, points.shape[:1])
    with np.errstate(over="ignore"):  # becomes infinite, which is refused below
        total = with_ego_motion(points, flow, next_from_source)[mask].astype(np.float16)
    _check_finite(path, total)
    dynamic = np.linalg.norm(flow[mask].astype(np.float64), axis=1) >= DYNAMIC_M
    return _write(path, dict(zip(FLOW, total.T, strict=True)) | {"is_dynamic": dynamic})


def write_2024(folder: Path, sweep: tuple[str, int], flow: Points, valid: Mask) -> Path:
    """Write one sweep (log id, index in the log from 0) for the challenge of 2024.

    `flow` [N, 3]: metres over 0.1 s without ego motion, in the frame of the sweep; `valid` bool
    [N]: points that got one. N is the whole sweep: points without flow carry 0 and are judged.
    Raises ZeroflowError for arrays that do not fit together, or flow that is not finite.
    """
    path = folder / name_2024(*sweep)
    _check(path, "flow", flow, (len(valid), 3))
    _check(path, "valid", valid, (len(valid),))
    _check_finite(path, flow)
    columns = dict(zip(FLOW, flow.astype(np.float32).T, strict=True))
    return _write(path, {"is_valid": valid.astype(bool)} | columns)


def archive_2023(folder: Path, masks: Path, out: Path) -> Path:
    """Zip the files that the official zip of masks asks for, after a check of each.

    Raises ZeroflowError where one is missing or does not have the mask's number of rows.
    """
    wanted = _rows_of_masks(masks)
    for name, rows in wanted.items():
        _check_file(folder / name, COLUMNS_2023, rows)
    return _zip(folder, wanted, out, {})


def archive_2024(folder: Path, pairs: Mapping[str, int], out: Path, *, supervised: bool) -> Path:
    """Zip every fifth sweep of each log: `pairs` is how many have flow, by log id.

    `supervised`: whether any label of Argoverse 2 was learned from; the board asks. Raises
    ZeroflowError where a file is missing or has other columns.
    """
    names = [
        name_2024(log, index) for log, count in pairs.items() for index in range(0, count, EVERY)
    ]
    for name in names:
        _check_file(folder / name, COLUMNS_2024)
    metadata = json.dumps({"Is Supervised?": supervised}, indent=4)
    return _zip(folder, names, out, {"metadata.json": metadata})


def _name(log: str, stem: str) -> str:
    if not log or Path(log).name != log:
        raise ZeroflowError(f"'{log}' is no log id: it names a folder in the submission")
    return f"{log}/{stem}.feather"


def _check(path: Path, field: str, array: npt.NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        cure = "give one row for each point of the sweep"
        raise ZeroflowError(f"'{path}': {field} has the shape {array.shape}, not {shape}: {cure}")


def _check_finite(path: Path, flow: npt.NDArray[np.floating]) -> None:
    bad = int((~np.isfinite(flow)).any(axis=1).sum())
    if bad:
        cure = "a point without flow carries 0"
        raise ZeroflowError(f"'{path}': flow is not finite (or too long) for {bad} points: {cure}")


def _write(path: Path, columns: Mapping[str, npt.NDArray[Any]]) -> Path:
    import pyarrow
    from pyarrow import feather

    table = pyarrow.table({name: np.ascontiguousarray(rows) for name, rows in columns.items()})
    with written_atomically(path) as scratch:
        feather.write_feather(table, str(scratch))
    return path


def _read(name: object, file: Any, cure: str) -> Any:
    """A pyarrow table."""
    import pyarrow
    from pyarrow import feather

    try:
        return feather.read_table(file)
    except (pyarrow.ArrowException, OSError) as error:
        raise ZeroflowError(f"'{name}' is no Feather file: {cure}: {error}") from error


def names_of_masks(masks: Path) -> list[str]:
    """Of the sweeps that are asked for, see `name_2023`. Raises ZeroflowError for no zip."""
    with _opened(masks) as archive:
        return sorted(name for name in archive.namelist() if name.endswith(".feather"))


def read_masks(masks: Path, names: Iterable[str]) -> Iterator[tuple[str, Mask]]:
    """The points that are asked for, bool [N], of sweeps by their names in the official zip.

    Raises ZeroflowError for a zip or a table that is damaged.
    """
    with _opened(masks) as archive:
        for name in names:
            table = _read(name, io.BytesIO(archive.read(name)), MASKS_CURE)
            yield name, table.column(0).to_numpy().astype(bool)


@contextmanager
def _opened(masks: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(masks) as archive:
            yield archive
    except (zipfile.BadZipFile, OSError) as error:
        raise ZeroflowError(f"cannot read the masks '{masks}': {error}; {MASKS_CURE}") from error


def _rows_of_masks(masks: Path) -> dict[str, int]:
    """How many points of each sweep are asked for, by its name in the zip."""
    found = read_masks(masks, names_of_masks(masks))
    return {name: int(np.count_nonzero(mask)) for name, mask in found}


def _check_file(path: Path, columns: Mapping[str, str], rows: int | None = None) -> None:
    if not path.is_file():
        raise ZeroflowError(f"'{path}' is missing: the challenge wants this sweep, write it first")
    table = _read(path, str(path), CURE)
    found = {field.name: str(field.type) for field in table.schema}
    if found != dict(columns):
        raise ZeroflowError(f"'{path}' has the columns {found}, not {dict(columns)}: {CURE}")
    if rows is not None and len(table) != rows:
        raise ZeroflowError(f"'{path}' has {len(table)} rows, the mask asks for {rows}: {CURE}")


def _zip(folder: Path, names: Iterable[str], out: Path, texts: Mapping[str, str]) -> Path:
    with (
        written_atomically(out) as scratch,
        zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name, text in texts.items():
            archive.writestr(name, text)
        for name in names:
            archive.write(folder / name, name)
    return out
