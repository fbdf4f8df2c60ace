# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Submissions of whole logs, read back; and `zeroflow evaluate` from end to end."""

from __future__ import annotations

import json
import shutil
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

from zeroflow_ros.errors import DataError, ZeroflowError
from zeroflow_training.cli import evaluate as verb
from zeroflow_training.comparison.models import ModelFlow
from zeroflow_training.comparison.reference import Answered
from zeroflow_training.comparison.submission import Submission, only
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

    name = "knowing"

    def __init__(self, log, version: str = "1") -> None:
        self.log, self.version = log, version
        self.asked: list[Pairing] = []

    @property
    def identity(self) -> str:
        return f"knowing {self.version}"

    def flows(
        self, sequence: Drive, pairings: Sequence[Pairing]
    ) -> Iterator[tuple[Pairing, Answered]]:
        for pairing in pairings:
            self.asked.append(pairing)
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


def zip_of_masks(folder: Path, masks: dict[str, np.ndarray]) -> Path:
    """By the name of the sweep, without its ending."""
    import pyarrow as pa
    from pyarrow import feather

    with zipfile.ZipFile(folder / "masks.zip", "w") as archive:
        for name, mask in masks.items():
            table = pa.table({"mask": mask})
            feather.write_feather(table, folder / "mask", compression="uncompressed")
            archive.write(folder / "mask", f"{name}.feather")
    return folder / "masks.zip"


@pytest.mark.parametrize("supervised", [False, True])
def test_submissions_read_back_say_what_the_model_said(log, tmp_path, supervised) -> None:
    sequence = imported(log, tmp_path)
    name, stamp_ns = sequence.manifest.name, sequence.manifest.stamps_ns[1]
    points = sequence.sweep(1).posed.sweep.points.astype(np.float64)
    mask = (np.abs(points[:, :2]) < 50).all(1)
    masks = zip_of_masks(tmp_path, {f"{name}/{stamp_ns}": mask})
    job = Submission(Knowing(log), (sequence,), tmp_path / "sent", supervised, masks)
    of_2024, of_2023 = job.write()
    answered = np.arange(len(points)) % 10 > 0

    with zipfile.ZipFile(of_2024) as archive:
        names = archive.namelist()
        assert sorted(names) == [f"{name}/0000000000.feather", "metadata.json"]
        assert json.loads(archive.read("metadata.json")) == {"Is Supervised?": supervised}
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
    some = imported(log, tmp_path, LogOptions(every_kth=2))
    model = ModelFlow.of("zeroflow-rt-2")
    with pytest.raises(DataError, match=r"is no whole log of Argoverse 2.*, a pair of every 2"):
        Submission(model, (some,), tmp_path / "sent", False)
    with pytest.raises(DataError, match="of one model, not of 2: give --model once"):
        only([model, model])
    whole = imported(log, tmp_path / "whole")
    with pytest.raises(DataError, match=f"2 sequences are of log {whole.folder.name}: leave one"):
        Submission(model, (whole, whole), tmp_path / "sent", False)


def test_masks_of_other_logs_are_refused_before_anything_is_computed(log, tmp_path) -> None:
    sequence = imported(log, tmp_path)
    here = f"{sequence.manifest.name}/{sequence.manifest.stamps_ns[0]}"
    wanted = [here, "another/7", "another/8", "other/9"]
    masks = zip_of_masks(tmp_path, dict.fromkeys(wanted, np.ones(3, bool)))
    with pytest.raises(
        DataError, match=r"ask for 3 sweeps of 2 logs .* the first: 'another/7.feather'; import"
    ):
        Submission(Knowing(log), (sequence,), tmp_path / "sent", False, masks)
    with pytest.raises(ZeroflowError, match=r"cannot read the masks .*no.zip"):
        Submission(Knowing(log), (sequence,), tmp_path / "sent", False, tmp_path / "no.zip")


def test_what_is_written_of_a_log_is_kept_while_it_holds(log, tmp_path) -> None:
    sequence = imported(log, tmp_path)
    name, stamps_ns = sequence.manifest.name, sequence.manifest.stamps_ns
    rows = sequence.manifest.points[1]
    sent, done = tmp_path / "sent", []
    of_2024, of_2023 = (sent / "2024" / name, sent / "2023" / name)

    def asked(version: str = "1", masks: Path | None = None) -> list[Pairing]:
        model = Knowing(log, version)
        job = Submission(model, (sequence,), sent, False, masks)
        done.clear()
        archives = job.write(lambda *now: done.append(now))
        assert [path.is_file() for path in archives] == [True] * (1 if masks is None else 2)
        assert done == ([(1, 1)] if model.asked else [])
        return model.asked

    first, both = [Pairing(0, 1)], [Pairing(0, 1), Pairing(1, 2)]
    assert (asked(), asked()) == (first, [])
    (of_2024 / "0000000000.feather").unlink()
    assert (asked(), asked()) == (first, [])
    assert (asked("2"), asked("2")) == (first, [])
    masks = zip_of_masks(tmp_path, {f"{name}/{stamps_ns[1]}": np.ones(rows, bool)})
    assert (asked("2", masks), asked("2", masks)) == (both, [])
    (of_2023 / f"{stamps_ns[1]}.feather").unlink()
    assert (asked("2", masks), asked("2", masks)) == (both, [])
    masks = zip_of_masks(tmp_path, {f"{name}/{stamps_ns[1]}": np.arange(rows) < 9})
    assert (asked("2", masks), asked("2", masks)) == (both, [])
    (sequence.folder / "manifest.json").touch()
    assert (asked("2", masks), asked("2", masks)) == (both, [])


