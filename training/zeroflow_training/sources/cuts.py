# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cuts: how a long recording becomes several sequences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Cuts:
    """`count` sweeps called `name`, in as few and as equal parts as have at most `longest` each."""

    name: str
    count: int
    longest: int

    @property
    def parts(self) -> int:
        """How many there are, at least one."""
        return max(1, -(-self.count // self.longest))

    @property
    def size(self) -> int:
        """Sweeps in each, fewer in the last."""
        return max(1, -(-self.count // self.parts))

    def name_of(self, part: int) -> str:
        """NAME of a recording that stays whole, else NAME_000, NAME_001 ..."""
        return self.name if self.parts == 1 else f"{self.name}_{part:03d}"

    def described(self, part: int) -> str:
        """Which of the recording's sweeps a part holds, in words."""
        first = part * self.size
        return f"sweeps {first} to {min(first + self.size, self.count) - 1} of {self.count}"

    def split(self, items: Iterable[Item]) -> Iterator[tuple[int, Iterator[tuple[int, Item]]]]:
        """Number of each part, and (number, item) of those in it; unread ones are passed over.

        The last part takes more, should there be more than `count`.
        """
        return groupby(enumerate(items), lambda entry: min(entry[0] // self.size, self.parts - 1))
