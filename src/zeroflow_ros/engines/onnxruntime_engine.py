# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""OnnxRuntimeEngine: the network on the CPU of any machine, or on a GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zeroflow_ros.cores import usable_cores
from zeroflow_ros.engines import Tensors
from zeroflow_ros.engines.cuda_driver import Gpu
from zeroflow_ros.errors import EngineError, ModelError, pass_interrupt


class OnnxRuntimeEngine:
    """ONNX Runtime, deterministic on the CPU for any number of threads."""

    def __init__(self, path: Path, threads: int | None = None, gpu: Gpu | None = None) -> None:
        """`threads` for one inference; None = all usable cores. `gpu`: there instead of the CPU.

        Raises ModelError for a bad graph, EngineError for an ONNX Runtime that is missing or does
        not run there.

        Threads wait asleep and run on any core. ONNX Runtime would bind them to cores unless told
        how many, and have them spin while they wait: as soon as anything else wants one of two
        cores, that doubles the time of the network.
        """
        onnxruntime = _library()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or usable_cores()
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        provider = _cpu() if gpu is None else _cuda(onnxruntime, gpu)
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=[provider])
        except Exception as error:  # ONNX Runtime's errors share no base class but Exception
            pass_interrupt(error)
            if gpu is None:
                text = f"model {path}: ONNX Runtime cannot load it ({_reason(error)})"
                raise ModelError(text) from error
            raise EngineError(  # as when another process has filled its memory
                f"ONNX Runtime {onnxruntime.__version__} cannot load model {path} on {gpu.name} "
                f"({_reason(error)})"
            ) from error
        if self._session.get_providers()[0] != provider[0]:  # it takes the CPU without a word
            raise EngineError(
                f"ONNX Runtime {onnxruntime.__version__} cannot use {provider[0]}: its CUDA and "
                "cuDNN libraries are missing or of another version (pip install "
                "'onnxruntime-gpu[cuda,cudnn]')"
            )
        self.outputs = tuple(output.name for output in self._session.get_outputs())
        where = "CPU" if gpu is None else gpu.name
        self.description = f"ONNX Runtime {onnxruntime.__version__}, {where}"

    def infer(self, inputs: Tensors) -> dict[str, npt.NDArray[np.generic]]:
        """See Engine. Raises EngineError where ONNX Runtime fails."""
        try:
            answers = self._session.run(self.outputs, dict(inputs))
        except Exception as error:
            pass_interrupt(error)
            raise EngineError(f"{self.description} failed ({_reason(error)})") from error
        return dict(zip(self.outputs, answers, strict=True))


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _library() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineError(
            f"ONNX Runtime cannot be loaded ({error}): pip install onnxruntime, "
            "or onnxruntime-gpu for a GPU"
        ) from error
    return onnxruntime


def _cpu() -> tuple[str, dict[str, str]]:
    return "CPUExecutionProvider", {}


def _cuda(onnxruntime: Any, gpu: Gpu) -> tuple[str, dict[str, str]]:
    name = "CUDAExecutionProvider"
    if name not in onnxruntime.get_available_providers():
        raise EngineError(
            f"this ONNX Runtime ({onnxruntime.__version__}) is for CPUs: pip uninstall onnxruntime,"
            " then pip install onnxruntime-gpu (on a Jetson: NVIDIA's wheel for its JetPack)"
        )
    return name, {"device_id": str(gpu.index), "use_tf32": "0"}  # FP32 is to be FP32
