# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A rosbag2 recording as sequences: what `zeroflow import-bag` does, callable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from zeroflow_ros.bags import BagReader, Record
from zeroflow_ros.crop_box import require_box, without_box
from zeroflow_ros.ego_motion import KissIcpOdometry
from zeroflow_ros.errors import BagError, CloudError
from zeroflow_ros.offline import EgoMotionChoice, Progress, choose_ego_motion, read_sweep
from zeroflow_training.sequences import Origin, SequenceWriter
from zeroflow_training.sources.cuts import Cuts
from zeroflow_training.sources.drive import Drive
from zeroflow_training.sources.finished import is_finished
from zeroflow_training.sources.ground import require_patchwork
from zeroflow_training.sources.recorded_truth import add_recorded_truth
from zeroflow_training.sources.summary import ImportSummary

LONGEST = 200  # sweeps of a sequence: 20 s at 10 Hz


@dataclass(frozen=True)
class BagOptions:
    """How bags are read, as `zeroflow run` does.

    `sensor_height_m` None: measured, with the tilt. `crop_box`: as FlowEstimator has it; points
    inside become NaN. `longest`: sweeps of a sequence at most. `sensor` and `licence`: words for
    the manifest. Raises ValueError for a `crop_box` that is not six finite numbers.
    """

    topic: str | None = None
    odometry_topic: str | None = None
    ego_motion: EgoMotionChoice = "auto"
    sensor_height_m: float | None = None
    deskew: bool = True
    crop_box: Sequence[float] | None = None
    longest: int = LONGEST
    sensor: str = "unknown"
    licence: str = "unknown"

    def __post_init__(self) -> None:
        require_box(self.crop_box)

    @property
    def described(self) -> str:
        """What changes the sweeps themselves, in words; nothing where all is as it comes."""
        height, box = self.sensor_height_m, self.crop_box
        told = [] if height is None else [f"sensor height {height:g} m"]
        raw = [] if self.deskew else ["not deskewed"]
        corners = ",".join(f"{number:g}" for number in box or ())
        cropped = [f"crop box {corners} m"] if any(box or ()) else []
        return ", ".join(told + raw + cropped)


def import_bag(
    bag: Path,
    data: Path,
    summary: ImportSummary,
    options: BagOptions = BagOptions(),
    progress: Progress | None = None,
) -> None:
    """Write a bag's sweeps as sequences DATA/NAME, or DATA/NAME_000 ... where it is long.

    Each sequence is independent of the others, and one that is there already is passed over, but
    refused where other options made it.
    `progress` gets (sweeps done, sweeps in all). A damaged bag is imported as far as it reads,
    which `summary.damage` says. Raises ZeroflowError where nothing can be imported.
    """
    before = summary.dropped.copy()
    with BagReader(bag) as reader:
        job = _BagImport(reader, data, summary, options, progress)
        job.run()
        if reader.note:
            summary.notes.append(reader.note)
        if reader.damage:
            summary.damage.append(f"{reader.damage}. What was read before the damage is imported")
        if not job.folders:
            reasons = "; ".join(summary.dropped - before) or reader.damage or "the topic is empty"
            raise CloudError(f"no sweep of {job.topic} in '{bag}' can be used: {reasons}")
        add_recorded_truth(reader, job.folders, summary)


class _BagImport:
    """One bag, cut by cut."""

    def __init__(
        self,
        reader: BagReader,
        data: Path,
        summary: ImportSummary,
        options: BagOptions,
        progress: Progress | None,
    ) -> None:
        self._reader, self._data, self._options = reader, data, options
        self._summary, self._progress = summary, progress
        self.folders: list[Path] = []
        self.topic = reader.find_cloud_topic(options.topic)
        self._ego_motion, self._described = choose_ego_motion(
            reader, self.topic, options.ego_motion, options.odometry_topic
        )
        first = reader.first_message(self.topic)
        self._frame = None if first is None else str(first.header.frame_id)
        self._path = reader.path.resolve()
        name = self._path.stem if self._path.is_file() else self._path.name
        self._cuts = Cuts(name, reader.topics[self.topic].message_count, options.longest)

    def run(self) -> None:
        """All cuts that are not finished."""
        # Asked of all before any is written: parts by several options would be one recording.
        parts = range(self._cuts.parts)
        finished = [is_finished(self._folder(k), **asdict(self._origin(k))) for k in parts]
        for part, records in self._cuts.split(self._reader.records([self.topic])):
            folder = self._folder(part)
            if finished[part]:
                self._summary.skip(folder)
            else:
                self._write(folder, self._origin(part), records)
                if not folder.exists():  # without any usable sweep
                    continue
                self._summary.add(folder)
            self.folders.append(folder)

    def _folder(self, part: int) -> Path:
        return self._data / self._cuts.name_of(part)

    def _origin(self, part: int) -> Origin:
        options = self._options
        made_of = [f"{self._path} {self.topic}", self._cuts.described(part), options.described]
        provenance = ", ".join(filter(None, made_of))
        return Origin(options.sensor, provenance, self._described, options.licence)

    def _write(self, folder: Path, origin: Origin, records: Iterable[tuple[int, Record]]) -> None:
        options = self._options
        if isinstance(self._ego_motion, KissIcpOdometry):
            self._ego_motion.reset()  # so that a sequence is the same in whichever call it is made
        require_patchwork()
        with SequenceWriter(folder, origin) as writer:
            drive = Drive(
                writer,
                self._ego_motion,
                self._summary.dropped,
                sensor_height_m=options.sensor_height_m,
                deskew=options.deskew,
            )
            for number, record in records:
                self._pass_on(record, drive)
                if self._progress is not None:
                    self._progress(number + 1, self._cuts.count)
            drive.finish()

    def _pass_on(self, record: Record, drive: Drive) -> None:
        try:
            _, sweep = read_sweep(self._reader, record, self._frame)
        except (BagError, CloudError) as error:
            self._summary.dropped[str(error)] += 1
        else:
            drive.add(without_box(sweep, self._options.crop_box))
