# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A listener as a process that may be killed: `python live_subscriber.py`.

A line of JSON for each flow: its stamp, and whether it is as it must be: numbers everywhere.
"""

from __future__ import annotations

import json
import math
import signal
import sys

import numpy as np

from zeroflow_ros.ros.dds import prepare_dds
from zeroflow_ros.ros.probe import FlowProbe


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # leaves the graph
    prepare_dds()
    with FlowProbe() as probe:
        for sample in probe.samples(10**9, math.inf):
            flow = sample.columns()
            sound = bool(np.isfinite(flow.velocity).all() and not flow.velocity[~flow.valid].any())
            print(json.dumps({"stamp_ns": sample.stamp_ns, "sound": sound}), flush=True)


if __name__ == "__main__":
    main()
