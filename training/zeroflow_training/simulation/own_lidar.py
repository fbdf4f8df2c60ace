# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""OwnLidar: a lidar of one's own, and the YAML file that describes it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import yaml  # type: ignore[import-untyped]
from pydantic import Discriminator, Field, PlainValidator, Tag, TypeAdapter, ValidationError

from zeroflow_ros.errors import ZeroflowError
from zeroflow_training.wrong_fields import wrong_fields

from .beam_tables import fan
from .scan_heads import ScanHead, SensorModel

COLUMNS = (10, 36_000)  # a sweep, at least and at most
FURTHER_HEADS = 15

Elevation = Annotated[float, Field(ge=-89, le=89)]
Metres = Annotated[float, Field(ge=-20, le=20)]


@dataclass(frozen=True)
class Fan:
    """Evenly spaced beams, both ends included."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    lowest: Annotated[Elevation, Field(alias="from")]
    highest: Annotated[Elevation, Field(alias="to")]
    beams: Annotated[int, Field(ge=2, le=1024)]


def _kind(raw: object) -> str:
    return "fan" if isinstance(raw, dict) else "elevation"


_Beams = Annotated[
    Annotated[Elevation, Tag("elevation")] | Annotated[Fan, Tag("fan")], Discriminator(_kind)
]
_BEAMS: TypeAdapter[tuple[float | Fan, ...]] = TypeAdapter(tuple[_Beams, ...])


def _elevations(raw: object) -> tuple[float, ...]:
    """All beams in ascending order. Raises ValueError for what is no list, or twice the same."""
    if not isinstance(raw, list | tuple) or not raw:
        raise ValueError("a list of degrees is wanted, as [-15, -9, {from: -6, to: 3, beams: 19}]")
    bands = [
        fan(part.lowest, part.highest, part.beams) if isinstance(part, Fan) else (part,)
        for part in _BEAMS.validate_python(raw)
    ]
    found = sorted(elevation for band in bands for elevation in band)
    same = np.flatnonzero(np.diff(found) < 1e-6)
    if len(same):
        raise ValueError(f"two beams at {found[same[0]]:g} degrees")
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class OwnHead:
    """A block of lasers that fires together, in the sensor's frame (x ahead, z up).

    `elevations_deg`: of single beams and of fans `{from: -25, to: -7, beams: 10}`. `columns`:
    firings within the field of view in 0.1 s, or the `azimuth_step_deg` between two. A limited
    `field_of_view_deg` faces `facing_deg`, to the left of ahead. `upside_down`: elevations are
    those of the upright block, as in its manual. `offset_m` of its centre: x, y, z.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    elevations_deg: Annotated[tuple[float, ...], PlainValidator(_elevations)]
    columns: int | None = None
    azimuth_step_deg: Annotated[float, Field(ge=0.001)] | None = None
    field_of_view_deg: Annotated[float, Field(gt=0, le=360)] = 360.0
    facing_deg: Annotated[float, Field(ge=-360, le=360)] = 0.0
    clockwise: bool = True
    upside_down: bool = False
    offset_m: tuple[Metres, Metres, Metres] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        """Raise ValueError for columns that are told twice, not at all, or cannot be simulated."""
        if (self.columns is None) == (self.azimuth_step_deg is None):
            raise ValueError("say either columns or azimuth_step_deg, one of the two")
        if not COLUMNS[0] <= self.firings <= COLUMNS[1]:
            least, most = COLUMNS
            raise ValueError(f"{self.firings} columns: {least} to {most} can be simulated")

    @property
    def firings(self) -> int:
        """Columns of a sweep."""
        if self.azimuth_step_deg is not None:
            return round(self.field_of_view_deg / self.azimuth_step_deg)
        return self.columns or 0

    def head(self, turret: int) -> ScanHead:
        """As the simulation knows it, turning by itself on a `turret`."""
        upright = ScanHead(
            self.elevations_deg,
            self.firings,
            self.clockwise,
            self.offset_m,
            self.field_of_view_deg,
            self.facing_deg,
        )
        block = upright.flipped(self.offset_m) if self.upside_down else upright
        return replace(block, turret=turret)


@dataclass(frozen=True, kw_only=True)
class OwnLidar(OwnHead):
    """A lidar: its only head, or the first one of several."""

    name: Annotated[str, Field(min_length=1)]
    max_range_m: Annotated[float, Field(ge=1, le=1000)] = 100.0
    range_noise_m: Annotated[float, Field(ge=0, le=1)] = 0.02
    more_heads: Annotated[tuple[OwnHead, ...], Field(max_length=FURTHER_HEADS)] = ()

    def model(self) -> SensorModel:
        """As the simulation knows it."""
        heads = tuple(head.head(turret) for turret, head in enumerate((self, *self.more_heads)))
        return SensorModel(self.name, heads, self.max_range_m, self.range_noise_m)


def read_lidar(path: Path) -> SensorModel:
    """Of a YAML file with the fields of OwnLidar.

    Raises ZeroflowError with the file, the field that is wrong, and what is legal.
    """
    names = ", ".join(sorted(field.name for field in fields(OwnLidar)))
    try:
        raw: Any = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise ZeroflowError(f"lidar '{path}': no readable YAML file ({reason})") from error
    if not isinstance(raw, dict):
        raise ZeroflowError(f"lidar '{path}': fields are wanted, `name: value`; there are {names}")
    try:
        return TypeAdapter(OwnLidar).validate_python(raw).model()
    except ValidationError as error:
        wrong = wrong_fields(error, "columns", tags=("elevation", "fan"))
        unknown = any(
            part["type"] == "unexpected_keyword_argument" and len(part["loc"]) == 1
            for part in error.errors()
        )
        known = f"; there are {names}" if unknown else ""
        raise ZeroflowError(f"lidar '{path}': {wrong}{known}") from error
