# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tables of an evaluation: for the console and for Markdown; with every bucket for JSON."""

from __future__ import annotations

from zeroflow_training.evaluation.bucketed import Bucketed, by_class, mean_over
from zeroflow_training.evaluation.classes import MOVERS, PointClass
from zeroflow_training.evaluation.regions import CLOSE, EVERYWHERE, REGIONS
from zeroflow_training.evaluation.residual import ResidualMetrics, by_speed
from zeroflow_training.evaluation.results import Results
from zeroflow_training.evaluation.table import Column, Table
from zeroflow_training.evaluation.tally import Tally
from zeroflow_training.evaluation.threeway import Threeway

CLASS_NAMES = {
    PointClass.BACKGROUND: "background",
    PointClass.CAR: "cars",
    PointClass.OTHER_VEHICLES: "other vehicles",
    PointClass.PEDESTRIAN: "pedestrians",
    PointClass.WHEELED_VRU: "two-wheelers",
}
ALL, MEAN = "any class", "mean"

EPE = (
    Column("three-way m", "threeway_m", ".4f"),
    Column("FD", "dynamic_foreground_m", ".4f"),
    Column("FS", "static_foreground_m", ".4f"),
    Column("BS", "static_background_m", ".4f"),
)
SEGMENTS = (
    Column("dynamic IoU", "dynamic_iou", ".3f"),
    Column("FD strict", "dynamic_foreground_accuracy_strict", ".1%"),
    Column("FD relaxed", "dynamic_foreground_accuracy_relaxed", ".1%"),
    Column("FD angle rad", "dynamic_foreground_angle_error_rad", ".3f"),
)
DYNAMIC = Column("dynamic EPE m", "dynamic_epe_m", ".3f")
NORMALISED = Column("normalised", "dynamic_epe_normalised", ".3f")
BUCKETED = Column("bucketed", "dynamic_epe_bucketed", ".3f")
STATIC = Column("static EPE m", "static_epe_m", ".4f")
FALSE_MOTION = Column("false motion", "false_motion", ".2%")
RECALL = Column("recall", "dynamic_recall", ".1%")
MOVING = Column("moving points", "dynamic_points", ",.0f")


def tables(results: Results) -> list[Table]:
    """For console and Markdown; every one of them is in the JSON as well."""
    tally = results.tally
    made = (_threeway, _threeway_of_movers, _classes, _ranges, _speeds)
    return [make(tally) for make in made]


def numbers(results: Results) -> dict[str, object]:
    """For JSON: the number of sweeps, each table by its key, each bucket, and the worst sweeps."""
    buckets = {
        region: {
            name: Table("buckets", name, (), bucketed.rows()).for_json()
            for name, bucketed in bucketed_groups(results.tally, region).items()
        }
        for region in REGIONS
    }
    worst = {pair.name: error_m for error_m, pair in results.worst}
    found = {table.key: table.for_json() for table in tables(results)}
    return {"sweeps": results.sweeps, **found, "buckets": buckets, "worst_motion_error_m": worst}


def bucketed_groups(tally: Tally, region: str) -> dict[str, Bucketed]:
    """All points, and each class of the board where any of them is known; by name."""
    groups = {ALL: Bucketed.of(tally.group(region=region))}
    if tally.group(MOVERS).between().points > 0:
        groups |= {CLASS_NAMES[k]: found for k, found in by_class(tally, region).items()}
    return groups


def _threeway(tally: Tally) -> Table:
    rows = {region: Threeway.of(tally, region).row() for region in REGIONS}
    return Table("threeway", "three-way error (av2-api)", (*EPE, *SEGMENTS), rows)


def _threeway_of_movers(tally: Tally) -> Table:
    """Signs, cones, signal trailers and animals left out, as BucketedSceneFlowEval does."""
    rows = {region: Threeway.of(tally, region, MOVERS).row() for region in REGIONS}
    return Table("threeway_movers", "three-way error, four classes (BSE)", EPE, rows)


def _classes(tally: Tally) -> Table:
    """Bucketed errors near by and everywhere, and their means where any class is known."""
    columns = (
        Column(CLOSE, "normalised", ".3f"),
        Column("static m", "static_m", ".4f"),
        Column(EVERYWHERE, "normalised_everywhere", ".3f"),
        Column("static m", "static_everywhere_m", ".4f"),
        Column("points from 0.4 m/s", "points_everywhere", ",.0f"),
    )
    near, far = (bucketed_groups(tally, region) for region in (CLOSE, EVERYWHERE))
    rows = {
        name: {
            "normalised": near[name].dynamic,
            "static_m": near[name].static_m,
            "normalised_everywhere": far[name].dynamic,
            "static_everywhere_m": far[name].static_m,
            "points_everywhere": far[name].moving,
        }
        for name in far
    }
    if len(rows) > 1:
        rows[MEAN] = {"points_everywhere": float("nan")}
        rows[MEAN]["static_m"], rows[MEAN]["normalised"] = mean_over(by_class(tally, CLOSE))
        static, dynamic = mean_over(by_class(tally))
        rows[MEAN] |= {"static_everywhere_m": static, "normalised_everywhere": dynamic}
    return Table("bucketed", "bucketed error", columns, rows)


def _ranges(tally: Tally) -> Table:
    rows, names = {}, list(bucketed_groups(tally, EVERYWHERE))
    for region in REGIONS:
        errors = {name: each.dynamic for name, each in bucketed_groups(tally, region).items()}
        mean = mean_over(by_class(tally, region))[1]
        rows[region] = errors | {MEAN: mean} | vars(ResidualMetrics.of(tally.group(region=region)))
    shown = [name for name in (*names, MEAN) if name != CLASS_NAMES[PointClass.BACKGROUND]]
    columns = [Column(name, name, ".3f") for name in shown]
    return Table("ranges", "bucketed error by range", (*columns, FALSE_MOTION, MOVING), rows)


def _speeds(tally: Tally) -> Table:
    columns = (NORMALISED, RECALL, MOVING)
    rows = {name: vars(row) for name, row in by_speed(tally.group()).items()}
    return Table("speeds", "by true speed", columns, rows)
