# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The kinds of scenes there are, and how often each is drawn."""

from collections.abc import Callable

from zeroflow_ros.errors import ZeroflowError

from ..dice import Dice
from .base import Scene
from .car_park import car_park
from .crossing import crossing
from .highway import highway
from .street import street
from .yard import yard

KINDS: dict[str, Callable[[Dice, float], Scene]] = {
    "street": street,
    "crossing": crossing,
    "car_park": car_park,
    "yard": yard,
    "highway": highway,
}
_SHARES = {"street": 0.4, "crossing": 0.28, "car_park": 0.12, "yard": 0.08, "highway": 0.12}


def draw_scene(dice: Dice, duration_s: float = 0.5, kind: str | None = None) -> Scene:
    """A random scene of one of `KINDS`, good for ``duration_s`` seconds from time 0.

    Without ``kind``, streets and crossings come most often. Raises ZeroflowError for an unknown
    kind, with those there are.
    """
    kind = kind or dice.pick(tuple(_SHARES), tuple(_SHARES.values()))
    try:
        build = KINDS[kind]
    except KeyError:
        raise ZeroflowError(f"no scene called '{kind}'; there are {', '.join(KINDS)}") from None
    return build(dice, duration_s)
