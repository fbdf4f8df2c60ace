# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Registration: where the points of a moving body were in the earlier sweeps, to the centimetre.

The network finds what moves and roughly how; laying the body onto the earlier sweeps says exactly.
Iterative closest points (Besl and McKay 1992) with one motion for all sweeps of the history: over
0.4 s a pedestrian's half metre is read as surely as a car's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from zeroflow_ros import registration_loops
from zeroflow_ros.consensus import RigidMotions
from zeroflow_ros.earlier import EarlierIndex
from zeroflow_ros.pillar_loops import F64
from zeroflow_ros.samples import Samples


def register(
    samples: Samples,
    motions: RigidMotions,
    earlier: EarlierIndex,
    each: Callable[..., Iterable[Any]] = map,
) -> RigidMotions:
    """`motions` of B bodies with the shifts by which they lie best on the earlier sweeps.

    Turns stay as they are; bodies of too few points keep what the network said. `each` maps a
    function over parts of the bodies.
    """

    def registered(part: slice) -> F64:
        found: F64 = registration_loops.register(
            *(samples.rows, samples.ends(part), *motions.select(part)),
            *(earlier.ages, earlier.drift, earlier.start, earlier.offsets),
            *(earlier.size, earlier.cell_m),
        )
        return found

    shift = np.concatenate([motions.shift[:0], *each(registered, samples.parts())])
    return motions._replace(shift=np.where(samples.enough[:, None], shift, motions.shift))
