# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The examples of the README, of docs/tour.md, flow.md and extending.md, from the pages and run."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zeroflow_ros.errors import EngineError, ModelError, ZeroflowError
from zeroflow_ros.model import find_model, load_card
from zeroflow_training.recording import as_sweep, record
from zeroflow_training.simulation.sensors import find_sensor
from zeroflow_training.simulation.simulator import Simulation

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(\w*)(?: title=\"(\S+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PACKAGE = "my_flow"


def blocks(page: str) -> list[tuple[str, str, str]]:
    """Language, title and content of each fenced block of a page."""
    return BLOCK.findall((DOCS / page).read_text())


def run(code: str, known: dict[str, Any] | None = None) -> tuple[dict[str, Any], str]:
    """What a script leaves, and what it prints."""
    left = known or {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, "docs", "exec"), left)
    return left, printed.getvalue()


def python_of(page: str) -> str:
    """The page's first listing in Python."""
    return next(content for language, _, content in blocks(page) if language == "python")


def drive() -> Simulation:
    """Half a second of a drive like that of the tour."""
    return Simulation(4, sensor=find_sensor("VLP-16"), scene_kind="street", duration_s=0.6)


def test_five_lines_of_the_readme() -> None:
    simulation = drive()
    sweeps = [(as_sweep(sweep), sweep.pose) for sweep in simulation.sweeps(3)]
    known = {"my_sweeps": [(sweep.stamp_ns, sweep.points, pose) for sweep, pose in sweeps]}
    left, printed = run(python_of("../README.md"), known)
    assert printed
    newest = sweeps[-1][0]
    assert left["flow"].velocity.shape == newest.points.shape
    assert left["flow"].valid.mean() > 0.5
    assert 0.05 <= left["flow"].interval_s <= 0.15


def test_python_of_the_tour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("kiss_icp", reason="pip install 'zeroflow_ros[odometry]'")
    record(drive(), 4, tmp_path / "drive")
    monkeypatch.chdir(tmp_path)
    _, printed = run(python_of("tour.md"))
    first, *others = printed.splitlines()
    assert first.startswith("first, or after a gap: 0 points move")
    assert len(others) == 3
    assert all(re.match(r"estimated: \d+ points move, up to \d+\.\d m/s", line) for line in others)


def test_the_numbers_of_what_flow_is() -> None:
    """A moving box, a wall and a vehicle; what Argoverse 2 says of them; a car that turns."""
    found = blocks("flow.md")
    numbers = [k for k, (language, _, _) in enumerate(found) if language == "python"]
    said = [found[k + 1][2] for k in numbers]  # the page says what each one prints
    first, printed = run(found[numbers[0]][2])
    assert printed == said[0]
    np.testing.assert_allclose(first["flow"] / 0.1, [[5, 0, 0]] * 2 + [[0, 0, 0]] * 2, atol=1e-9)
    second, printed = run(found[numbers[1]][2], first)
    assert printed == said[1]
    np.testing.assert_allclose(second["published"], [[0.5, 0, 0]] * 2 + [[0, 0, 0]] * 2, atol=1e-9)
    third, printed = run(found[numbers[2]][2])
    assert printed == said[2]
    np.testing.assert_allclose(third["velocity"], [[10, 0, 0], [9.5, 1.75, 0], [10.5, 1.75, 0]])


@pytest.fixture(scope="module")
def package(tmp_path_factory: Any) -> Iterator[Path]:
    """The package of the page as if it were installed."""
    pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
    folder = tmp_path_factory.mktemp("my_flow")
    titled = {title: content for _, title, content in blocks("extending.md") if title}
    for title, content in titled.items():
        path = folder / title
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    (folder / PACKAGE / "__init__.py").touch()
    entry = re.compile(r'^\[project.entry-points."(.+)"\]\n(\S+) = "(\S+)"$', re.MULTILINE)
    points = {group: {name: at} for group, name, at in entry.findall(titled["pyproject.toml"])}
    points["zeroflow.students"]["broken"] = "my_flow.nothing:Config"
    points["zeroflow.teachers"]["odd"] = "threading:Thread"
    info = folder / "my_flow-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-flow\nVersion: 0.1\n")
    with (info / "entry_points.txt").open("w") as stream:
        for group, named in points.items():
            lines = [f"{name} = {at}" for name, at in named.items()]
            stream.write("\n".join([f"[{group}]", *lines, ""]))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def test_the_teacher_labels_a_pair(package: Path) -> None:
    from zeroflow_training.teachers.registry import make_teacher

    source = np.float32([[0, 0, 1], [5, 0, 1], [20, 0, 1]])
    target = source + np.float32([[0.5, 0, 0], [0, 0.25, 0], [9, 0, 0]])
    teacher = make_teacher("nearest", settings={"reach_m": 1})
    label = teacher.label(source, target)
    np.testing.assert_array_equal(label.displacement, [[0.5, 0, 0], [0, 0.25, 0], [0, 0, 0]])
    assert label.valid.tolist() == [True, True, False]
    assert teacher.settings == {"teacher": "nearest", "revision": 1, "reach_m": 1}
    assert make_teacher("nearest+two-way").label(source, target).valid.tolist() == [1, 1, 0]
    for few in (0, 1):
        assert len(teacher.label(source[:few], target).valid) == few
        assert not teacher.label(source, target[:0]).valid.any()
    with pytest.raises(ZeroflowError, match=r"nearest: reach_m is 0: it has to be 0\.1 or more"):
        make_teacher("nearest", settings={"reach_m": 0})
    with pytest.raises(ZeroflowError, match=r"'odd' is no teacher: .*Thread.* is no dataclass"):
        make_teacher("odd")
    with pytest.raises(ZeroflowError, match=r"there is .*nearest.*rigid, nsfp, fast_nsf"):
        make_teacher("nearer")


