# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every command and option of `zeroflow` as a page, from the commands themselves."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import typer
from rich.text import Text

from zeroflow_ros.cli.main import build_app

_HEAD = """\
# Every command and option

`zeroflow VERB --help` says the same. What the commands have in common is in
[The command line](docs/command_line.md).
"""


def command_reference() -> str:
    """Markdown of all verbs that are installed, one chapter each, in alphabetical order."""
    group: Any = typer.main.get_command(build_app())
    chapters = [_chapter(name, command) for name, command in sorted(group.commands.items())]
    return "\n".join([_HEAD, *chapters])


def _chapter(name: str, command: Any) -> str:
    """One verb: what it does, how it is called, its parameters, examples."""
    context = command.make_context(name, [], resilient_parsing=True)
    usage = " ".join(_bare(piece) for piece in command.collect_usage_pieces(context))
    parts = [
        f"## {name}",
        _plain(command.help),
        _code([f"zeroflow {name} {usage}"]),
        "\n".join(
            ["| | what it does |", "|---|---|", *(_row(each, context) for each in command.params)]
        ),
        _code(_examples(command.epilog)),
    ]
    return "\n\n".join(parts) + "\n"


def _examples(epilog: str) -> list[str]:
    """The commands below the word "Examples"."""
    return [line.strip() for line in _plain(epilog).splitlines()[1:] if line.strip()]


def _bare(piece: str) -> str:
    """A piece of the usage without the marks that a metavar has already."""
    return piece.strip("{}").replace("[[", "[").replace("]]", "]")


def _row(parameter: Any, context: Any) -> str:
    """A parameter: its names and what it takes; what it does, its default, its range."""
    names, text = parameter.get_help_record(context)
    facts = text.removeprefix(parameter.help)  # "[default: auto]", which is no markup
    meaning = f"{_plain(parameter.help)}{facts}"
    return f"| <code>{_cell(names)}</code> | {_cell(meaning)} |"


def _code(lines: list[str]) -> str:
    return "\n".join(["```", *lines, "```"])


def _plain(help_text: str) -> str:
    """Help without the marks of rich."""
    return Text.from_markup(help_text).plain.strip()


def _cell(text: str) -> str:
    """Text on one line, as it is; a cell's code may hold no bar, not even behind a backslash."""
    return escape(re.sub(r"\s+", " ", text), quote=False).replace("|", "&#124;")
