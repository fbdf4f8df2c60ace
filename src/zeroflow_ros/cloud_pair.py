# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Two cloud files in, the flow between them out: what `zeroflow pair` does, callable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zeroflow_ros.clouds import read_cloud
from zeroflow_ros.errors import CloudError
from zeroflow_ros.files import written_atomically
from zeroflow_ros.flow import MOVING_MPS, Flow


@dataclass(frozen=True)
class PairSummary:
    """Counts of one pair: rows of the source, those with flow, those that move."""

    source: str
    target: str
    output: str
    points: int
    valid_points: int
    moving_points: int
    interval_s: float

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain types, for JSON."""
        return asdict(self)


def flow_between_files(
    source: str | Path,
    target: str | Path,
    output: str | Path,
    *,
    model: str | Path | None = None,
    raw: bool = False,
    interval_s: float = 0.1,
    estimate: Callable[..., Flow] | None = None,
) -> PairSummary:
    """Write the flow of `source`'s points towards `target` to the .npz file `output`.

    The file holds `flow` float32 [N, 3] in metres and `valid` bool [N], rows as in `source`.
    `estimate` replaces `estimator.estimate_pair`. Raises ZeroflowError and then writes nothing.
    """
    output = Path(output)
    if output.suffix != ".npz":
        raise CloudError(f"the output '{output}' must end in .npz")
    for given in (source, target):
        if output.resolve() == Path(given).resolve():
            raise CloudError(f"the output '{output}' would overwrite an input; name another file")
    clouds = read_cloud(source), read_cloud(target)
    if estimate is None:
        from zeroflow_ros.estimator import estimate_pair

        estimate = estimate_pair
    flow = estimate(*clouds, model=model, raw=raw, interval_s=interval_s)
    # A stream, because savez appends .npz to names.
    with written_atomically(output) as scratch, scratch.open("wb") as stream:
        np.savez_compressed(stream, flow=flow.displacement, valid=flow.valid)
    return PairSummary(
        source=str(source),
        target=str(target),
        output=str(output),
        points=len(flow.displacement),
        valid_points=int(np.count_nonzero(flow.valid)),
        moving_points=int(np.count_nonzero(flow.valid & (flow.speed > MOVING_MPS))),
        interval_s=interval_s,
    )
