# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cuda through the real package cuda-bindings, on a driver library of our own in C.

So what the package takes and gives is seen: handles, addresses, flags, status.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from zeroflow_ros.engines.cuda_buffers import Cuda
from zeroflow_ros.engines.cuda_driver import LIBRARY, Gpu, find_gpu
from zeroflow_ros.errors import EngineError

bindings = pytest.importorskip("cuda.bindings.driver", reason="pip install cuda-python")

# cuda.h's functions as far as they are used. They take the handles that they gave and no others;
# copies are made at once, or, during a capture, when its graph is launched.
SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define CONTEXT ((void *)0x77)
#define STREAM ((void *)0x5)
#define GRAPH ((void *)0x6)
#define EXEC ((void *)0x7)
#define BAD 400
static struct { void *to, *from; size_t size; } copies[8];
static int count, capturing;
static int copy(void *to, void *from, size_t size, void *stream) {
    if (stream != STREAM) return BAD;
    if (!capturing) memcpy(to, from, size);
    else { copies[count].to = to; copies[count].from = from; copies[count++].size = size; }
    return 0;
}
int cuInit(unsigned flags) { return flags; }
int cuDeviceGet(int *device, int index) { *device = 40 + index; return 0; }
int cuDevicePrimaryCtxRetain(void **context, int device) {
    *context = CONTEXT;
    return device == 40 ? 0 : BAD;
}
int cuDevicePrimaryCtxRelease_v2(int device) { puts("released"); return device == 40 ? 0 : BAD; }
int cuCtxSetCurrent(void *context) { return context == CONTEXT ? 0 : BAD; }
int cuMemAlloc_v2(uint64_t *at, size_t size) {
    *at = size > 1000000 ? 0 : (uint64_t)malloc(size);
    return *at ? 0 : 2;
}
int cuMemFree_v2(uint64_t at) { free((void *)at); puts("freed"); return 0; }
int cuMemHostAlloc(void **at, size_t size, unsigned flags) { *at = malloc(size); return flags; }
int cuMemFreeHost(void *at) { free(at); puts("unpinned"); return 0; }
int cuStreamCreate(void **stream, unsigned flags) { *stream = STREAM; return flags == 1 ? 0 : BAD; }
int cuStreamDestroy_v2(void *stream) { puts("destroyed"); return stream == STREAM ? 0 : BAD; }
int cuStreamSynchronize(void *stream) { return stream == STREAM ? 0 : BAD; }
int cuMemcpyHtoDAsync_v2(uint64_t to, void *from, size_t size, void *stream) {
    return copy((void *)to, from, size, stream);
}
int cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t size, void *stream) {
    return copy(to, (void *)from, size, stream);
}
int cuStreamBeginCapture_v2(void *stream, int mode) {
    capturing = 1;
    return mode == 1 && stream == STREAM ? 0 : BAD;
}
int cuStreamEndCapture(void *stream, void **graph) {
    capturing = 0;
    *graph = GRAPH;
    return stream == STREAM ? 0 : BAD;
}
int cuGraphInstantiateWithFlags(void **exec, void *graph, unsigned long long flags) {
    *exec = EXEC;
    return graph == GRAPH && !flags ? 0 : BAD;
}
int cuGraphDestroy(void *graph) { return graph == GRAPH ? 0 : BAD; }
int cuGraphExecDestroy(void *exec) { return exec == EXEC ? 0 : BAD; }
int cuGraphLaunch(void *exec, void *stream) {
    if (exec != EXEC || stream != STREAM) return BAD;
    for (int k = 0; k < count; k++) memcpy(copies[k].to, copies[k].from, copies[k].size);
    return 0;
}
int cuGetProcAddress_v2(const char *name, void **found, int version, uint64_t flags, int *status) {
    static const char *endings[] = {"WithFlags", "_v2", ""};
    char full[256];
    *found = 0;
    for (int k = 0; k < 3 && !*found; k++) {
        snprintf(full, sizeof full, "%s%s", name, endings[k]);
        *found = dlsym(dlopen("libcuda.so.1", RTLD_LAZY), full);
    }
    if (status) *status = *found ? 0 : 1;
    return *found ? 0 : 500;
}
int cuGetProcAddress(const char *name, void **found, int version, uint64_t flags) {
    return cuGetProcAddress_v2(name, found, version, flags, 0);
}
"""

SCRIPT = """
from zeroflow_ros.engines.cuda_buffers import Cuda, load_bindings
from zeroflow_ros.engines.cuda_driver import Gpu
from zeroflow_ros.errors import EngineError
gpu = Gpu(0, "C", (8, 7), 16, 1 << 30, 13000)
cuda = Cuda(load_bindings(gpu), gpu)
cuda.make_current()
buffer = cuda.buffer(8)
def there_and_back():
    cuda.upload(buffer, 6)
    buffer.host[:] = 99
    cuda.download(buffer, 6)
buffer.host[:] = range(8)
there_and_back()
cuda.synchronize()
print(buffer.host.tolist())
graph = cuda.capture(there_and_back)
buffer.host[:] = 3
cuda.launch(graph)
cuda.synchronize()
print(buffer.host.tolist())
cuda.discard(graph)
print(int(cuda.stream), int(buffer.device) > 0)
try:
    cuda.memory(5_000_000)
except EngineError as error:
    print(error)
cuda.close()
"""


def test_the_real_package_takes_what_we_give_it(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    (tmp_path / "driver.c").write_text(SOURCE)
    options = ["-shared", "-fPIC", f"-Wl,-soname,{LIBRARY}", "-o", str(tmp_path / LIBRARY)]
    subprocess.run([compiler, *options, str(tmp_path / "driver.c"), "-ldl"], check=True)
    environment = os.environ | {
        "LD_LIBRARY_PATH": str(tmp_path),
        "PYTHONPATH": ":".join(path for path in sys.path if path),
    }
    run = subprocess.run(
        [sys.executable, "-u", "-c", SCRIPT], env=environment, capture_output=True, text=True
    )
    assert run.stderr == ""
    assert sorted(run.stdout.splitlines()) == sorted(
        [
            "[0, 1, 2, 3, 4, 5, 99, 99]",
            "[3, 3, 3, 3, 3, 3, 3, 3]",
            "5 True",
            "CUDA on C: cuMemAlloc failed with CUDA_ERROR_OUT_OF_MEMORY: the GPU's memory is full: "
            "end other programs that use it",
            "destroyed",
            "freed",
            "unpinned",
            "released",
        ]
    )


def test_without_a_driver_it_is_an_error_of_ours() -> None:
    try:
        find_gpu()
    except EngineError as error:
        if "no NVIDIA driver" not in str(error):
            pytest.skip("there is a driver, though no GPU")
    else:
        pytest.skip("there is a driver")
    with pytest.raises(EngineError, match=r"^CUDA on C: cuInit failed \("):
        Cuda(bindings, Gpu(0, "C", (8, 7), 16, 1 << 30, 13000))
