# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Published checkpoints of ZeroFlow and FastFlow3D, base and XL, as our FastFlow3D.

They are Lightning's, of github.com/kylevedder/zeroflow or its successor SceneFlowZoo, or their
weights alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import is_zipfile

import torch
from torch import Tensor

from zeroflow_ros.errors import ModelError
from zeroflow_training.checkpoint import refused
from zeroflow_training.students.fastflow3d import FastFlow3D, FastFlow3DConfig

KIND = "checkpoint of ZeroFlow or FastFlow3D"
FIRST = "embedder.feature_net.pfn_layers.0.0.weight"  # what comes before it is before all others
OPEN_SCENE_FLOW = "head.offset_encoder.weight"
NAMED = 3  # of many keys, in messages

# Our names -> theirs, of what is not in the U-Net's stages and steps.
_NAMES = {
    "pillar_encoder.linear": "embedder.feature_net.pfn_layers.0.0",
    "pillar_encoder.norm": "embedder.feature_net.pfn_layers.0.1",
    "head.hidden": "head.decoder.0",
    "head.flow": "head.decoder.2",
}
_STEP_NAMES = {"deep": "u1_u2.0", "skip": "u3", "mix": "u4_u5"}


def published_name(name: str, config: FastFlow3DConfig) -> str:
    """What a published checkpoint calls our parameter or buffer `name`."""
    for ours, theirs in _NAMES.items():
        if name.startswith(f"{ours}."):
            return theirs + name[len(ours) :]
    if match := re.fullmatch(r"unet\.down\.(\d+)\.(.+)", name):
        rest = match[2].replace(".norm.", ".batchnorm.")
        return f"backbone.encoder_step_{int(match[1]) + 1}.{rest}"
    if match := re.fullmatch(r"unet\.up\.(\d+)\.(deep|skip|mix)\.(.+)", name):
        return f"backbone.decoder_step{int(match[1]) + 1}.{_STEP_NAMES[match[2]]}.{match[3]}"
    last = name.removeprefix("unet.last.")
    return f"backbone.decoder_step{len(config.widths) + 1}.{last}"


def load_published(path: Path) -> FastFlow3D:
    """The network of a published checkpoint, for inference; its weights stay on disk until used.

    Every key is checked: name, shape, type, finite values. Raises ModelError in one line for
    anything else.
    """
    try:
        with refused(path, KIND):
            # The optimiser's state, twice the weights, so stays on disk; old files are no archives.
            mmap = is_zipfile(path)
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
            return _network(content, f"'{path}'")
    except ModelError as error:
        if isinstance(error.__cause__, UnpicklingError):
            _explain_objects(path, str(error.__cause__))
        raise


def _explain_objects(path: Path, reason: str) -> None:
    """Raise ModelError for a file whose objects PyTorch refused to load."""
    if match := re.search(r"GLOBAL (\S+)", reason):
        raise ModelError(
            f"'{path}' holds Python objects besides tensors ({match[1]}), which may be code and so "
            'are not loaded; if you trust it, keep its tensors: python -c "import torch; '
            f"torch.save(torch.load('{path}', 'cpu', weights_only=False)['state_dict'], "
            "'weights.pt')\""
        )


def _network(content: Any, where: str) -> FastFlow3D:
    weights = content.get("state_dict", content) if isinstance(content, Mapping) else None
    if not isinstance(weights, Mapping) or not all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in weights.items()
    ):
        raise ModelError(f"{where} is no {KIND}: it is not a table of named weights")
    prefix = _prefix(weights, where)
    config = _config(weights, prefix, where)
    with torch.device("meta"):
        network = FastFlow3D(config)
    wanted = network.state_dict()
    theirs = {name: prefix + published_name(name, config) for name in wanted}
    _check(weights, {theirs[name]: tensor for name, tensor in wanted.items()}, where)
    network.load_state_dict({name: weights[theirs[name]] for name in wanted}, assign=True)
    return network.eval()


def _prefix(weights: Mapping[str, Tensor], where: str) -> str:
    """What stands before all keys: nothing, "model.", "model.model." or the like."""
    found = [key[: -len(FIRST)] for key in weights if key == FIRST or key.endswith(f".{FIRST}")]
    if len(found) > 1:
        raise ModelError(f"{where} holds several networks: {_few(found)}")
    if not found:
        raise ModelError(
            f"{where} is no {KIND}: nothing in it is called {FIRST}, but {_few(weights)}"
        )
    return found[0]


def _config(weights: Mapping[str, Tensor], prefix: str, where: str) -> FastFlow3DConfig:
    """Base or XL, by the first layer's channels."""
    if (lift := weights.get(f"{prefix}{OPEN_SCENE_FLOW}")) is not None:
        raise ModelError(
            f"{where} is a network of OpenSceneFlow, not ZeroFlow's: its head lifts a "
            f"point's offset first ({prefix}{OPEN_SCENE_FLOW} is {tuple(lift.shape)}), so its "
            "FastFlow3D goes 256 -> 32 -> 3 where ZeroFlow's goes 131 -> 32 -> 3"
        )
    shape = tuple(weights[prefix + FIRST].shape)
    for config in (FastFlow3DConfig.base(), FastFlow3DConfig.xl()):
        if shape == (config.channels, 9):
            return config
    raise ModelError(f"{where}: {prefix}{FIRST} is {shape}, not (32, 9) (base) or (64, 9) (XL)")


def _check(weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor], where: str) -> None:
    """Raise ModelError unless both have the same keys, shapes and types, and numbers in all."""
    differences = {
        "lacks": [key for key in wanted if key not in weights],
        "also has": [key for key in weights if key not in wanted],
    }
    if any(differences.values()):
        said = [f"{verb} {_few(keys)}" for verb, keys in differences.items() if keys]
        raise ModelError(f"{where} is not ZeroFlow's network: it {' and '.join(said)}")
    for key, tensor in wanted.items():
        own = weights[key]
        if (own.shape, own.dtype) != (tensor.shape, tensor.dtype):
            raise ModelError(
                f"{where}: {key} is {tuple(own.shape)} {own.dtype}, ZeroFlow's is "
                f"{tuple(tensor.shape)} {tensor.dtype}"
            )
        if not own.isfinite().all():
            raise ModelError(f"{where}: {key} holds values that are no numbers")


def _few(keys: Iterable[str]) -> str:
    first, *others = [key or "(no prefix)" for key in keys] or ["nothing"]
    shown = [first, *others[: NAMED - 1]]
    more = len(others) + 1 - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
