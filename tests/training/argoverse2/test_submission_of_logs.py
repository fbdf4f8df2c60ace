# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Submissions of whole logs, read back; and `zeroflow evaluate` from end to end."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("pyarrow", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("pydantic", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("matplotlib", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("PIL", reason="pip install 'zeroflow_ros[viz]'")

from zeroflow_ros.errors import DataError
from zeroflow_training.cli import evaluate as verb
from zeroflow_training.comparison.models import ModelFlow
from zeroflow_training.comparison.reference import Answered
from zeroflow_training.comparison.submission import Submission, submission
from zeroflow_training.sequences import Pairing
from zeroflow_training.sequences import Sequence as Drive
from zeroflow_training.sources.argoverse2.importing import LogOptions, import_logs
from zeroflow_training.sources.argoverse2.label_files import FlowLabelFiles
from zeroflow_training.sources.summary import ImportSummary

RUNNER, WHOLE = CliRunner(), LogOptions()


def app() -> typer.Typer:
    made = typer.Typer()
    verb.register(made)
    return made


def imported(log, tmp_path: Path, options: LogOptions = WHOLE) -> Drive:
    folder = log.write()
    import_logs(folder, tmp_path / "data", ImportSummary(), options)
    return Drive(tmp_path / "data" / folder.name)


class Knowing:
    """Says what is true of the log's car, and nothing of every tenth point."""

    def __init__(self, log) -> None:
        self.log = log

    def flows(
        self, sequence: Drive, pairings: Sequence[Pairing]
    ) -> Iterator[tuple[Pairing, Answered]]:
        for pairing in pairings:
            estimated = np.arange(sequence.manifest.points[pairing.source]) % 10 > 0
            velocity = 10 * self.log.residual(pairing.source) * estimated[:, None]
            yield pairing, Answered(velocity.astype(np.float32), estimated)


def table(archive: zipfile.ZipFile, name: str):
    from pyarrow import feather

    with archive.open(name) as file:
        return feather.read_table(file)


def flow_of(found) -> np.ndarray:
    columns = [found.column(f"flow_t{axis}_m").to_numpy() for axis in "xyz"]
    return np.column_stack(columns).astype(np.float64)


def test_submissions_read_back_say_what_the_model_said(log, tmp_path) -> None:
    import pyarrow as pa
    from pyarrow import feather

    sequence = imported(log, tmp_path)
    name, stamp_ns = sequence.manifest.name, sequence.manifest.stamps_ns[1]
    points = sequence.sweep(1).posed.sweep.points.astype(np.float64)
    mask = (np.abs(points[:, :2]) < 50).all(1)
    masks = tmp_path / "masks.zip"
    feather.write_feather(pa.table({"mask": mask}), tmp_path / "mask", compression="uncompressed")
    with zipfile.ZipFile(masks, "w") as archive:
        archive.write(tmp_path / "mask", f"{name}/{stamp_ns}.feather")
    job = Submission(Knowing(log), (sequence,), tmp_path / "sent", masks)  # type: ignore[arg-type]
    of_2024, of_2023 = job.write()
    answered = np.arange(len(points)) % 10 > 0

    with zipfile.ZipFile(of_2024) as archive:
        names = archive.namelist()
        assert sorted(names) == [f"{name}/0000000000.feather", "metadata.json"]
        assert json.loads(archive.read("metadata.json")) == {"Is Supervised?": False}
        first = table(archive, f"{name}/0000000000.feather")
    np.testing.assert_array_equal(first.column("is_valid").to_numpy(), answered)
    wanted = log.residual(0) * answered[:, None]
    np.testing.assert_allclose(flow_of(first), wanted, atol=1e-5)

    with zipfile.ZipFile(of_2023) as archive:
        (only,) = archive.namelist()
        assert only == f"{name}/{stamp_ns}.feather"
        second = table(archive, only)
    moved = log.residual(1) * answered[:, None] - [0.8, 0.0, 0.0]  # at 8 m/s straight on
    np.testing.assert_allclose(flow_of(second), moved[mask], atol=2e-3)  # float16
    dynamic = np.linalg.norm(log.residual(1), axis=1) > 0
    np.testing.assert_array_equal(
        second.column("is_dynamic").to_numpy(), (dynamic & answered)[mask]
    )


def test_only_whole_logs_and_one_model_are_sent(log, tmp_path) -> None:
    sequence = imported(log, tmp_path, LogOptions(every_kth=2))
    model = ModelFlow.of("zeroflow-rt-2")
    with pytest.raises(DataError, match=r"is no whole log of Argoverse 2.*, a pair of every 2"):
        submission([model], [sequence], tmp_path / "sent", None)
    with pytest.raises(DataError, match="of one model, not of 2: give --model once"):
        submission([model, model], [sequence], tmp_path / "sent", None)


def test_the_verb_judges_models_and_sends_logs(log, tmp_path) -> None:
    """Forward truth alone, as Argoverse 2 has it; first without any, as in its test split."""
    sequence = imported(log, tmp_path)
    arguments = [str(tmp_path / "data"), "--model", "zeroflow-rt-2", "-o", str(tmp_path / "out")]
    sent = ["--submission", str(tmp_path / "sent")]
    result = RUNNER.invoke(app(), [*arguments, *sent])
    assert result.exit_code == 0, result.output
    assert str(tmp_path / "sent" / "submission_2024.zip") in result.stdout
    assert "no sequence has truth, so nothing was judged" in result.stderr
    assert not (tmp_path / "out").exists()

    log.write_flow_2024(tmp_path / "truth", 0)
    log.write_flow_2024(tmp_path / "truth", 1)
    labels = LogOptions(labels=[FlowLabelFiles(tmp_path / "truth")])
    import_logs(log.folder, tmp_path / "data", ImportSummary(), labels)
    result = RUNNER.invoke(app(), [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert list(said["answers"]) == ["zeroflow-rt-2", "zero"]
    assert (said["pairs"], said["reference_is_truth"]) == (2, True)
    zero = said["regions"]["everywhere"]["zero"]
    assert zero["dynamic_foreground_m"] == pytest.approx(0.5, rel=1e-3)
    folder = tmp_path / "out" / "zeroflow-rt-2"
    assert {file.name for file in folder.iterdir()} >= {"results.json", "speeds.png", "worst_1.png"}

    result = RUNNER.invoke(app(), arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("(kept from before)") == 2
    assert result.stdout.splitlines()[-1] == str(tmp_path / "out" / "summary.md")
    (sequence.folder / "sweeps" / "000002.npz").unlink()
    result = RUNNER.invoke(app(), arguments)
    assert isinstance(result.exception, DataError)
    assert f"000002.npz' is missing: remove '{sequence.folder}' and" in str(result.exception)


def test_options_that_do_not_go_together_are_refused(tmp_path) -> None:
    for arguments, message in (
        (["--masks", "masks.zip"], "--masks goes with --submission"),
        (["--model", "nothing"], "model nothing: no such file, and no bundled model"),
        ([], "holds no sequence"),
    ):
        result = RUNNER.invoke(app(), [str(tmp_path), *arguments])
        assert message in str(result.exception)
