# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The real node with a stand-in for TensorRT: the real cache, and a build that takes its time.

`python -m tests.ros.slow_engine_node GO stuck|steps ...`: it builds until the file GO is there, and
either tells of its steps or, as a compiler in the middle of one, does not listen to anybody.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from pathlib import Path
from typing import Any

from zeroflow_ros.engines import backends
from zeroflow_ros.engines.cuda_driver import Gpu
from zeroflow_ros.engines.engine_cache import Built, EngineCache, EngineKey, cache_folder
from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.model import find_model, load_card
from zeroflow_ros.ros.scene_flow_node import main

GPU = Gpu(0, "Orin", (8, 7), 16, 1 << 36, 12060)
PLAN = b"a plan of TensorRT" * 1000


def opener(go: Path, how: str) -> Any:
    """In place of `backends._tensorrt`."""

    def open_engine(model: str, options: backends.EngineOptions) -> backends.LoadedModel:
        path = find_model(model)
        card = load_card(path)

        def build(timing_cache: bytes) -> Built:
            print("a build begins", flush=True)
            for step in itertools.count():
                if go.exists():
                    return Built(PLAN, b"", {"seconds": 1.0})
                if how == "steps":
                    assert options.progress is not None
                    options.progress("tactics", min(step / 1000, 0.99))
                time.sleep(0.02)  # what the work takes
            raise AssertionError

        def load(plan: bytes) -> OnnxRuntimeEngine:
            assert plan == PLAN
            return OnnxRuntimeEngine(path)

        key = EngineKey(card.graph_sha256, "tensorrt 10.3.0", GPU, {})
        store = EngineCache(cache_folder(options.cache), options.say)
        return backends.LoadedModel(path, card, store.open(key, build, load))

    return open_engine


if __name__ == "__main__":
    backends._tensorrt = opener(Path(sys.argv[1]), sys.argv[2])  # type: ignore[assignment]
    os.environ.pop("ZEROFLOW_CACHE", None)
    raise SystemExit(main(sys.argv[3:]))