def test_the_student_learns_two_steps_and_is_exported(
    package: Path, write_drive: Callable[..., Path], tmp_path: Path
) -> None:
    pytest.importorskip("lightning", reason="pip install 'zeroflow_ros[training]'")
    pytest.importorskip("onnxscript", reason="pip install 'zeroflow_ros[training]'")
    from dataclasses import replace

    from zeroflow_ros.estimator import estimate_pair
    from zeroflow_training.checkpoint import load_network
    from zeroflow_training.checkpoint_export import export_checkpoint
    from zeroflow_training.fit import fit
    from zeroflow_training.fit_config import load_config, load_run
    from zeroflow_training.starting_weights import start_from

    data = write_drive(tmp_path / "drive")
    config = load_config(str(package / "pairs.yaml"))
    plan = replace(config, data=str(data), workers=0, precision="32-true")
    last = fit(plan, tmp_path / "run")
    assert load_run(tmp_path / "run") == plan
    network = load_network(last)
    assert network.config == plan.student
    assert any(weights.any() for weights in network.head_parameters())  # it has learnt something
    more = replace(plan, schedule=replace(plan.schedule, steps=3))
    fit(more, tmp_path / "run", resume=last)
    fresh = plan.student.network()
    start_from(fresh, last)

    with pytest.raises(ModelError, match="is a pillar-pairs student, which never says what moves"):
        export_checkpoint(last, tmp_path / "pairs.onnx", "pairs", "1", certainty=0.5)
    report = export_checkpoint(last, tmp_path / "pairs.onnx", "pairs", "1")
    assert report.single.differences["simulated"].max_mm < 0.1
    card = load_card(tmp_path / "pairs.onnx")
    assert (card.grid, card.lags, card.bodies) == (plan.student.grid, (0, 1), "none")
    points = np.random.default_rng(0).uniform([-9, -9, 0], [9, 9, 2], (500, 3)).astype(np.float32)
    flow = estimate_pair(points, points, model=tmp_path / "pairs.onnx", raw=True)
    assert flow.valid.all()
    assert np.isfinite(flow.displacement).all()


def test_what_an_add_on_gets_wrong_is_told(package: Path, tmp_path: Path) -> None:
    pytest.importorskip("lightning", reason="pip install 'zeroflow_ros[training]'")
    from zeroflow_training.fit_config import load_config

    def load(student: str) -> None:
        path = tmp_path / "odd.yaml"
        path.write_text(f"{{schedule: {{steps: 1}}, loss: {{chamfer: 1}}, student: {student}}}")
        load_config(str(path))

    there = "there is real-time, fastflow3d, .*pillar-pairs"
    with pytest.raises(ZeroflowError, match=f"student: .*no student of kind 'pairs': {there}"):
        load("{kind: pairs}")
    with pytest.raises(ZeroflowError, match=r"student\.channels: .* valid integer"):
        load("{kind: pillar-pairs, channels: many}")
    with pytest.raises(ZeroflowError, match=r"'broken' cannot be loaded from my_flow\.nothing"):
        load("{kind: broken}")
    load("{kind: pillar-pairs}")


def test_the_engine_says_what_onnx_runtime_says(package: Path) -> None:
    pytest.importorskip("onnx", reason="pip install 'zeroflow_ros[training]'")
    from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
    from zeroflow_ros.reference_sample import load_sample

    code = next(code for _, title, code in blocks("extending.md") if title == "use_engine.py")
    left, printed = run(code)
    assert printed == "ONNX reference implementation\n"
    model = find_model("zeroflow-rt")
    inputs = load_sample(model).inputs(load_card(model).pillars)
    found, wanted = (e.infer(inputs) for e in (left["estimator"].engine, OnnxRuntimeEngine(model)))
    for name in ("displacement", "moving"):
        np.testing.assert_allclose(found[name], wanted[name], atol=1e-4)


def test_an_engine_that_says_something_else_is_refused(package: Path) -> None:
    from zeroflow_ros.engines.backends import load_model
    from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine

    class Off(OnnxRuntimeEngine):
        def infer(self, inputs: Any) -> Any:
            return {name: answer + 1 for name, answer in super().infer(inputs).items()}

    with pytest.raises(EngineError, match="does not say what model zeroflow-rt-2 says"):
        load_model("zeroflow-rt-2", Off)
