# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Lidars that exist: beam tables after the public manuals.

Where a maker gives only field of view and resolution the beams are spread evenly ("even"), and
where the table is not public its shape is approximated ("approximate"). Columns and windows are
those at 10 Hz. Azimuth offsets by whole columns sample the same directions and are left out.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from .scan_heads import Nod, ScanHead, SensorModel


def fan(lowest: float, highest: float, beams: int) -> tuple[float, ...]:
    """Evenly spaced elevations, both ends included."""
    return tuple(float(e) for e in np.linspace(lowest, highest, beams))


def _head(columns: int, *bands: Sequence[float], sector_deg: float = 360.0) -> ScanHead:
    elevations = tuple(sorted(e for band in bands for e in band))
    return ScanHead(elevations, columns, sector_deg=sector_deg)


def _ouster(name: str, beams: int, half_view: float, max_range: float) -> SensorModel:
    """Even. Four columns of lasers; the manual's +-3.2 and +-1.1 degrees vary by unit and model,
    and what counts is that neighbouring beams never share an azimuth.
    """
    head = _head(1024, fan(-half_view, half_view, beams))
    heads = head.staggered((3.16, 1.05, -1.07, -3.17))
    return SensorModel(name, heads, max_range, range_noise_m=0.015)


def _rosettes(
    passes: int, columns: int, lines: Sequence[float], nod: Nod, sector_deg: float = 360.0
) -> tuple[ScanHead, ...]:
    """One head a pass over the field of view, one after the other, every other one backwards
    where the view is limited: a place is seen at several times of one sweep.
    """
    return tuple(
        ScanHead(
            tuple(lines),
            columns,
            clockwise=k % 2 == 0 or sector_deg >= 360.0,
            sector_deg=sector_deg,
            turret=k,
            window=(k / passes, (k + 1) / passes),
            # Incommensurate, or all passes would draw the same line.
            nod=Nod(nod.lowest_deg, nod.highest_deg, nod.periods + 0.37 * k),
        )
        for k in range(passes)
    )


def _by_name(models: Iterable[SensorModel]) -> dict[str, SensorModel]:
    return {model.name: model for model in models}


# Velodyne VLP-32C user manual, table 9-2.
_VLP_32C = (
    (-25.0, -15.639, -11.31, -8.843, -7.254, -6.148, -5.333, -4.667, -4.0, -3.667, -3.333)
    + (-3.0, -2.667, -2.333, -2.0, -1.667, -1.333, -1.0, -0.667, -0.333, 0.0, 0.333, 0.667)
    + (1.0, 1.333, 1.667, 2.333, 3.333, 4.667, 7.0, 10.333, 15.0)
)
_VLP_32C_HEAD = _head(1800, _VLP_32C)
# Hesai Pandar64: 1/6 degree between -6 and 2, one degree and more outside.
_PANDAR_64 = (
    (-25.0, -19.0, *fan(-14.0, -7.0, 8)),
    fan(-6.0, 2.0, 49),
    (3.0, 5.0, 8.0, 11.0, 15.0),
)
# Hesai Pandar128: 1/8 degree between -6 and 2, half a degree outside.
_PANDAR_128 = (fan(-25.0, -6.5, 38), fan(-6.0, 1.875, 64), fan(2.0, 14.5, 26))
# Hesai Pandar40P: 1/3 degree between -6 and 2, one degree and more outside.
_PANDAR_40P = (
    (-25.0, -19.0, *fan(-14.0, -7.0, 8)),
    fan(-6.0, 2.0, 25),
    (3.0, 5.0, 8.0, 11.0, 15.0),
)
# RoboSense Helios 5515 (approximate): dense between -16 and 6, coarse above.
_HELIOS_32 = (
    fan(-55.0, -22.0, 6),
    fan(-18.0, 6.0, 19),
    fan(7.5, 15.0, 7),
)
# RoboSense Ruby (approximate): 0.1 degree between -6 and 4, coarser outside.
_RUBY_128 = (fan(-25.0, -6.5, 17), fan(-6.0, 3.0, 91), fan(3.5, 15.0, 20))

SENSORS: dict[str, SensorModel] = _by_name(
    (
        SensorModel("VLP-16", (_head(1800, fan(-15.0, 15.0, 16)),), range_noise_m=0.015),
        SensorModel("VLP-32C", (_VLP_32C_HEAD,), 180.0),
        SensorModel("HDL-32E", (_head(1800, fan(-30.67, 10.67, 32)),), 100.0),
        # HDL-64E S2 and S3: two blocks of 32, the lower one half as dense.
        SensorModel("HDL-64E", (_head(1800, fan(-24.33, -8.83, 32), fan(-8.33, 2.0, 32)),), 120.0),
        # Velodyne Alpha Prime (approximate): 0.11 degree in the middle, widening outwards.
        SensorModel(
            "VLS-128",
            (_head(1800, fan(-25.0, -6.5, 28), fan(-6.1, 3.9, 80), fan(4.5, 15.0, 20)),),
            220.0,
        ),
        _ouster("OS0-64", 64, 45.0, 50.0),
        _ouster("OS0-128", 128, 45.0, 50.0),
        _ouster("OS1-64", 64, 22.5, 120.0),
        _ouster("OS1-128", 128, 22.5, 120.0),
        _ouster("OS2-128", 128, 11.25, 220.0),
        # Two stacked blocks, the lower upside down, as on the Argoverse 2 cars.
        SensorModel("DUAL-32", (_VLP_32C_HEAD, _VLP_32C_HEAD.flipped((0.0, 0.0, -0.2))), 180.0),
        SensorModel("Pandar64", (_head(1800, *_PANDAR_64),), 200.0),
        SensorModel("Pandar40P", (_head(1800, *_PANDAR_40P),), 200.0),
        SensorModel("Pandar128", (_head(1800, *_PANDAR_128),), 200.0),
        SensorModel("XT32", (_head(2000, fan(-16.0, 15.0, 32)),), 120.0, range_noise_m=0.01),
        # Even; the real one is a little denser around the horizon.
        SensorModel("QT64", (_head(600, fan(-52.1, 52.1, 64)),), 40.0),
        # A turning mirror over 120 degrees (even).
        SensorModel("AT128", (_head(1200, fan(-12.9, 12.5, 128), sector_deg=120.0),), 200.0),
        SensorModel("Helios-32", (_head(1800, *_HELIOS_32),), 150.0),
        SensorModel("Ruby-128", (_head(1800, *_RUBY_128),), 200.0),
        # Livox Mid-360 (approximate): 20 000 points in 0.1 s, four lines, -7 to 52 degrees.
        SensorModel("Mid-360", _rosettes(4, 1250, fan(-1.5, 1.5, 4), Nod(-5.5, 50.5, 41.3)), 70.0),
        # Livox Avia (approximate): 24 000 points in 0.1 s, six lines, 70 x 77 degrees.
        SensorModel(
            "Avia", _rosettes(5, 800, fan(-1.0, 1.0, 6), Nod(-37.0, 37.0, 9.3), 70.0), 190.0
        ),
        # Livox Horizon (approximate): 24 000 points in 0.1 s, six lines, 82 x 25 degrees.
        SensorModel(
            "Horizon", _rosettes(5, 800, fan(-1.0, 1.0, 6), Nod(-11.5, 11.5, 12.4), 82.0), 190.0
        ),
    )
)
