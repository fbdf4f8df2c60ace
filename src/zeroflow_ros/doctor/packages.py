# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the doctor looks at of models, and of the packages that run them and help them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from importlib import metadata

from zeroflow_ros.counted import counted
from zeroflow_ros.doctor.finding import Finding, Level
from zeroflow_ros.doctor.machine import writable
from zeroflow_ros.errors import EngineError, ModelError, NoDriverError


def bundled_models() -> Iterator[Finding]:
    """Whether each is what its card says, by its checksum, and can be opened."""
    from zeroflow_ros import model
    from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine

    again = "install zeroflow_ros again, or fetch the file again (git lfs pull, where it is used)"
    whole = []
    for name, path in sorted(model.bundled_models().items()):
        try:
            model.load_card(path)
            OnnxRuntimeEngine(path, threads=1)
        except ModelError as error:
            yield Finding(Level.broken, str(error), again)
        else:
            whole.append(name)
    if whole:
        yield Finding(Level.ok, f"{', '.join(whole)}: checksums hold, and all can be opened")
    if model.DEFAULT_MODEL not in model.bundled_models():
        yield Finding(Level.broken, f"{model.DEFAULT_MODEL}, the default, is missing", again)


def onnx_runtime() -> Iterator[Finding]:
    """What it can run on."""
    try:
        import onnxruntime
    except ImportError as error:
        cure = "pip install onnxruntime, or onnxruntime-gpu for a GPU"
        yield Finding(Level.broken, f"cannot be loaded ({error})", cure)
        return
    providers = (each.removesuffix("ExecutionProvider") for each in _providers(onnxruntime))
    yield Finding(Level.ok, f"{onnxruntime.__version__}, on {', '.join(providers)}")


def gpu() -> Iterator[Finding]:
    """What the NVIDIA driver says of the first one."""
    from zeroflow_ros.engines.cuda_driver import find_gpu, how_to_get_driver

    try:
        found = find_gpu()
    except NoDriverError:
        cure = f"if there is one: {how_to_get_driver()}"
        yield Finding(Level.note, "none: the CPU runs the network", cure)
    except EngineError as error:
        yield Finding(Level.note, "cannot be used: the CPU runs the network", str(error))
    else:
        cuda, memory = divmod(found.driver, 1000), found.memory_bytes / 2**30
        said = f"{found.name}, {memory:.0f} GiB, driver of CUDA {cuda[0]}.{cuda[1] // 10}"
        yield Finding(Level.ok, said)


def tensorrt() -> Iterator[Finding]:
    """Whether it can be loaded; without a driver, it could end this process."""
    from zeroflow_ros.engines.cuda_buffers import load_bindings
    from zeroflow_ros.engines.cuda_driver import find_gpu
    from zeroflow_ros.engines.tensorrt_engine import library_name, load_library

    try:
        found = find_gpu()
    except EngineError:
        yield Finding(Level.note, "not looked at: it needs a GPU")
        return
    try:
        library = load_library()
        load_bindings(found)
    except EngineError as error:
        yield Finding(Level.note, "cannot be used on this GPU", str(error))
    else:
        yield Finding(Level.ok, f"{library_name(library)}, with cuda-python")


def engine_cache() -> Iterator[Finding]:
    """Where TensorRT's engines are, and how many."""
    from zeroflow_ros.engines.engine_cache import VARIABLE, cache_folder

    folder = cache_folder()
    count = len(list(folder.glob("*.plan"))) if folder.is_dir() else 0
    found = f"{folder}, {counted(count, 'engine')}"
    if writable(folder):
        yield Finding(Level.ok, found)
        return
    cure = f"engines that are not there yet are built at each start: export {VARIABLE}=FOLDER"
    yield Finding(Level.note, f"{found}, not writable", cure)


def kiss_icp() -> Iterator[Finding]:
    """For ego motion without odometry."""
    yield _optional("kiss_icp", "kiss-icp", "odometry", "recordings and vehicles without odometry")


def patchwork() -> Iterator[Finding]:
    """For models that want clouds without ground."""
    yield _optional(
        "pypatchworkpp", "pypatchworkpp", "ground", "models that want no ground, as ZeroFlow's own"
    )


def _optional(module: str, package: str, extra: str, purpose: str) -> Finding:
    install = f"pip install 'zeroflow_ros[{extra}]'"
    try:
        importlib.import_module(module)
    except ModuleNotFoundError:
        return Finding(Level.note, f"not installed; {purpose} need it", install)
    except ImportError as error:
        return Finding(Level.note, f"cannot be loaded ({error})", f"{install} --force-reinstall")
    return Finding(Level.ok, metadata.version(package))


def _providers(onnxruntime: object) -> list[str]:
    """Those that compute; the others send models to Microsoft's cloud or elsewhere."""
    known: list[str] = onnxruntime.get_available_providers()  # type: ignore[attr-defined]
    return [each for each in known if each != "AzureExecutionProvider"]
