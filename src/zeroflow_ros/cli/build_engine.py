# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow build-engine`: a TensorRT engine, built and checked before the first drive."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from zeroflow_ros.cli.options import AsJson

_EPILOG = """
[bold]Examples[/bold]

  zeroflow build-engine                    [dim]# of the default model[/dim]

  zeroflow build-engine mine.onnx          [dim]# of mine_fp16.onnx, where that lies beside it[/dim]
"""


def build_engine(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL", help="Bundled model's name or an .onnx file; default: zeroflow-rt."
        ),
    ] = None,
    gpu: Annotated[int, typer.Option(min=0, help="Which GPU, as CUDA counts.")] = 0,
    cache: Annotated[
        Path | None,
        typer.Option(
            help="Folder of engines; else $ZEROFLOW_CACHE, else the user's cache. Node "
            "(engine_cache) and `zeroflow run` ($ZEROFLOW_CACHE) have to look there too."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build a model's TensorRT engine for this GPU, and check what it says.

    FP16 inside where NAME_fp16.onnx lies beside the model, as `zeroflow export` writes it. Needs
    minutes the first time; node and `zeroflow run` then take the engine from the cache.
    """
    from zeroflow_ros.cli.summary import phase_bar, print_json
    from zeroflow_ros.engines.backends import EngineOptions, load_model
    from zeroflow_ros.engines.engine_cache import cache_folder
    from zeroflow_ros.engines.tensorrt_engine import TensorRTEngine

    with phase_bar() as progress:
        options = EngineOptions(gpu, cache, progress)
        path, card, engine = load_model(model, "tensorrt", options=options)
    assert isinstance(engine, TensorRTEngine)
    seconds, size = engine.record["report"]["seconds"], engine.record["plan_bytes"]
    if as_json:
        told = {
            "model": path.stem,
            "gpu": gpu,
            "layers": asdict(engine.precisions),
            "difference": asdict(engine.checked),
            "tolerance_mm": card.tolerance_mm,
            "built": engine.record["built"],
            "seconds": seconds,
            "bytes": size,
        }
        print_json({"output": cache_folder(cache), **told})
        return
    for line in (
        f"engine of {path.stem}: {engine.precisions}",
        f"differs from FP32 by {engine.checked}; {card.tolerance_mm:.1f} mm are tolerated",
        f"built {engine.record['built']} in {seconds} s, {size / 1e6:.1f} MB",
        f"kept in {cache_folder(cache)}",
    ):
        typer.echo(line)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("build-engine", epilog=_EPILOG)(build_engine)
