# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Films of pictures: .mp4 by ffmpeg, from the package imageio-ffmpeg, and .gif by Pillow."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros.coloring import MAX_SPEED_MPS, UNKNOWN, flow_colors
from zeroflow_ros.errors import MissingPackageError, ZeroflowError
from zeroflow_ros.files import written_atomically

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".mp4", ".gif")
_CRF = "20"  # quality: 18 is as good as lossless, and half as large again
_HUES, _STRENGTHS, _GREYS = 36, 6, 39  # and UNKNOWN: the 256 colours of a GIF
_SHORTEST_MS = 20  # browsers show what is shorter for 100 ms


class Shot(NamedTuple):
    """A picture and for how long it is shown."""

    image: Image
    seconds: float


Frame = npt.NDArray[np.uint8]
FilmMaker = Callable[[Iterable[Shot], float], None]


def film_maker(path: Path) -> FilmMaker:
    """What writes shots, of about so many a second, to `path`, complete or not at all.

    Raises ZeroflowError for a name with another ending, MissingPackageError without imageio-ffmpeg:
    now, before the shots are made.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ZeroflowError(f"'{path}': films are written as .mp4 or .gif; end the name in one")
    if path.suffix.lower() == ".gif":
        return partial(_write_gif, path)
    try:
        import imageio_ffmpeg  # noqa: F401
    except ImportError as error:
        raise MissingPackageError("imageio-ffmpeg", "writing .mp4", "viz") from error
    return partial(_write_mp4, path)


def _write_mp4(path: Path, shots: Iterable[Shot], per_second: float) -> None:
    """H.264 at a constant rate: a picture that is shown for longer is repeated."""
    shots = iter(shots)
    first = next(shots)
    with written_atomically(path) as scratch:
        film = _encoder(scratch, first.image.size, per_second)
        film.send(None)
        try:
            for shot in chain([first], shots):
                frame = np.ascontiguousarray(shot.image)
                for _ in range(max(1, round(shot.seconds * per_second))):
                    film.send(frame)
        finally:
            film.close()


def _encoder(
    path: Path, size: tuple[int, int], per_second: float
) -> Generator[None, Frame | None, None]:
    """Takes pictures uint8 [height, width, 3], after one None."""
    import imageio_ffmpeg

    return imageio_ffmpeg.write_frames(
        path,
        size,
        fps=round(per_second, 3),
        quality=None,
        macro_block_size=2,  # H.264 wants even sizes
        ffmpeg_log_level="error",
        output_params=["-crf", _CRF, "-movflags", "+faststart", "-f", "mp4"],
    )


def _write_gif(path: Path, shots: Iterable[Shot], _: float) -> None:
    """One palette for all pictures, else colours would flicker; held in memory until the end."""
    from PIL.Image import Dither

    palette = _palette()
    pictures, times = [], []
    for image, seconds in shots:
        pictures.append(image.quantize(palette=palette, dither=Dither.NONE))
        times.append(max(_SHORTEST_MS, 10 * round(100 * seconds)))
    with written_atomically(path) as scratch:
        pictures[0].save(
            scratch,
            format="GIF",
            save_all=True,
            append_images=pictures[1:],
            duration=times,
            loop=0,
            optimize=False,
        )


def _palette() -> Image:
    """A picture of the colours that pictures of flow have: hues in each strength, and greys."""
    from PIL.Image import new

    from zeroflow_ros.legend import BACKGROUND, TEXT

    strength, angle = np.meshgrid(
        np.linspace(0.2, 1, _STRENGTHS), np.arange(_HUES) * 2 * np.pi / _HUES
    )
    speed = MAX_SPEED_MPS * strength**2  # as flow_colors turns speeds into strengths
    velocity = np.stack([speed * np.cos(angle), speed * np.sin(angle), 0 * speed], axis=-1)
    colors = flow_colors(velocity.reshape(-1, 3).astype(np.float32))
    greys = np.linspace(BACKGROUND, TEXT, _GREYS).astype(np.uint8)
    palette = new("P", (1, 1))
    palette.putpalette(np.concatenate([colors, greys, [UNKNOWN]]).astype(np.uint8).tobytes())
    return palette
