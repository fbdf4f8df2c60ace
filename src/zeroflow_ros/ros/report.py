# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the node says of itself: its state as reports for /diagnostics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from zeroflow_ros.engines import GpuEngine
from zeroflow_ros.errors import EngineError
from zeroflow_ros.ros.cloud_input import CloudInput
from zeroflow_ros.ros.diagnostics import Report
from zeroflow_ros.ros.ledger import RECENT_S, Ledger, Times
from zeroflow_ros.ros.pipeline import Pipeline
from zeroflow_ros.ros.settings import Settings
from zeroflow_ros.ros.status import Facts, State, Status, judge

_NEXT = {
    "unconfigured": ": it waits to be configured",
    "inactive": ": it waits to be activated",
    "finalized": ": start the process again",
}


@dataclass
class NodeState:
    """What the node is at; written by transitions, read by the diagnostics' thread.

    `phase`: as lifecycle_msgs names states. `doing`: what takes time now. `failure`: why the last
    transition failed. There is a `pipeline` when configured, an `input` when active.
    """

    phase: str = "unconfigured"
    doing: str = ""
    failure: str = ""
    pipeline: Pipeline | None = None
    input: CloudInput | None = None
    ledger: Ledger = field(default_factory=Ledger)


def reports_of(state: NodeState, settings: Settings) -> list[Report]:
    """One report for the whole, and one for each part that is there."""
    whole = whole_of(state, settings)
    times = state.ledger.recent().times
    reports = [Report("flow", whole, {**state.ledger.counts(), **_times(times)})]
    if state.pipeline is not None:
        reports += [_engine(state.pipeline), _ego_motion(state.pipeline, state.ledger)]
    if state.input is not None:
        reports.append(_input(state.input, state.pipeline, whole))
    return reports


def whole_of(state: NodeState, settings: Settings) -> Status:
    """Which of the six states the node is in."""
    pipeline, source, ledger = state.pipeline, state.input, state.ledger
    if state.doing:
        return Status(State.WAITING, state.doing)
    if state.failure:
        return Status(State.ERROR, state.failure)
    if pipeline is None or source is None:
        return Status(State.IDLE, f"{state.phase}{_NEXT.get(state.phase, '')}")
    recent = ledger.recent()
    facts = Facts(
        topic=source.topic,
        silent_s=ledger.silent_s,
        flowless_s=ledger.flowless_s,
        heard=pipeline.outputs.wanted(),
        trouble=ledger.trouble,
        broken=ledger.broken,
        slowest_ms=max((times.processing_ms for times in recent.times), default=0.0),
        dropped=recent.dropped,
    )
    return judge(facts, settings.diagnostics_slow_ms, settings.diagnostics_stale_s)


def _engine(pipeline: Pipeline) -> Report:
    card, engine = pipeline.estimator.card, pipeline.estimator.engine
    values: dict[str, object] = {
        "model": f"{card.name} {card.version}",
        "engine": engine.description,
        "first sweep (ms)": pipeline.warm_up.first_ms,
        "steady sweep (ms)": pipeline.warm_up.steady_ms,
    }
    if isinstance(engine, GpuEngine):
        try:
            memory = engine.gpu_memory()
        except EngineError as error:  # a GPU that has failed, or hangs, says nothing more
            return Report("engine", Status(State.ERROR, str(error)), values)
        values |= {"GPU memory in use (MB)": memory.used_mb, "GPU memory (MB)": memory.total_mb}
    return Report("engine", Status(State.OK, engine.description), values)


def _ego_motion(pipeline: Pipeline, ledger: Ledger) -> Report:
    source = pipeline.ego_motion
    status = Status(State.OK, source.description)
    if ledger.poseless:
        status = Status(State.STALE, ledger.trouble)
    values = {"source": source.description, "odometry messages refused": source.refused}
    return Report("ego motion", status, values)


def _input(source: CloudInput, pipeline: Pipeline | None, whole: Status) -> Report:
    values = source.values
    if pipeline is not None:
        values["levelling"] = pipeline.estimator.levelling.description
    if whole.state is State.WAITING:
        return Report("input", Status(State.WAITING, source.trouble or whole.why), values)
    return Report("input", Status(State.OK, f"sweeps on {source.topic}"), values)


def _times(times: Sequence[Times]) -> dict[str, object]:
    """Median and maximum of the last seconds, ms."""
    return dict(_named(times)) if times else {}


def _named(times: Sequence[Times]) -> Iterator[tuple[str, object]]:
    yield "rate (Hz)", len(times) / RECENT_S
    columns = {
        "processing": [t.processing_ms for t in times],
        "latency": [t.latency_ms for t in times],
        "input age": [t.age_ms for t in times],
        "cyclic": [t.cyclic_ms for t in times if t.cyclic_ms is not None],
    }
    for name, column in columns.items():
        if column:
            yield f"{name} (ms)", f"{median(column):.1f}, at most {max(column):.1f}"
    stages = dict.fromkeys(stage for t in times for stage in t.stage_ms)
    for stage in stages:
        took = [t.stage_ms[stage] for t in times if stage in t.stage_ms]
        yield f"stage {stage} (ms)", median(took)
