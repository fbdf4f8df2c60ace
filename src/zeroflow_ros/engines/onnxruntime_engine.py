# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""OnnxRuntimeEngine: the network on the CPU, on any machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from zeroflow_ros.cores import usable_cores
from zeroflow_ros.engines import Tensors
from zeroflow_ros.errors import ModelError


class OnnxRuntimeEngine:
    """ONNX Runtime, CPU execution provider, deterministic for any number of threads."""

    def __init__(self, path: Path, threads: int | None = None) -> None:
        """`threads` for one inference; None = all usable cores. Raises ModelError for a bad graph.

        They wait asleep and run on any core. ONNX Runtime would bind them to cores unless told how
        many, and have them spin while they wait: as soon as anything else wants one of two cores,
        that doubles the time of the network.
        """
        try:
            import onnxruntime
        except ImportError as error:
            raise ModelError("running a model on the CPU needs: pip install onnxruntime") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or usable_cores()
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's errors share no base class but Exception
            reason = str(error).splitlines()[0]
            raise ModelError(f"model {path}: ONNX Runtime cannot load it ({reason})") from error
        self.outputs = tuple(output.name for output in self._session.get_outputs())
        self.description = f"ONNX Runtime {onnxruntime.__version__}, CPU"

    def infer(self, inputs: Tensors) -> dict[str, npt.NDArray[np.generic]]:
        """See Engine."""
        return dict(zip(self.outputs, self._session.run(self.outputs, dict(inputs)), strict=True))
