# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Random draws, named as a scene designer thinks of them."""

import math
import random
from collections.abc import Sequence
from typing import TypeVar

Option = TypeVar("Option")


class Dice:
    """A seeded source of scalar draws.

    Building one scene takes thousands of single draws; Python's own generator makes each of
    them several times cheaper than NumPy's.
    """

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._random.random() < probability

    def between(self, low: float, high: float) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * self._random.random()

    def integer(self, low: int, high: int) -> int:
        """Uniform integer in [low, high], both included."""
        return low + int(self._random.random() * (high - low + 1))

    def normal(self, mean: float, deviation: float) -> float:
        """Gaussian, cut at three deviations so that no single draw spoils a scene."""
        unit = self._random.gauss(0.0, 1.0)
        return mean + deviation * max(-3.0, min(3.0, unit))

    def exponential(self, mean: float) -> float:
        """Exponential with the given mean."""
        return -mean * math.log(1.0 - self._random.random())

    def poisson(self, mean: float) -> int:
        """Number of events when ``mean`` are expected (small means only)."""
        limit, product, count = math.exp(-mean), self._random.random(), 0
        while product > limit:
            product *= self._random.random()
            count += 1
        return count

    def sign(self) -> float:
        """Either 1 or -1."""
        return 1.0 if self.chance(0.5) else -1.0

    def angle(self) -> float:
        """Uniform in [-pi, pi)."""
        return self.between(-math.pi, math.pi)

    def pick(self, options: Sequence[Option], weights: Sequence[float] | None = None) -> Option:
        """One of ``options``, evenly or by ``weights``."""
        return self._random.choices(options, weights)[0]
