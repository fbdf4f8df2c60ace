# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow evaluate`: models and teachers, judged side by side on sequences."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zeroflow_ros.cli.options import AsJson
from zeroflow_ros.errors import DataError

if TYPE_CHECKING:
    from zeroflow_training.comparison.answers import Answer
    from zeroflow_training.comparison.comparison import Comparison
    from zeroflow_training.comparison.submission import Submission
    from zeroflow_training.comparison.summary import Summary
    from zeroflow_training.sequences import Sequence

_EPILOG = """
[bold]Examples[/bold]

  zeroflow evaluate data/ --model zeroflow-rt --model mine.onnx -o evaluation/

  zeroflow evaluate data/ --teacher rigid

  zeroflow evaluate drives/ --truth rigid --model mine.onnx

  zeroflow evaluate av2_test/ --model mine.onnx --submission submission/ --unsupervised
"""


class Convention(str, Enum):
    """Which flow is judged."""

    newest = "newest"
    published = "published"


def evaluate(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Folder of sequences, or one.")],
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="M", help="Bundled model's name or an .onnx file; may be given repeatedly."
        ),
    ] = None,
    teacher: Annotated[
        list[str] | None,
        typer.Option(metavar="T", help="A teacher whose labels are judged; repeatedly as well."),
    ] = None,
    truth: Annotated[
        str,
        typer.Option(metavar="NAME", help="Labels to judge by: those of a teacher are no truth."),
    ] = "truth",
    convention: Annotated[
        Convention,
        typer.Option(
            help="newest: as on a vehicle. published: of a sweep towards the next, two sweeps."
        ),
    ] = Convention.newest,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the reports.")] = Path(
        "evaluation"
    ),
    submission: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Write the files of the Argoverse 2 challenges as well."
        ),
    ] = None,
    supervised: Annotated[
        bool | None,
        typer.Option(
            "--supervised/--unsupervised",
            help="Of the model of a submission: whether labels of Argoverse 2 taught it.",
        ),
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(help="The official zip of masks, for a submission of 2023 as well."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes, a sequence each.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Judge models and teachers by the true flow of sequences, beside saying that nothing moves.

    Without --model and --teacher: the default model. A second call keeps the reports whose model,
    data and options are the same, and the files of logs that are submitted.
    """
    from zeroflow_ros.cores import usable_cores
    from zeroflow_training.comparison.answers import NoMotion, TeacherLabels
    from zeroflow_training.comparison.comparison import Comparison
    from zeroflow_training.comparison.judged_sequences import judged_sequences
    from zeroflow_training.comparison.models import ModelFlow
    from zeroflow_training.comparison.reference import Reference
    from zeroflow_training.comparison.submission import Submission, only
    from zeroflow_training.sequences import find_sequences

    _check_options(submission, supervised, masks)
    teachers = teacher or []
    names: list[str | None] = [*model] if model else [] if teachers else [None]
    threads = None if jobs == 1 else max(1, usable_cores() // jobs)
    models = [ModelFlow.of(name, convention.value, threads) for name in names]
    sequences = tuple(find_sequences(data))
    # What is wrong with either is found before the first sweep is computed.
    sent = comparison = None
    if submission is not None:
        sent = Submission(only(models), sequences, submission, bool(supervised), masks, jobs)
    if sent is None or any(sequence.labelled(truth) for sequence in sequences):
        judged = judged_sequences(data, sequences, Reference(truth), teachers, convention.value)
        answers: tuple[Answer, ...] = (*models, *map(TeacherLabels, teachers), NoMotion())
        comparison = Comparison(answers, tuple(judged), Reference(truth), out, jobs)
    archives = [] if sent is None else _send(sent)
    _show(None if comparison is None else _compare(comparison, sequences), archives, as_json)


def _check_options(submission: Path | None, supervised: bool | None, masks: Path | None) -> None:
    """Raise DataError for options that do not go together."""
    without = {"--masks": masks, "--supervised or --unsupervised": supervised}
    for option, given in without.items():
        if submission is None and given is not None:
            raise DataError(
                f"{option} goes with --submission FOLDER: name a folder, or leave it out"
            )
    if submission is not None and supervised is None:
        raise DataError(
            "--submission wants --supervised or --unsupervised as well, for the board asks: "
            "--supervised where any label of Argoverse 2 taught the model, here (true flow by "
            "--flow-labels) or wherever it came from; else --unsupervised"
        )


def _send(submission: Submission) -> list[Path]:
    """Paths of the archives."""
    from zeroflow_ros.cli.summary import progress_bar

    with progress_bar("logs") as progress:
        return submission.write(progress)


def _compare(comparison: Comparison, sequences: Iterable[Sequence]) -> Summary:
    """Judge all answers and write the summary."""
    from zeroflow_ros.cli.summary import progress_bar
    from zeroflow_training.comparison.summary import Summary

    judged = {each.sequence.manifest.name for each in comparison.judged}
    left_out = {each.manifest.name for each in sequences} - judged
    with progress_bar("sweeps") as progress:
        summary = Summary(comparison, comparison.run(progress), tuple(sorted(left_out)))
    summary.write()
    return summary


def _show(summary: Summary | None, archives: list[Path], as_json: bool) -> None:
    """Tables, then the paths; on stderr what must not be overlooked."""
    told = {} if summary is None else summary.to_dict()
    if as_json:
        typer.echo(json.dumps({**told, "submission": [str(path) for path in archives]}, indent=2))
    elif summary is not None:
        _show_tables(summary)
    if not as_json:
        typer.echo("".join(f"{path}\n" for path in archives), nl=False)
    if summary is None:
        typer.echo("zeroflow: note: no sequence has truth, so nothing was judged", err=True)
    elif summary.comparison.reference.warning:
        typer.echo(f"zeroflow: note: {summary.comparison.reference.warning}", err=True)


def _show_tables(summary: Summary) -> None:
    from rich.console import Console

    console = Console()
    for line in summary.heading():
        typer.echo(line)
    for table in summary.for_console():
        console.print(table.for_console())
    for answer in summary.comparison.answers:
        kept = " (kept from before)" if summary.numbers[answer.name]["kept"] else ""
        typer.echo(f"{summary.comparison.folder(answer)}{kept}")
    typer.echo(summary.paths[0])


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=_EPILOG)(evaluate)
