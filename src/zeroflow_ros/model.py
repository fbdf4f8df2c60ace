# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ModelCard: what an exported model says of itself; and where the bundled models are."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from zeroflow_ros.errors import ModelError
from zeroflow_ros.learned_pillars import LearnedPillars, PillarEncoder
from zeroflow_ros.onnx_file import read_onnx
from zeroflow_ros.pillars import PillarGrid, Pillars

CARD_KEY = "zeroflow_card"
FORMAT = 5  # 1 numbered pillars row by row; models of 2 want a full history and say no odds
READABLE = (3, FORMAT)  # older ones know less, and mean the same otherwise
FLOAT_MODEL = "zeroflow-rt"  # the default where a GPU runs it
DEFAULT_MODEL = "zeroflow-rt_int8"  # the same, rounded for CPUs

HALF, INT8 = "_fp16", "_int8"  # at the end of names: other graphs of the same weights
MOST_POINTS = 2**18  # of a sweep, that an engine takes at once

Precision = Literal["fp32", "fp16", "int8"]
Shape = tuple[int, ...]
GroundHandling = Literal["keep", "remove"]
BodyMotion = Literal["rigid", "none"]


@dataclass(frozen=True)
class ModelCard:
    """Embedded in the ONNX metadata as JSON under `zeroflow_card`.

    The estimator builds its preprocessing from the card and never from defaults.
    `lags`: the sweeps that the model looks at, in intervals of `interval_s` before the newest, from
    0, 1; later ones may be missing;
    `ground`: "keep" (the network sees all points) or "remove" (ground is cut out before);
    `bodies`: "rigid" (they move as a whole, see body_motion.py) or "none" (the network's word);
    `certainty`: how probable motion must be, over its points, for a body to move (small ones:
    somewhat less, see `body_motion`);
    `pillar_encoder`: what makes features of a pillar's points, None = the statistics of PillarGrid;
    `precision` that the graph computes in; `float_graph_sha256` of the FP32 graph that it was made
    of, "" for that graph itself;
    `typical`: how many pillars and points engines are to be fast for;
    `tolerance_mm` and `tolerance_log_odds`: how far an engine's answers to the reference sample may
    be from the FP32 graph's; `metrics`: how far ONNX Runtime's were from PyTorch's at the export;
    `graph_sha256` covers the graph with its weights.
    """

    name: str
    version: str
    grid: PillarGrid
    interval_s: float
    lags: tuple[int, ...]
    features: tuple[str, ...]
    ground: GroundHandling
    training_data: str
    git_commit: str
    graph_sha256: str
    bodies: BodyMotion = "none"
    certainty: float = 0.5
    pillar_encoder: PillarEncoder | None = None
    precision: Precision = "fp32"
    float_graph_sha256: str = ""
    typical: tuple[int, int] = (30_000, 80_000)
    tolerance_mm: float = 1.0
    tolerance_log_odds: float = 0.5
    output: str = "displacement of the newest sweep over the interval, levelled frame, metres"
    metrics: dict[str, float] = dataclasses.field(default_factory=dict)
    format: int = FORMAT

    @property
    def history(self) -> int:
        """How many sweeps the model looks at, with the newest."""
        return len(self.lags)

    @property
    def pillars(self) -> Pillars:
        """What prepares the network's inputs."""
        if self.pillar_encoder is None:
            return self.grid
        return LearnedPillars(self.grid, self.pillar_encoder)

    @property
    def profile(self) -> dict[str, tuple[Shape, Shape, Shape]]:
        """Least, typical and largest shape of each input of the graph.

        A sweep never has more pillars than the grid; the points of a larger one than MOST_POINTS
        are to be asked for a part at a time.
        """
        pillars, points = self.typical
        capacity = self.history * self.grid.size**2
        width = self.pillars.width
        return {
            "pillar_features": ((1, width), (pillars, width), (capacity, width)),
            "pillar_index": ((1,), (pillars,), (capacity,)),
            "point_pillar": ((1,), (points,), (MOST_POINTS,)),
            "point_offset": ((1, 3), (points, 3), (MOST_POINTS, 3)),
        }

    def to_json(self) -> str:
        """One line of JSON with sorted keys."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str, where: str) -> ModelCard:
        """Parse and check a card. Raises ModelError that says what this package cannot do."""
        try:
            raw: dict[str, Any] = json.loads(text)
            if not READABLE[0] <= raw["format"] <= READABLE[1]:
                raise ModelError(
                    f"{where}: its card has format {raw['format']}, this package reads formats "
                    f"{READABLE[0]} to {READABLE[1]}: update zeroflow_ros or export the model again"
                )
            raw["format"] = FORMAT  # which it has when it is written again
            raw["grid"] = PillarGrid(**raw["grid"])
            raw["features"] = tuple(raw["features"])
            raw["lags"] = tuple(raw["lags"])
            raw["typical"] = tuple(raw.get("typical", ModelCard.typical))
            if raw.get("pillar_encoder") is not None:
                raw["pillar_encoder"] = PillarEncoder.parse(raw["pillar_encoder"])
            card = ModelCard(**raw)
            card.check(where)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise ModelError(f"{where}: its card cannot be understood ({error})") from error
        return card

    def check(self, where: str) -> None:
        """Raise ModelError when this package cannot prepare what the model wants."""
        if self.features != self.pillars.feature_names:
            raise ModelError(f"{where}: it wants pillar features that this package does not make")
        if self.ground not in ("keep", "remove"):
            raise ModelError(f"{where}: its card asks for ground handling {self.ground!r}")
        if self.bodies not in ("rigid", "none"):
            raise ModelError(f"{where}: its card asks for bodies {self.bodies!r}")
        if not 0 <= self.certainty <= 1:
            raise ModelError(f"{where}: its card asks for the certainty {self.certainty}")
        whole = all(isinstance(lag, int) for lag in self.lags)
        ascending = whole and self.lags[:2] == (0, 1) and list(self.lags) == sorted(set(self.lags))
        if not ascending or not 0.01 <= self.interval_s <= 2:
            raise ModelError(
                f"{where}: lags {self.lags} and interval {self.interval_s} s make no sense"
            )


def load_card(path: Path) -> ModelCard:
    """Read and verify the card of an ONNX model. Raises ModelError."""
    file = read_onnx(path)
    where = f"model {path}"
    if CARD_KEY not in file.metadata:
        raise ModelError(
            f"{where}: an ONNX file, but not one of ours (no '{CARD_KEY}' in its metadata): "
            "export it with 'zeroflow export'"
        )
    card = ModelCard.from_json(file.metadata[CARD_KEY], where)
    if card.graph_sha256 != file.graph_sha256:
        raise ModelError(f"{where}: its weights do not match its card's checksum: fetch it again")
    return card


def bundled_models() -> dict[str, Path]:
    """The students that came with this package, by name."""
    here = Path(__file__).resolve().parent
    # Installed, the models lie inside the package; in a checkout they lie beside src/.
    folders = (here / "models", here.parents[1] / "models")
    return {path.stem: path for folder in reversed(folders) for path in folder.glob("*.onnx")}


def half_model(path: Path) -> Path:
    """Where the FP16 form of a model lies: beside it, `mine.onnx` and `mine_fp16.onnx`."""
    return path.with_name(f"{path.stem}{HALF}{path.suffix}")


def find_model(model: str | Path | None) -> Path:
    """A path as given, the name of a bundled model, or the bundled default for None."""
    bundled = bundled_models()
    name = str(model) if model else DEFAULT_MODEL
    if name in bundled:
        return bundled[name]
    if model and Path(model).is_file():
        return Path(model)
    names = ", ".join(sorted(bundled)) or "none"
    raise ModelError(f"model {name}: no such file, and no bundled model (there are: {names})")
