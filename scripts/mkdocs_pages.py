# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A hook of mkdocs: what GitHub shows beside docs/ becomes pages too, links included.

README.md is the first page; the cards of the models, CHANGELOG.md, CONTRIBUTING.md and all commands
(command_reference.py) follow. Links are written for GitHub, where docs/ is a folder among others;
in the site it is the root.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from posixpath import normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).parent))  # mkdocs imports a hook by its path alone
from command_reference import command_reference

DOCS = "docs/"
FIRST = {"README.md": "index.md"}
"""Sources whose pages have another name."""
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie outside of docs/."""
    root = Path(config.config_file_path).parent
    sources = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", *_cards(root)]
    for source in sources:
        text = site_links((root / source).read_text(), source)
        files.append(File.generated(config, page_of(source), content=text))
    reference = site_links(command_reference(), "README.md")
    files.append(File.generated(config, "commands.md", content=reference))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Turn the links of a page of docs/."""
    if page.file.generated_by:
        return markdown
    return site_links(markdown, DOCS + page.file.src_uri)


def site_links(markdown: str, source: str) -> str:
    """Links between files of the repository, as links between the pages of the site.

    `source` is the file's path in the repository, which its links are relative to.
    """
    folder = source.rpartition("/")[0]
    page_folder = page_of(source).rpartition("/")[0]

    def turned(link: re.Match[str]) -> str:
        target = normpath(f"{folder}/{link[1]}" if folder else link[1])
        return relpath(page_of(target), page_folder or ".")

    return _LINK.sub(turned, markdown)


def page_of(source: str) -> str:
    """Where a file of the repository lies in the site."""
    return FIRST.get(source, source.removeprefix(DOCS))


def _cards(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.glob("models/*.md"))
