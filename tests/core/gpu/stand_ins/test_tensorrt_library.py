# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""TensorRT that is missing, broken or too old, each really so, is told in one line."""

from __future__ import annotations

import importlib
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from zeroflow_ros.engines.tensorrt_engine import library_name, load_library
from zeroflow_ros.errors import EngineError


def test_without_a_driver_tensorrt_is_not_even_imported(tmp_path: Path) -> None:
    """In a process of its own: this one may have imported it."""
    (tmp_path / "tensorrt.py").write_text("raise SystemExit('imported')")
    script = (
        "import sys; from pathlib import Path\n"
        "from zeroflow_ros.engines.tensorrt_engine import TensorRTEngine\n"
        "from zeroflow_ros.engines import cuda_driver\n"
        "cuda_driver.LIBRARY = 'libcuda-of-nobody.so.1'\n"
        "from zeroflow_ros.errors import EngineError\n"
        "try: TensorRTEngine(Path(sys.argv[1]), {}, print)\n"
        "except EngineError as error: print(error)\n"
    )
    paths = f"{tmp_path}:{':'.join(path for path in sys.path if path)}"
    command = [sys.executable, "-c", script, "any.onnx"]
    run = subprocess.run(command, env={"PYTHONPATH": paths}, capture_output=True, text=True)
    assert run.stderr == ""
    assert run.stdout.startswith("no NVIDIA driver (libcuda-of-nobody.so.1: cannot open shared")
    assert run.stdout.count("\n") == 1


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder to import from, and no TensorRT anywhere else."""

    class Nowhere:
        @staticmethod
        def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
            if "tensorrt" in name and not (tmp_path / f"{name}.py").exists():
                raise ModuleNotFoundError(f"No module named '{name}'", name=name)

    for name in [name for name in sys.modules if name.startswith("tensorrt")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Nowhere, *sys.meta_path])
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    return tmp_path


def test_without_tensorrt_it_is_said_how_to_get_it(no_library: Path) -> None:
    with pytest.raises(EngineError) as caught:
        load_library()
    message = str(caught.value)
    assert message.startswith("TensorRT is not installed for this Python. JetPack brings it")
    assert "python3-libnvinfer" in message
    assert "--system-site-packages" in message
    assert message.endswith("pip install tensorrt-cu12 (or -cu13, by the driver)")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("raise ImportError('libnvinfer.so.10: cannot open shared object file')", "libnvinfer.so"),
        ("import tensorrt_libs", "No module named 'tensorrt_libs'"),
        ("raise OSError('bad ELF')", "bad ELF"),
    ],
)
def test_a_tensorrt_that_cannot_be_loaded_is_not_called_missing(
    no_library: Path, content: str, reason: str
) -> None:
    (no_library / "tensorrt.py").write_text(content)
    expected = f"^the Python package tensorrt is installed, but cannot be loaded: .*{reason}"
    with pytest.raises(EngineError, match=expected):
        load_library()


@pytest.mark.parametrize("version", ["8.6.2", "10.2.0.post1"])
def test_a_tensorrt_that_is_too_old_is_told(no_library: Path, version: str) -> None:
    (no_library / "tensorrt.py").write_text(f"__version__ = '{version}'")
    with pytest.raises(EngineError, match=f"^TensorRT {version} is too old: JetPack 6.1 brings"):
        load_library()


@pytest.mark.parametrize(
    ("module", "version", "name"),
    [
        ("tensorrt", "10.3.0", "TensorRT 10.3.0"),
        ("tensorrt", "11.4.0.9", "TensorRT 11.4.0.9"),
        ("tensorrt_rtx", "1.7.1.116", "TensorRT-RTX 1.7.1.116"),
        ("tensorrt_rtx_bindings", "1.7.1.116", "TensorRT-RTX 1.7.1.116"),
    ],
)
def test_libraries_that_serve(no_library: Path, module: str, version: str, name: str) -> None:
    (no_library / f"{module}.py").write_text(f"__version__ = '{version}'")
    found = load_library()
    assert isinstance(found, types.ModuleType)
    assert library_name(found) == name
