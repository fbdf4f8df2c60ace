# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The stand-ins take what the real bindings take: functions, arguments by name, enumerations."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

RTX = "pip install --no-deps tensorrt-rtx-cu13-libs tensorrt-rtx-cu13-bindings"


def names_in(signature: str) -> list[str]:
    """Names of arguments in the first line of a docstring: without types, self and defaults."""
    inside = signature[signature.index("(") + 1 : signature.index(")")]
    parts = inside.split(", ") if inside else []
    names = [re.split(r"[:=]", part)[0].split()[-1].strip("*") for part in parts]
    return [name for name in names if name != "self"]


def own_functions(kind: Any) -> dict[str, list[str]]:
    """Public functions written in a class, with the names of their arguments."""
    return {
        name: list(inspect.signature(value).parameters)[1:]
        for name, value in vars(kind).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }


def test_the_driver(driver: Any) -> None:
    real = pytest.importorskip("cuda.bindings.driver", reason="pip install cuda-python")
    functions = {n: a for n, a in own_functions(type(driver)).items() if n.startswith("cu")}
    found = {
        name: names_in(getattr(real, name).__doc__.splitlines()[0])
        for name in functions
        if name.startswith("cu")
    }
    assert functions == found
    assert len(functions) == 21
    for kind in ("CUresult", "CUstream_flags", "CUstreamCaptureMode"):
        for member in getattr(driver, kind):
            assert int(getattr(getattr(real, kind), member.name)) == member
    assert real.CUresult(2).name == "CUDA_ERROR_OUT_OF_MEMORY"
    for handle in (real.CUdeviceptr(5), real.CUstream(5)):
        assert int(handle) == 5


@pytest.mark.parametrize(
    ("kind", "real_name"),
    [
        ("CudaEngine", "ICudaEngine"),
        ("ExecutionContext", "IExecutionContext"),
        ("Config", "IBuilderConfig"),
        ("Builder", "Builder"),
        ("Runtime", "Runtime"),
    ],
)
def test_tensorrt(stand_ins: Any, kind: str, real_name: str) -> None:
    trt = pytest.importorskip("tensorrt_rtx_bindings", reason=RTX)
    real = getattr(trt, real_name)
    functions = own_functions(getattr(stand_ins, kind))
    assert functions
    for name, arguments in functions.items():
        text = getattr(real, name).__doc__
        lines = [line for line in text.splitlines() if f"{name}(self" in line]
        assert arguments in [names_in(line) for line in lines], name
    attributes = [name for name in vars(getattr(stand_ins, kind)) if not name.startswith("_")]
    assert [name for name in attributes if not hasattr(real, name)] == []


def test_enumerations_of_tensorrt(library: Any) -> None:
    trt = pytest.importorskip("tensorrt_rtx_bindings", reason=RTX)
    kinds = (
        "TensorIOMode", "LayerInformationFormat", "MemoryPoolType", "ProfilingVerbosity",
        "BuilderFlag", "ExecutionContextAllocationStrategy", "NetworkDefinitionCreationFlag",
    )  # fmt: skip
    for kind in kinds:
        members = set(getattr(library, kind).__members__)
        assert members <= set(getattr(trt, kind).__members__)
    real = trt.ILogger.Severity.__members__
    assert {name: int(member) for name, member in real.items()} == {
        member.name: member for member in library.ILogger.Severity
    }
