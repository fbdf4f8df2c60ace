# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The order in which a run sees its samples: for ever, from any position on, on any machine."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
from torch.utils.data import Sampler


class EndlessOrder:
    """Position 0, 1, ... of a run -> one of `count` items: each once an epoch, by `seed`."""

    def __init__(self, count: int, seed: int) -> None:
        self._count, self._seed = count, seed
        self._epoch = -1
        self._permutation = np.empty(0, np.int64)

    def item(self, position: int) -> int:
        """Number of the item, 0 to `count` - 1."""
        epoch, k = divmod(position, self._count)
        if epoch != self._epoch:
            self._permutation = np.random.default_rng((self._seed, epoch)).permutation(self._count)
            self._epoch = epoch
        return int(self._permutation[k])


class Turns:
    """Positions of a run shared out evenly: to `share` of them (below 1) a rehearsed scene comes.

    Old lessons are rehearsed between new ones, for a few drives alone would make a student forget
    what they do not show.
    """

    def __init__(self, share: float) -> None:
        self._share = share

    def scene(self, position: int) -> int | None:
        """Number of the scene that is rehearsed, 0, 1, ...; None where a new one has its turn."""
        scene = int(position * self._share)
        return scene if int((position + 1) * self._share) > scene else None

    def new(self, position: int) -> int:
        """How many new ones had their turn before."""
        return position - int(position * self._share)


class Positions(Sampler[int]):
    """Positions from `start` on, of which process `rank` of `ranks` gets every `ranks`-th.

    All processes together see the positions that one of a batch as large would see.
    """

    def __init__(self, start: int = 0, rank: int = 0, ranks: int = 1) -> None:
        self._first, self._ranks = start + rank, ranks

    def __iter__(self) -> Iterator[int]:
        return count(self._first, self._ranks)
