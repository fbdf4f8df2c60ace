# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The `zeroflow` command: verbs, errors in one line, exit codes.

Exit codes: 0 success, 1 a ZeroflowError (one line on stderr), 2 wrong usage, 130 Ctrl-C.
Other packages add verbs through the entry-point group `zeroflow.commands`; each value is
`module:register`, a function `register(app: typer.Typer) -> None`.
"""

from __future__ import annotations

import signal
import sys
from importlib import metadata
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from zeroflow_ros.cli import animate, build_engine, card, doctor, pair, picture, replay, run, view
from zeroflow_ros.errors import MissingPackageError, ZeroflowError, interrupted

ENTRY_POINTS = "zeroflow.commands"

_HELP = """
Scene flow for any lidar: the velocity of every point, in real time, without human labels.

[bold]Examples[/bold]

  zeroflow run recording/ recording_with_flow/      [dim]# a rosbag2, no ROS needed[/dim]

  zeroflow pair before.pcd after.pcd -o flow.npz    [dim]# two clouds[/dim]

  zeroflow doctor                                   [dim]# what works on this machine[/dim]

  zeroflow --install-completion                     [dim]# the tab key, in this shell[/dim]
"""
_EPILOG = "Exit codes: 0 done, 1 an error (one line on stderr), 2 wrong usage, 130 Ctrl-C."


# Packages that not everybody has, and the extra that brings them.
_EXTRAS = {
    "lightning": "training",
    "onnx": "training",
    "onnxscript": "training",
    "pyarrow": "training",
    "pydantic": "training",
    "rclpy": "ros",
    "scipy": "training",
    "threadpoolctl": "training",
    "torch": "training",
    "yaml": "training",
}


class _Group(TyperGroup):
    """Turns the errors that are meant for people into one line, for every verb."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb; ZeroflowError ends with exit code 1, Ctrl-C with 130."""
        try:
            return super().invoke(ctx)
        except ZeroflowError as error:
            _say(f"error: {error}", code=1)
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package not in _EXTRAS:
                raise
            verb = f"zeroflow {ctx.invoked_subcommand}"
            _say(f"error: {MissingPackageError(package, verb, _EXTRAS[package])}", code=1)
        except BrokenPipeError:  # `zeroflow ... | head` is no error; click ends it quietly
            raise
        except OSError as error:
            where = f" '{error.filename}'" if error.filename else ""
            _say(f"error: cannot read or write{where}: {error.strerror or error}", code=1)
        except KeyboardInterrupt:
            _say("interrupted", code=130)
        except SystemError as error:  # what compiled code makes of Ctrl-C
            if not interrupted(error):
                raise
            _say("interrupted", code=130)


def _say(text: str, code: int) -> NoReturn:
    typer.echo(f"zeroflow: {text}", err=True)
    raise typer.Exit(code)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"zeroflow_ros {version()}")
        raise typer.Exit


def version() -> str:
    """Version of the installed package, or a hint that it runs from a source tree."""
    try:
        return metadata.version("zeroflow_ros")
    except metadata.PackageNotFoundError:
        return "(source tree, not installed)"


def _root(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Options of the command itself; the help text is given to the app."""


def build_app() -> typer.Typer:
    """The typer app with the verbs of this package and of every installed one that adds some."""
    app = typer.Typer(
        name="zeroflow",
        cls=_Group,
        help=_HELP,
        epilog=_EPILOG,
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode="rich",
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,
    )
    app.callback()(_root)
    run.register(app)
    pair.register(app)
    picture.register(app)
    animate.register(app)
    view.register(app)
    replay.register(app)
    build_engine.register(app)
    card.register(app)
    doctor.register(app)
    for entry in sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        try:
            entry.load()(app)
        except Exception as error:  # a broken add-on must not take the other verbs along
            _explain_missing(app, entry, error)
    return app


def _explain_missing(app: typer.Typer, entry: metadata.EntryPoint, error: Exception) -> None:
    """Put a verb in the place of one that cannot be loaded, which says why when it is used."""
    reason = f"'{entry.name}' cannot be loaded from {entry.value}: {error}"

    @app.command(
        entry.name,
        help=f"Not available: {error}",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def missing() -> None:
        raise ZeroflowError(reason)


def main() -> None:
    """Entry point of the `zeroflow` command."""
    # A plain SIGTERM would skip every clean-up and leave temporary files behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    build_app()()


if __name__ == "__main__":
    main()
