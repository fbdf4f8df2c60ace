# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Engines side by side: `python benchmarks/engines.py`; the network alone, same sweeps, same run.

Ours and ZeroFlow's base network (from --base CKPT, or with random weights: the time is the same),
each by PyTorch and ONNX Runtime (FP32, 8 bits), and by what else there is: OpenVINO, and with an
NVIDIA GPU ONNX Runtime and TensorRT (engines are built first, or taken from the cache). Each engine
has a process of its own and waits for its turn: they take turns, so the machine's mood is the same
for all.

Sweeps: 120,000 points of a simulated HDL-64E. Difference: of displacement from ONNX Runtime FP32.
Memory: what the process needed at its peak more than before it loaded the engine; of the GPU, what
all that runs there holds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from engine_worker import installed
from latency_estimator import endless_drive
from rich.console import Console

from zeroflow_ros.cores import usable_cores
from zeroflow_ros.engines.cuda_driver import find_gpu
from zeroflow_ros.errors import EngineError
from zeroflow_ros.model import ModelCard, find_model, half_model, load_card
from zeroflow_training.data.levelled import levelled_sweeps
from zeroflow_training.evaluation.table import Column, Table
from zeroflow_training.export_check import card_inputs
from zeroflow_training.onnx_graph import Inputs

SWEEPS, HEIGHT_M = 4, 1.73  # of the lidar above the ground, as endless_drive mounts it
REFERENCE = "onnxruntime_cpu fp32"
WORKER = Path(__file__).with_name("engine_worker.py")


@dataclass(frozen=True)
class Network:
    """A model, its other graphs, and the checkpoint that they were exported from."""

    name: str
    model: Path
    checkpoint: Path

    def rows(self, gpu: bool) -> Iterator[tuple[str, str, Path]]:
        """Kind of engine, precision, and the file that it runs."""
        yield "torch", "fp32", self.checkpoint
        yield "onnxruntime_cpu", "fp32", self.model
        int8 = self.model.with_name(f"{self.model.stem}_int8.onnx")
        graphs = {"fp32": self.model} | ({"int8": int8} if int8.is_file() else {})
        if "int8" in graphs:
            yield "onnxruntime_cpu", "int8", int8
        yield from (("openvino", precision, path) for precision, path in graphs.items())
        if gpu:
            yield "torch_cuda", "fp32", self.checkpoint
            yield "onnxruntime_cuda", "fp32", self.model
            yield "tensorrt", "fp16", half_model(self.model)


