#!/bin/sh
# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
# All that a GPU is needed for, in one call: `sh benchmarks/gpu.sh [RESULTS]`.
# Needs TensorRT (docs/engines.md), torch, and the packages of the extra `training`.
# Builds and checks the engines of all bundled models, tests them on the GPU, and measures FP16 beside
# all other engines: ours and ZeroFlow's network, latency and precision of layers. Tables and JSON go
# to RESULTS, whose name says nothing of the GPU: the tables do.
set -eu
cd "$(dirname "$0")/.."
results=$(mkdir -p "${1:-gpu-results}" && cd "${1:-gpu-results}" && pwd)
export PYTHONPATH="$PWD/src:$PWD/training:${PYTHONPATH:-}"
export ZEROFLOW_CACHE="${ZEROFLOW_CACHE:-$results/engines}"
python=${PYTHON:-python3}

$python -m zeroflow_ros.cli build-engine zeroflow-rt 2>&1 | tee "$results/build.txt"
$python -m zeroflow_ros.cli build-engine zeroflow-rt-2 2>&1 | tee -a "$results/build.txt"
$python benchmarks/engines.py --json "$results/engines.json" 2>&1 | tee "$results/engines.txt"
for model in zeroflow-rt zeroflow-rt-2; do
    $python benchmarks/latency_estimator.py --backend tensorrt --model "$model" \
        --json "$results/latency_$model.json" 2>&1 | tee "$results/latency_$model.txt"
done
$python -m pytest -q -rs -p no:cacheprovider tests/core/gpu 2>&1 | tee "$results/tests.txt"