def test_a_killed_rewrite_of_a_log_is_begun_anew(log, tmp_path) -> None:
    """Though the model is the one again whose files were all there."""
    sequence = imported(log, tmp_path)
    stamps_ns, rows = sequence.manifest.stamps_ns, sequence.manifest.points[1]
    masks = zip_of_masks(
        tmp_path, {f"{sequence.manifest.name}/{stamps_ns[1]}": np.ones(rows, bool)}
    )

    class Killed(Knowing):
        def flows(
            self, sequence: Drive, pairings: Sequence[Pairing]
        ) -> Iterator[tuple[Pairing, Answered]]:
            yield next(super().flows(sequence, pairings))
            raise KeyboardInterrupt

    def job(model: Knowing) -> Submission:
        return Submission(model, (sequence,), tmp_path / "sent", False, masks)

    job(Knowing(log)).write()
    with pytest.raises(KeyboardInterrupt):
        job(Killed(log, "2")).write()
    again = Knowing(log)
    job(again).write()
    assert again.asked == [(0, 1), (1, 2)]


def test_two_processes_write_what_one_does(log, tmp_path) -> None:
    sequence = imported(log, tmp_path)
    other = tmp_path / "data" / "other"
    shutil.copytree(sequence.folder, other)
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["provenance"] = manifest["provenance"].replace(log.folder.name, "other")
    (other / "manifest.json").write_text(json.dumps(manifest))
    contents = []
    done: list[tuple[int, int]] = []
    for jobs in (1, 2):
        model = ModelFlow.of("zeroflow-rt-2", threads=1)
        job = Submission(model, (sequence, Drive(other)), tmp_path / f"{jobs}", False, None, jobs)
        (archive,) = job.write(lambda *now: done.append(now))
        assert done == [(1, 2), (2, 2)] * jobs
        with zipfile.ZipFile(archive) as opened:
            contents.append({name: opened.read(name) for name in opened.namelist()})
    assert contents[0] == contents[1]
    assert {*contents[0]} == {
        "metadata.json",
        "other/0000000000.feather",
        f"{log.folder.name}/0000000000.feather",
    }


def test_the_verb_judges_models_and_sends_logs(log, tmp_path) -> None:
    """Forward truth alone, as Argoverse 2 has it; first without any, as in its test split."""
    sequence = imported(log, tmp_path)
    arguments = [str(tmp_path / "data"), "--model", "zeroflow-rt-2", "-o", str(tmp_path / "out")]
    sent = ["--submission", str(tmp_path / "sent"), "--supervised"]
    result = RUNNER.invoke(app(), [*arguments, *sent])
    assert result.exit_code == 0, result.output
    assert str(tmp_path / "sent" / "submission_2024.zip") in result.stdout
    with zipfile.ZipFile(tmp_path / "sent" / "submission_2024.zip") as archive:
        assert json.loads(archive.read("metadata.json")) == {"Is Supervised?": True}
    assert "no sequence has truth, so nothing was judged" in result.stderr
    assert not (tmp_path / "out").exists()

    log.write_flow_2024(tmp_path / "truth", 0)
    log.write_flow_2024(tmp_path / "truth", 1)
    labels = LogOptions(labels=[FlowLabelFiles(tmp_path / "truth")])
    import_logs(log.folder, tmp_path / "data", ImportSummary(), labels)
    elsewhere = ["--submission", str(tmp_path / "elsewhere"), "--unsupervised"]
    result = RUNNER.invoke(app(), [*arguments, *elsewhere, "--teacher", "rigid"])
    assert "has labels of 'rigid'" in str(result.exception)
    assert not (tmp_path / "elsewhere").exists()
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
        (["--unsupervised"], "--supervised or --unsupervised goes with --submission FOLDER"),
        (["--submission", "sent"], "--submission wants --supervised or --unsupervised as well"),
        (["--model", "nothing"], "model nothing: no such file, and no bundled model"),
        ([], "holds no sequence"),
    ):
        result = RUNNER.invoke(app(), [str(tmp_path), *arguments])
        assert message in str(result.exception)