@dataclass
class Worker:
    """A process of engine_worker.py. Raises EngineError where its engine cannot be had."""

    kind: str
    path: Path
    inputs: Sequence[Path]
    threads: int
    ms: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        command = (WORKER, self.kind, self.path, self.threads, *self.inputs)
        self._process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        hello = self._reply()
        if "error" in hello:
            raise EngineError(hello["error"])
        self.description: str = hello["description"]

    def turn(self) -> None:
        """Run all inputs once."""
        self.ms += self._asked("turn")

    def end(self) -> dict[str, Any]:
        """What it needed, and its answers; the process ends."""
        reply: dict[str, Any] = self._asked("end")
        self._process.communicate()
        return reply | {"displacement": np.load(reply["answers"])}

    def _asked(self, word: str) -> Any:
        assert self._process.stdin is not None
        print(word, file=self._process.stdin, flush=True)
        return self._reply()

    def _reply(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise EngineError(f"{self.kind} ended with exit code {self._process.wait()}")
        return json.loads(line)


@dataclass(frozen=True)
class Result:
    """Of one engine: milliseconds a sweep, millimetres from the reference, megabytes."""

    network: str
    engine: str
    precision: str
    p50_ms: float
    p99_ms: float
    max_mm: float
    mean_mm: float
    memory_mb: float
    gpu_mb: float | None
    layers: str


def network_inputs_of(card: ModelCard) -> list[Inputs]:
    """Of SWEEPS sweeps of 120,000 points, with the older ones that the card wants."""
    oldest = card.lags[-1]
    drive = list(islice(endless_drive(), oldest + SWEEPS))
    level = np.eye(4)
    level[2, 3] = HEIGHT_M
    found = []
    for newest in range(oldest, len(drive)):
        clouds = [(drive[newest - lag][0].points, drive[newest - lag][1]) for lag in card.lags]
        exact = [np.eye(4)] * (card.history - 1)
        found.append(card_inputs(card, levelled_sweeps(clouds, level, exact)))
    return found


def measured(network: Network, rounds: int, threads: int, scratch: Path) -> list[Result]:
    """All engines of one network, in turns."""
    inputs = []
    for number, arrays in enumerate(network_inputs_of(load_card(network.model))):
        inputs.append(scratch / f"{network.name}_{number}.npz")
        np.savez(inputs[-1], **arrays)
    workers = _started(network, inputs, threads)
    for _ in range(rounds):
        for worker in workers.values():
            worker.turn()
    ends = {row: worker.end() for row, worker in workers.items()}
    wanted = ends[REFERENCE]["displacement"]
    return [_result(network, row, workers[row], end, wanted) for row, end in ends.items()]


def _started(network: Network, inputs: Sequence[Path], threads: int) -> dict[str, Worker]:
    workers = {}
    for kind, precision, path in network.rows(_has_gpu()):
        if not installed(kind):
            print(f"{network.name}: {kind} is not installed", file=sys.stderr)
            continue
        try:
            workers[f"{kind} {precision}"] = Worker(kind, path, inputs, threads)
        except EngineError as error:
            print(f"{network.name}, {kind}: {error}", file=sys.stderr)
    return workers


def _has_gpu() -> bool:
    try:
        print(f"GPU: {find_gpu().name}", file=sys.stderr)
    except EngineError as error:
        print(f"no GPU: {error}", file=sys.stderr)
        return False
    return True


def _result(
    network: Network, row: str, worker: Worker, end: dict[str, Any], wanted: np.ndarray
) -> Result:
    apart_mm = 1e3 * np.abs(end["displacement"] - wanted)
    p50, p99 = np.percentile(worker.ms, (50, 99))
    return Result(
        network.name,
        worker.description,
        row.split()[1],
        float(p50),
        float(p99),
        float(apart_mm.max()),
        float(apart_mm.mean()),
        end["memory_mb"],
        end["gpu_mb"],
        end["note"],
    )


def _networks(base: Path | None, scratch: Path) -> list[Network]:
    """Ours, and ZeroFlow's, exported now."""
    from zeroflow_training.export import export_network
    from zeroflow_training.students.published import load_published

    ours = find_model("zeroflow-rt")
    checkpoint = base or _random_checkpoint(scratch / "random.ckpt")
    published = scratch / "zeroflow-base.onnx"
    export_network(load_published(checkpoint), published, published.stem, "0", checkpoint.name)
    return [
        Network("zeroflow-rt", ours, ours.with_suffix(".ckpt")),
        Network(published.stem, published, checkpoint),
    ]


def _random_checkpoint(path: Path) -> Path:
    import torch

    from zeroflow_training.students.fastflow3d import FastFlow3DConfig
    from zeroflow_training.students.published import published_name

    torch.manual_seed(0)
    config = FastFlow3DConfig.base()
    state = config.network().state_dict()
    named = {f"model.{published_name(name, config)}": value for name, value in state.items()}
    torch.save({"state_dict": named}, path)
    return path


COLUMNS = (
    Column("p50 ms", "p50_ms", ".1f"),
    Column("p99 ms", "p99_ms", ".1f"),
    Column("max mm", "max_mm", ".3f"),
    Column("mean mm", "mean_mm", ".4f"),
    Column("MB", "memory_mb", ".0f"),
    Column("GPU MB", "gpu_mb", ".0f"),
)


def _show(results: Sequence[Result]) -> None:
    rows = {f"{r.network}: {r.engine}, {r.precision}": _numbers(r) for r in results}
    Console(width=160).print(Table("engines", "engines", COLUMNS, rows).for_console())
    for result in results:
        if result.layers:
            print(f"{result.network}, {result.engine}: layers {result.layers}")


def _numbers(result: Result) -> dict[str, float]:
    keys = [column.key for column in COLUMNS]
    return {key: float("nan") if (x := getattr(result, key)) is None else x for key in keys}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=25, help="turns of each engine")
    parser.add_argument("--threads", type=int, default=usable_cores(), help="of the CPU's engines")
    parser.add_argument("--base", type=Path, help="published checkpoint of ZeroFlow, base")
    parser.add_argument("--json", type=Path, help="file for all numbers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        results = [
            result
            for network in _networks(options.base, scratch)
            for result in measured(network, options.rounds, options.threads, scratch)
        ]
    _show(results)
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=1))


if __name__ == "__main__":
    main()
