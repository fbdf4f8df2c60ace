# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which backend runs a model, and of what is missing, in which words.

What is missing is really missing: there is no driver, or one that is compiled here; no TensorRT, or
one that cannot be imported; an ONNX Runtime for CPUs. What TensorRT does where it is, is in
`gpu/stand_ins/test_loaded_models.py`.
"""

from __future__ import annotations

import os
import site
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import PathFinder
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest

import zeroflow_ros
from zeroflow_ros.cli.options import BackendChoice
from zeroflow_ros.engines import cuda_driver
from zeroflow_ros.engines.backends import (
    BACKENDS,
    Backend,
    EngineOptions,
    load_model,
    tensorrt_graph,
)
from zeroflow_ros.engines.cuda_driver import Gpu
from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.engines.tensorrt_engine import LIBRARIES
from zeroflow_ros.errors import EngineError, ModelError
from zeroflow_ros.model import CARD_KEY, ModelCard, bundled_models
from zeroflow_ros.onnx_file import with_metadata

CPU = f"ONNX Runtime {onnxruntime.__version__}, CPU"
GPU_BACKENDS: tuple[Backend, ...] = ("tensorrt", "onnxruntime_cuda")

SCRIPT = """
import sys
from zeroflow_ros.engines.backends import EngineOptions, load_model
from zeroflow_ros.errors import ZeroflowError
model, backend, gpu = sys.argv[1:]
try:
    loaded = load_model(model or None, backend, 1, EngineOptions(int(gpu)))
    print(loaded.path.stem, loaded.engine.description, sep=": ")
except ZeroflowError as error:
    print(error)
"""


@pytest.fixture
def said() -> list[str]:
    """What people are told."""
    return []


@pytest.fixture
def options(said: list[str], tmp_path: Path) -> EngineOptions:
    return EngineOptions(cache=tmp_path / "cache", say=said.append)


@pytest.fixture
def no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on a machine with one: the loader is asked for a library that is nowhere."""
    monkeypatch.setattr(cuda_driver, "LIBRARY", "libcuda-of-nobody.so.1")


class Answer(SimpleNamespace):
    """`stdout` and `stderr` in lines."""


