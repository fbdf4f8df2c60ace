# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Films: as long as they should be, in the colours of the pictures, whole or not at all."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from zeroflow_ros.coloring import flow_colors
from zeroflow_ros.errors import MissingPackageError, ZeroflowError
from zeroflow_ros.films import Shot, film_maker
from zeroflow_ros.rendering import birdseye


def shots(*seconds):
    for k, length in enumerate(seconds):
        yield Shot(Image.new("RGB", (64, 64), (60 * k, 60 * k, 60 * k)), length)


def test_gif_shows_each_picture_for_its_time(tmp_path):
    path = tmp_path / "a.gif"
    film_maker(path)(shots(0.1, 0.2, 0.001), 10.0)
    with Image.open(path) as film:
        assert film.n_frames == 3
        durations = []
        for k in range(3):
            film.seek(k)
            durations.append(film.info["duration"])
        assert film.info["loop"] == 0
    assert durations == [100, 200, 20]
    assert [file.name for file in tmp_path.iterdir()] == ["a.gif"]


def test_gif_has_the_colours_of_the_picture(tmp_path):
    """All hues, at any strength: the palette is ours, not what one picture happens to need."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    velocity = np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1).astype(np.float32)
    points = 20 * velocity
    path = tmp_path / "a.gif"
    images = [birdseye(points, velocity * speed, pixels=400) for speed in (0, 1.5, 5, 12)]
    film_maker(path)((Shot(image, 0.1) for image in images), 10.0)
    with Image.open(path) as film:
        for k, speed in enumerate((0, 1.5, 5, 12)):
            film.seek(k)
            shown = film.convert("RGB")
            places = ((51.2 - points[:, 1::-1]) * 400 / 102.4).astype(int)
            found = np.array([shown.getpixel(tuple(place)) for place in places.tolist()])
            off = np.abs(found - flow_colors(velocity * speed)).max()
            assert off <= 26, f"{speed} m/s"


def test_mp4_is_as_long_as_it_should_be(tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="pip install 'zeroflow_ros[viz]'")
    path = tmp_path / "a.mp4"
    film_maker(path)(shots(0.1, 0.3, 0.1), 10.0)
    frames = ffmpeg.read_frames(path)
    about = next(frames)
    assert (about["size"], about["fps"]) == ((64, 64), 10.0)
    levels = [np.frombuffer(frame, np.uint8).mean() for frame in frames]
    assert levels == pytest.approx([0, 60, 60, 60, 120], abs=4), "a lost sweep's time is waited"
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("name", ["a.mp4", "a.gif"])
def test_a_film_that_fails_half_way_leaves_nothing(tmp_path, name):
    if name.endswith("mp4"):
        pytest.importorskip("imageio_ffmpeg", reason="pip install 'zeroflow_ros[viz]'")

    def failing():
        yield from shots(0.1, 0.1)
        raise ZeroflowError("no more")

    with pytest.raises(ZeroflowError, match="no more"):
        film_maker(tmp_path / name)(failing(), 10.0)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_told_before_any_picture_is_made(tmp_path, monkeypatch):
    with pytest.raises(ZeroflowError, match=r"'.*a.avi': films are written as .mp4 or .gif"):
        film_maker(tmp_path / "a.avi")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(MissingPackageError, match=r"imageio-ffmpeg.*zeroflow_ros\[viz\]"):
        film_maker(tmp_path / "a.mp4")
