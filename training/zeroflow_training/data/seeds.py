# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Seeds of simulated scenes: which ones a run may draw, so that no test world is trained on."""

SEEDS_PER_WORKER = 1_000_000
WORKERS = 10
TEST_SEEDS = 1_000_000_000  # and above: frozen test worlds, never drawn in training
# Seeds that a run may have: 0..98; scenes of the last hundredth calibrate (quantization.py).
RUNS = TEST_SEEDS // (SEEDS_PER_WORKER * WORKERS) - 1