@pytest.fixture(scope="session")
def no_tensorrt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that is installed for this Python, but TensorRT: links, for a Python without `site`."""
    folder = tmp_path_factory.mktemp("packages")
    for packages in map(Path, site.getsitepackages()):
        for package in packages.iterdir() if packages.is_dir() else ():
            link = folder / package.name
            if not package.name.startswith("tensorrt") and not link.exists():
                link.symlink_to(package)
    assert not any(PathFinder.find_spec(name, [str(folder)]) for name in LIBRARIES)
    return folder


@pytest.fixture
def ask(fake_driver: Path, no_tensorrt: Path, tmp_path: Path) -> Callable[..., Answer]:
    """Load a model in a new process: with a driver, and no TensorRT but that in `tmp_path`."""
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime can use GPUs")
    ours = str(Path(zeroflow_ros.__file__).parents[1])  # the sources, or where all is installed
    paths = [*({ours} - set(site.getsitepackages())), str(tmp_path), str(no_tensorrt)]
    own = {"LD_LIBRARY_PATH": str(fake_driver), "PYTHONPATH": ":".join(paths)}
    inherited = {k: v for k, v in os.environ.items() if k != "CUDA_VISIBLE_DEVICES"}

    def ask(model: str = "", backend: str = "auto", gpu: int = 0, **environment: str) -> Answer:
        run = subprocess.run(
            [sys.executable, "-S", "-c", SCRIPT, model, backend, str(gpu)],
            env=inherited | own | environment,
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stderr
        return Answer(stdout=run.stdout.splitlines(), stderr=run.stderr.splitlines())

    return ask


def test_the_command_line_offers_the_backends_that_there_are() -> None:
    assert tuple(choice.value for choice in BackendChoice) == BACKENDS


def test_without_a_driver_auto_takes_the_cpu_and_says_so_in_one_line(
    no_driver: None, options: EngineOptions, said: list[str]
) -> None:
    path, card, engine = load_model(options=options)
    assert path == bundled_models()["zeroflow-rt_int8"]
    assert (card.name, card.precision) == ("zeroflow-rt_int8", "int8")
    assert engine.description == CPU
    assert said == [f"zeroflow-rt_int8 runs on {CPU} (no NVIDIA driver here)"]


def test_a_model_that_was_chosen_is_taken_as_it_is(
    no_driver: None, options: EngineOptions, said: list[str]
) -> None:
    assert load_model("zeroflow-rt-2", options=options).card.precision == "fp32"
    assert said == [f"zeroflow-rt-2 runs on {CPU} (no NVIDIA driver here)"]


def test_the_cpu_is_taken_without_a_word_when_it_was_asked_for(
    no_driver: None, options: EngineOptions, said: list[str]
) -> None:
    assert load_model(None, "onnxruntime_cpu", options=options).engine.description == CPU
    assert said == []


@pytest.mark.parametrize("backend", GPU_BACKENDS)
def test_nothing_takes_the_place_of_a_backend_that_was_asked_for(
    no_driver: None, options: EngineOptions, said: list[str], backend: Backend
) -> None:
    with pytest.raises(EngineError) as caught:
        load_model(None, backend, options=options)
    message = str(caught.value)
    assert message.startswith("no NVIDIA driver (libcuda-of-nobody.so.1: cannot open shared object")
    assert "--runtime nvidia" in message or "--gpus all" in message
    assert "\n" not in message
    assert said == []
    assert options.cache is not None
    assert not options.cache.exists()


def test_with_a_driver_auto_says_why_it_is_not_on_the_gpu(ask: Callable[..., Answer]) -> None:
    answer = ask()
    assert answer.stdout == [f"zeroflow-rt_int8: {CPU}"]
    tensorrt, onnx, chosen = answer.stderr
    assert tensorrt.startswith("backend tensorrt is passed over: TensorRT is not installed for")
    assert "pip install tensorrt-cu12" in tensorrt
    assert onnx.startswith("backend onnxruntime_cuda is passed over: this ONNX Runtime (")
    assert "then pip install onnxruntime-gpu" in onnx
    assert chosen == f"zeroflow-rt_int8 runs on {CPU}"


def test_a_tensorrt_that_breaks_on_import_is_not_called_missing(
    ask: Callable[..., Answer], tmp_path: Path
) -> None:
    (tmp_path / "tensorrt.py").write_text("raise ImportError('libnvinfer.so.10: cannot open')")
    reason = (
        "the Python package tensorrt is installed, but cannot be loaded: "
        "libnvinfer.so.10: cannot open"
    )
    answer = ask()
    assert answer.stdout == [f"zeroflow-rt_int8: {CPU}"]
    assert answer.stderr[0] == f"backend tensorrt is passed over: {reason}"
    assert len(answer.stderr) == 3
    assert ask(backend="tensorrt").stdout == [reason]


@pytest.mark.parametrize(
    ("gpu", "environment", "reason"),
    [
        (
            0,
            {"FAKE_INIT": "803"},
            "the NVIDIA driver does not work (cuInit: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, 803): the "
            "driver's library and kernel module are of different versions, as after an update: "
            "reboot, and start containers anew",
        ),
        (5, {}, "GPU 5 was asked for, and there are GPUs 0 to 1"),
    ],
)
def test_a_driver_that_gives_no_gpu_is_told_in_full(
    ask: Callable[..., Answer], gpu: int, environment: dict[str, str], reason: str
) -> None:
    answer = ask(gpu=gpu, **environment)
    assert answer.stdout == [f"zeroflow-rt_int8: {CPU}"]
    assert answer.stderr == [f"no GPU is used: {reason}", f"zeroflow-rt_int8 runs on {CPU}"]
    explicit = ask(backend="onnxruntime_cuda", gpu=gpu, **environment)
    assert (explicit.stdout, explicit.stderr) == ([reason], [])


@pytest.mark.parametrize("backend", GPU_BACKENDS)
def test_8_bits_are_refused_with_what_to_take(
    no_driver: None, options: EngineOptions, tmp_path: Path, backend: Backend
) -> None:
    bundled = bundled_models()
    with pytest.raises(EngineError) as caught:
        load_model("zeroflow-rt_int8", backend, options=options)
    message = str(caught.value)
    assert message.startswith(f"model {bundled['zeroflow-rt_int8']}: its 8 bits are for CPUs; ")
    assert message.endswith(f" takes what it was made of, {bundled['zeroflow-rt']}")
    alone = tmp_path / "mine.onnx"
    alone.write_bytes(bundled["zeroflow-rt_int8"].read_bytes())
    with pytest.raises(EngineError, match=r"made of, which does not lie beside it$"):
        load_model(alone, backend, options=options)


@pytest.fixture
def write(
    tmp_path: Path, make_card: Callable[..., ModelCard], graph_file: bytes
) -> Callable[..., Path]:
    """Write a model whose card has changes; no inference engine can load it."""

    def write(name: str, **changes: Any) -> Path:
        path = tmp_path / name
        path.write_bytes(with_metadata(graph_file, {CARD_KEY: make_card(**changes).to_json()}))
        return path

    return write


@pytest.fixture
def mine(write: Callable[..., Path]) -> Path:
    return write("mine.onnx")


def test_tensorrt_runs_the_fp16_form(
    mine: Path, write: Callable[..., Path], make_card: Callable[..., ModelCard], said: list[str]
) -> None:
    assert tensorrt_graph(mine, said.append) == mine
    original = make_card().graph_sha256
    half = write("mine_fp16.onnx", precision="fp16", float_graph_sha256=original)
    assert tensorrt_graph(mine, said.append) == half
    assert tensorrt_graph(half, said.append) == half
    assert said == []
    assert tensorrt_graph(None) == bundled_models()["zeroflow-rt_fp16"]
    assert tensorrt_graph("zeroflow-rt-2") == bundled_models()["zeroflow-rt-2_fp16"]


@pytest.mark.parametrize(
    ("precision", "of_mine"), [("fp16", False), ("int8", True), ("fp32", True)]
)
def test_what_is_not_the_fp16_form_is_passed_over(
    mine: Path,
    write: Callable[..., Path],
    make_card: Callable[..., ModelCard],
    said: list[str],
    precision: str,
    of_mine: bool,
) -> None:
    original = make_card().graph_sha256 if of_mine else "0" * 64
    half = write("mine_fp16.onnx", precision=precision, float_graph_sha256=original)
    assert tensorrt_graph(mine, said.append) == mine
    (line,) = said
    assert line.startswith(f"model {half} is not the FP16 form of mine.onnx, and is passed over")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_model_that_cannot_be_read_is_the_same_error_for_all(
    no_driver: None, options: EngineOptions, said: list[str], tmp_path: Path, backend: Backend
) -> None:
    whole = bundled_models()["zeroflow-rt"].read_bytes()
    changed = bytearray(whole)
    changed[len(whole) // 3] ^= 1  # a weight
    path = tmp_path / "mine.onnx"
    for content, reason in (
        (whole[: len(whole) // 2], "not a complete ONNX file"),
        (bytes(changed), "its weights do not match its card's checksum"),
        (b"", "not an ONNX file"),
    ):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=rf"^model {path}: {reason}"):
            load_model(path, backend, options=options)
    path.unlink()
    with pytest.raises(ModelError, match=rf"^model {path}: no such file, and no bundled model"):
        load_model(path, backend, options=options)
    assert said == []


def without_sample(folder: Path) -> Path:
    """A real model as it was before models had samples."""
    path, content = folder / "old.onnx", bundled_models()["zeroflow-rt-2"].read_bytes()
    assert content.count(b"zeroflow_sample") == 1
    path.write_bytes(content.replace(b"zeroflow_sample", b"zeroflow_nothin"))
    return path


def test_a_model_without_a_sample_runs_where_nothing_needs_checking(
    ask: Callable[..., Answer], tmp_path: Path
) -> None:
    path = without_sample(tmp_path)
    reason = (
        f"model {path}: it carries no reference sample to check an engine with: export it again"
    )
    assert ask(str(path), "tensorrt").stdout == [reason]
    answer = ask(str(path))
    assert answer.stdout == [f"old: {CPU}"]
    assert answer.stderr[0] == f"backend tensorrt is passed over: {reason}"


class OnnxRuntimeOfCuda:
    """An ONNX Runtime with CUDA inside, on a machine where its session starts as it is told."""

    __version__ = "1.99"

    def __init__(self, providers: list[str], failure: str = "") -> None:
        self._providers, self._failure = providers, failure

    def get_available_providers(self) -> list[str]:
        return ["CUDAExecutionProvider", "CPUExecutionProvider"]

    SessionOptions = onnxruntime.SessionOptions

    def InferenceSession(self, path: str, options: Any, providers: Any) -> Any:  # noqa: N802
        assert providers == [("CUDAExecutionProvider", {"device_id": "1", "use_tf32": "0"})]
        if self._failure:
            raise RuntimeError(self._failure)
        return SimpleNamespace(get_providers=lambda: self._providers)


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (
            OnnxRuntimeOfCuda(["CPUExecutionProvider"]),
            "ONNX Runtime 1.99 cannot use CUDAExecutionProvider: its CUDA and cuDNN libraries are",
        ),
        (
            OnnxRuntimeOfCuda([], "CUDA failure 2: out of memory\nmore"),
            "ONNX Runtime 1.99 cannot load model mine.onnx on Orin (CUDA failure 2: out of memory)",
        ),
        (None, "ONNX Runtime cannot be loaded ("),
    ],
)
def test_an_onnx_runtime_that_does_not_run_on_the_gpu_is_no_fault_of_the_model(
    monkeypatch: pytest.MonkeyPatch, module: Any, expected: str
) -> None:
    """So that `auto` goes on to the CPU."""
    monkeypatch.setitem(sys.modules, "onnxruntime", module)
    gpu = Gpu(1, "Orin", (8, 7), 16, 32 << 30, 12060)
    with pytest.raises(EngineError) as caught:
        OnnxRuntimeEngine(Path("mine.onnx"), gpu=gpu)
    assert str(caught.value).startswith(expected)


def test_an_inference_that_fails_is_told_in_one_line() -> None:
    engine = load_model("zeroflow-rt-2", "onnxruntime_cpu").engine
    with pytest.raises(EngineError) as caught:
        engine.infer({"pillar_features": np.zeros((1, 1), np.float32)})
    assert str(caught.value).startswith(f"{CPU} failed (")
    assert "\n" not in str(caught.value)
