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


class Positions(Sampler[int]):
    """Positions from `start` on, of which process `rank` of `ranks` gets every `ranks`-th.

    All processes together see the positions that one of a batch as large would see.
    """

    def __init__(self, start: int = 0, rank: int = 0, ranks: int = 1) -> None:
        self._first, self._ranks = start + rank, ranks

    def __iter__(self) -> Iterator[int]:
        return count(self._first, self._ranks)
