# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Report: evaluate sweeps, and write tables, numbers and pictures of the outcome."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.files import written_atomically
from zeroflow_ros.rendering import save_png
from zeroflow_training.evaluation.bucketed import Bucketed, by_class, mean_over
from zeroflow_training.evaluation.classes import BOARD, JUDGED, MOVERS, PointClass
from zeroflow_training.evaluation.pair import EvaluatedPair
from zeroflow_training.evaluation.pictures import draw_pair, draw_speeds
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
ALL, MEAN = "any class", "mean of the classes"

EPE = (
    Column("three-way m", "threeway_m", ".4f"),
    Column("FD", "dynamic_foreground_m", ".4f"),
    Column("FS", "static_foreground_m", ".4f"),
    Column("BS", "static_background_m", ".4f"),
)
FALSE_MOTION = Column("false motion", "false_motion", ".2%")
RECALL = Column("recall", "dynamic_recall", ".1%")
MOVING = Column("moving points", "dynamic_points", ",.0f")


def evaluate(pairs: Iterable[EvaluatedPair], out: Path) -> Results:
    """Judge sweeps one after the other and write a report into the folder `out`.

    Raises ZeroflowError where there is no sweep, or one is not fit to be judged.
    """
    results = Results.nothing()
    for pair in pairs:
        results = results + Results.of(pair)
    write_report(results, out)
    return results


def write_report(results: Results, out: Path) -> None:
    """Write results.json (every number), results.md, speeds.png and worst_1.png and so on.

    Raises ZeroflowError where there is no sweep, or `out` cannot be written.
    """
    if not results.sweeps:
        raise ZeroflowError(f"nothing to write into '{out}': there was no sweep to evaluate")
    with written_atomically(out / "results.json") as scratch:
        scratch.write_text(json.dumps(numbers(results), indent=2) + "\n")
    with written_atomically(out / "results.md") as scratch:
        scratch.write_text("\n".join(table.markdown() for table in tables(results)))
    title = f"error by speed, {results.sweeps} sweeps, {CLOSE}"
    draw_speeds(_groups(results.tally, CLOSE), title, out / "speeds.png")
    for rank, (error_m, pair) in enumerate(results.worst, 1):
        heading = f"{rank}. {pair.name}: motion error {100 * error_m:.2f} cm"
        save_png(draw_pair(pair, heading), out / f"worst_{rank}.png")


def tables(results: Results) -> list[Table]:
    """For console and Markdown."""
    tally = results.tally
    return [
        _threeway(tally),
        _threeway_of_movers(tally),
        _classes(tally),
        _ranges(tally),
        Table(
            "speeds",
            "by true speed",
            (Column("normalised", "dynamic_epe_normalised", ".3f"), RECALL, MOVING),
            {name: vars(row) for name, row in by_speed(tally.group()).items()},
        ),
    ]


def numbers(results: Results) -> dict[str, object]:
    """For JSON: the number of sweeps, each table by its key, each bucket, and the worst sweeps."""
    buckets = {
        region: {
            name: Table("buckets", name, (), bucketed.rows()).for_json()
            for name, bucketed in _groups(results.tally, region).items()
        }
        for region in (CLOSE, EVERYWHERE)
    }
    worst = {pair.name: error_m for error_m, pair in results.worst}
    found = {table.key: table.for_json() for table in tables(results)}
    return {"sweeps": results.sweeps, **found, "buckets": buckets, "worst_motion_error_m": worst}


def _groups(tally: Tally, region: str) -> dict[str, Bucketed]:
    """All points, and each class of the board where any of them is known."""
    groups = {ALL: Bucketed.of(tally.group(JUDGED, region))}
    if _knows_movers(tally):
        groups |= {CLASS_NAMES[k]: found for k, found in by_class(tally, region).items()}
    return groups


def _knows_movers(tally: Tally) -> bool:
    return tally.group(MOVERS).between().points > 0


def _threeway(tally: Tally) -> Table:
    columns = (
        *EPE,
        Column("dynamic IoU", "dynamic_iou", ".3f"),
        Column("FD strict", "dynamic_foreground_accuracy_strict", ".1%"),
        Column("FD relaxed", "dynamic_foreground_accuracy_relaxed", ".1%"),
        Column("FD angle rad", "dynamic_foreground_angle_error_rad", ".3f"),
    )
    rows = {region: Threeway.of(tally, region).row() for region in REGIONS}
    return Table("threeway", "three-way error (av2-api)", columns, rows)


def _threeway_of_movers(tally: Tally) -> Table:
    """Signs, cones, trailers and animals left out, as on the boards since 2024."""
    rows = {region: Threeway.of(tally, region, MOVERS).row() for region in (CLOSE, EVERYWHERE)}
    title = "three-way error of the four classes (BucketedSceneFlowEval)"
    return Table("threeway_movers", title, EPE, rows)


def _classes(tally: Tally) -> Table:
    columns = (
        Column(CLOSE, "normalised", ".3f"),
        Column("static m", "static_m", ".4f"),
        Column("everywhere", "normalised_everywhere", ".3f"),
        Column("static m", "static_everywhere_m", ".4f"),
        Column("points from 0.4 m/s", "bucketed_points", ",.0f"),
    )
    near, far = _groups(tally, CLOSE), _groups(tally, EVERYWHERE)
    rows: dict[str, Mapping[str, float]] = {
        name: {
            "normalised": near[name].dynamic,
            "static_m": near[name].static_m,
            "normalised_everywhere": far[name].dynamic,
            "static_everywhere_m": far[name].static_m,
            "bucketed_points": float(far[name].points[1:].sum()),
        }
        for name in near
    }
    if _knows_movers(tally):
        static, dynamic = mean_over(by_class(tally, CLOSE))
        static_everywhere, dynamic_everywhere = mean_over(by_class(tally))
        rows[MEAN] = {
            "normalised": dynamic,
            "static_m": static,
            "normalised_everywhere": dynamic_everywhere,
            "static_everywhere_m": static_everywhere,
            "bucketed_points": float("nan"),
        }
    return Table("bucketed", "bucketed error by class", columns, rows)


def _ranges(tally: Tally) -> Table:
    rows = {}
    for region in REGIONS:
        classes = by_class(tally, region)
        row = {CLASS_NAMES[member]: classes[member].dynamic for member in BOARD}
        row[MEAN] = mean_over(classes)[1]
        row[ALL] = Bucketed.of(tally.group(JUDGED, region)).dynamic
        rows[region] = row | vars(ResidualMetrics.of(tally.group(JUDGED, region)))
    names = [CLASS_NAMES[member] for member in MOVERS] if _knows_movers(tally) else []
    headings = {MEAN: "mean"} | {name: name for name in names} if names else {}
    columns = [Column(heading, key, ".3f") for key, heading in (headings | {ALL: ALL}).items()]
    title = "bucketed error and false motion by range"
    return Table("ranges", title, (*columns, FALSE_MOTION, MOVING), rows)
