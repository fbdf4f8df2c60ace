# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Random numbers for the compiled loops: one 64-bit word of state, xorshift64*.

Several times faster than NumPy's generator inside numba, and reproducible by construction:
the state is handed in and out.
"""

import numpy as np
import numpy.typing as npt

from .jit import compiled

State = npt.NDArray[np.uint64]

_12, _25, _27, _11 = np.uint64(12), np.uint64(25), np.uint64(27), np.uint64(11)
_MULTIPLIER = np.uint64(0x2545F4914F6CDD1D)
_MIX_SHIFT = np.uint64(32)
_MIX_FIRST, _MIX_SECOND = np.uint64(0xD6E8FEB86659FD93), np.uint64(0xBF58476D1CE4E5B9)
_TO_UNIT = 1.0 / 2**53
_ROOT_3 = np.sqrt(3.0)


def noise_state(seed: int) -> State:
    """State for `uniform` and `gauss` from any non-negative integer."""
    return np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1)


@compiled
def uniform(state: State) -> float:
    """Uniform in (0, 1)."""
    word = state[0]
    word ^= word >> _12
    word ^= word << _25
    word ^= word >> _27
    state[0] = word
    unit: float = (np.float64((word * _MULTIPLIER) >> _11) + 0.5) * _TO_UNIT
    return unit


@compiled
def hashed(x: int, y: int, z: int) -> float:
    """Uniform in (0, 1), always the same for the same three whole numbers."""
    word = np.uint64(x * 73856093) ^ np.uint64(y * 19349663) ^ np.uint64(z * 83492791)
    word = (word ^ (word >> _MIX_SHIFT)) * _MIX_FIRST
    word = (word ^ (word >> _MIX_SHIFT)) * _MIX_SECOND
    unit: float = (np.float64((word ^ (word >> _MIX_SHIFT)) >> _11) + 0.5) * _TO_UNIT
    return unit


@compiled
def gauss(state: State) -> float:
    """Close to standard normal: four uniforms summed, no logarithm, nothing beyond 3.5."""
    total = uniform(state) + uniform(state) + uniform(state) + uniform(state)
    return _ROOT_3 * (total - 2.0)
