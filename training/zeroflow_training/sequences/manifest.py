# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Manifest: what a sequence is, where it came from, and which sweeps it has."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from zeroflow_ros.errors import DataError

FORMAT = 1
FILE = "manifest.json"

Rows = tuple[tuple[float, ...], ...]


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class Manifest:
    """Written last; `name` is that of the sequence's folder.

    `sensor` and `frame_id` in words; `interval_s`: median time between sweeps; `provenance`: the
    recording it was made of, `ego_motion`: where its poses come from; `licence` of the recording;
    `sensor_to_level` [4, 4]: levelled frame (ground at z = 0 below the sensor, z up) <- sensor;
    `stamps_ns` and `points`: stamp and number of points of each sweep, in ascending time.
    """

    name: str
    sensor: str
    frame_id: str
    interval_s: float
    provenance: str
    ego_motion: str
    licence: str
    sensor_to_level: Rows
    stamps_ns: tuple[int, ...]
    points: tuple[int, ...]
    format: int = FORMAT

    def __post_init__(self) -> None:
        """Raise ValueError for what contradicts itself."""
        if self.format != FORMAT:
            raise ValueError(f"format {self.format}, this package reads {FORMAT}")
        if len(self.stamps_ns) != len(self.points) or not self.stamps_ns:
            raise ValueError(f"{len(self.stamps_ns)} stamps for {len(self.points)} sweeps")
        if list(self.stamps_ns) != sorted(set(self.stamps_ns)):
            raise ValueError("stamps_ns do not ascend")
        if [len(row) for row in self.sensor_to_level] != [4] * 4:
            raise ValueError("sensor_to_level is not [4, 4]")

    @property
    def sensor_height_m(self) -> float:
        """Height of the sensor above the ground."""
        return self.sensor_to_level[2][3]

    def to_json(self) -> str:
        """Indented, for people."""
        return json.dumps(asdict(self), indent=1)

    @staticmethod
    def read(folder: Path) -> Manifest:
        """Raises DataError that names the file, the field and the cure."""
        path = folder / FILE
        try:
            return TypeAdapter(Manifest).validate_json(path.read_bytes())
        except OSError as error:
            raise DataError(
                f"'{folder}' is no sequence: '{FILE}' cannot be read ({error.strerror})"
            ) from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "its content"
            raise DataError(f"'{path}': {where}: {first['msg']}; {import_again(folder)}") from error


def import_again(folder: Path) -> str:
    """The cure of a damaged sequence: while its folder is there, an import passes it over."""
    return f"remove '{folder}' and import again"
