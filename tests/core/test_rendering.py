# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Colours and bird's-eye pictures: right colour at the right pixel, legend like the picture."""

from __future__ import annotations

import builtins
import colorsys

import numpy as np
import pytest
from PIL import Image

from zeroflow_ros.errors import MissingPackageError, ZeroflowError
from zeroflow_ros.legend import BACKGROUND, Annotator
from zeroflow_ros.rendering import bare_birdseye, birdseye, flow_colors, save_png

PIXELS, EXTENT = 600, 30.0


def velocities(*rows: tuple[float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32)


def pixel(image: Image.Image, x: float, y: float) -> tuple[int, int, int]:
    """Colour at a place in metres, sensor frame."""
    scale = PIXELS / (2 * EXTENT)
    return image.getpixel((int((EXTENT - y) * scale), int((EXTENT - x) * scale)))


def chroma(color: np.ndarray) -> int:
    return int(np.max(color)) - int(np.min(color))


def test_standing_still_is_grey_on_any_background():
    (color,) = flow_colors(velocities((0, 0, 0)))
    assert chroma(color) <= 1
    assert 110 <= color[0] <= 150


def test_hue_follows_the_direction_only():
    angles = np.arange(0, 360, 10)
    hues = []
    for speed in (4.0, 10.0):
        radians = np.deg2rad(angles)
        flow = np.stack([np.cos(radians), np.sin(radians), 0 * radians], 1) * speed
        colors = flow_colors(flow.astype(np.float32)) / 255
        hues.append([colorsys.rgb_to_hsv(*color)[0] for color in colors])
    assert len({round(hue, 2) for hue in hues[1]}) >= 30
    turn = np.abs(np.subtract(*hues))
    assert np.minimum(turn, 1 - turn).max() < 0.06


def test_strength_grows_with_the_speed_and_ends_at_the_maximum():
    speeds = np.array([0, 0.5, 0.7, 1, 2, 5, 10, 20, 1e30], np.float32)
    colors = flow_colors(np.stack([0 * speeds, -speeds, 0 * speeds], 1))
    strength = [chroma(color) for color in colors]
    assert strength[:7] == sorted(strength[:7])
    assert len(set(strength[:7])) == 7
    assert strength[6] == strength[7] == strength[8]
    assert strength[3] > 40, "a pedestrian must be seen"


def test_what_is_not_told_from_noise_is_grey():
    slow = velocities((0.49, 0, 0), (0, -0.3, 0), (0.2, 0.2, 3))
    assert max(chroma(color) for color in flow_colors(slow)) <= 1
    assert chroma(flow_colors(velocities((0.51, 0, 0)))[0]) > 20


def test_vertical_motion_has_no_colour():
    assert chroma(flow_colors(velocities((0, 0, 5)))[0]) <= 1


def test_no_points_have_no_colours():
    assert flow_colors(np.zeros((0, 3), np.float32)).shape == (0, 3)
    assert birdseye(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32)).size == (1200, 1200)


def test_points_lie_where_they_should():
    points = velocities((20, 0, 1), (0, 15, 1), (-10, -10, 1), (np.nan, 0, 0), (500, 0, 0))
    flow = velocities((8, 0, 0), (0, 0, 0), (0, 8, 0), (0, 0, 0), (0, 0, 0))
    image = birdseye(points, flow, extent_m=EXTENT, pixels=PIXELS)
    forward, still, left = flow_colors(flow)[:3]
    assert pixel(image, 20, 0) == tuple(forward)
    assert pixel(image, 0, 15) == tuple(still)
    assert pixel(image, -10, -10) == tuple(left)
    background = pixel(image, 5, -20)
    assert max(background) < 40


def test_moving_points_are_on_top_and_invalid_ones_dim():
    points = np.tile(velocities((10, 10, 0)), (3, 1))
    flow = velocities((9, 0, 0), (0, 0, 0), (0.2, 0, 0))
    image = birdseye(points, flow, extent_m=EXTENT, pixels=PIXELS)
    assert pixel(image, 10, 10) == tuple(flow_colors(flow)[0])
    alone, none = points[:1], np.zeros((1, 3), np.float32)
    known = birdseye(alone, none, extent_m=EXTENT, pixels=PIXELS)
    unknown = birdseye(alone, none, valid=np.array([False]), extent_m=EXTENT, pixels=PIXELS)
    assert sum(pixel(unknown, 10, 10)) < 0.6 * sum(pixel(known, 10, 10))


def test_points_at_the_edge_stay_inside():
    edge = np.float32(EXTENT) - np.float32(1e-4)
    corners = velocities((edge, edge, 0), (-edge, -edge, 0), (edge, -edge, 0), (-edge, edge, 0))
    image = np.asarray(birdseye(corners, 9 + 0 * corners, extent_m=EXTENT, pixels=PIXELS))
    for corner in (image[0, 0], image[-1, -1], image[0, -1], image[-1, 0]):
        assert chroma(corner) > 60


def test_bare_points_have_nothing_written_onto_them():
    points, flow = velocities((20, 0, 1), (-29, -29, 0)), velocities((8, 0, 0), (0, 8, 0))
    image = bare_birdseye(points, flow, extent_m=EXTENT, pixels=PIXELS)
    colors = {color for _, color in image.getcolors()}
    assert colors == {BACKGROUND, *map(tuple, flow_colors(flow).tolist())}


def test_no_point_shines_through_a_box():
    side = (np.arange(PIXELS) + 0.5) * (2 * EXTENT / PIXELS) - EXTENT
    x, y = (axis.reshape(-1) for axis in np.meshgrid(side, side))
    points = np.stack([x, y, 0 * x], 1).astype(np.float32)  # one for each pixel, all standing
    full, empty = (
        np.asarray(birdseye(shown, 0 * shown, extent_m=EXTENT, pixels=PIXELS, title="a title"))
        for shown in (points, points[:0])
    )
    (grey,) = flow_colors(0 * points[:1])
    is_point, is_box = (full == grey).all(axis=2), (full == empty).all(axis=2)
    assert 0.05 < is_box.mean() < 0.15
    assert (is_point | is_box).all(), "the one or the other, and no mixture"


@pytest.mark.parametrize(("pixels", "text_size"), [(1200, 1.0), (700, 1.0), (1000, 1.6)])
def test_legend_shows_the_colours_of_the_picture(pixels, text_size):
    image = Image.new("RGB", (pixels, pixels))
    annotator = Annotator(image, text_size)
    annotator.wheel(10)
    x, y, radius = annotator.wheel_place()
    assert x + radius < pixels
    assert y + radius < 0.9 * pixels, "numbers and notes stand below it"
    reach = 0.9 * radius
    speed = 10 * reach / radius
    expected = flow_colors(velocities((speed, 0, 0), (0, speed, 0), (-speed, 0, 0), (0, -speed, 0)))
    places = [(x, y - reach), (x - reach, y), (x, y + reach), (x + reach, y)]
    for place, color in zip(places, expected, strict=True):
        np.testing.assert_allclose(image.getpixel(tuple(map(int, place))), color, atol=8)


def test_picture_and_wheel_are_of_the_speed_that_is_asked_for(monkeypatch):
    told = []
    monkeypatch.setattr(Annotator, "wheel", lambda _, max_speed: told.append(max_speed))
    point, velocity = velocities((10, 0, 0)), velocities((4, 0, 0))
    image = birdseye(point, velocity, extent_m=EXTENT, pixels=PIXELS, max_speed=5.0)
    assert told == [5.0]
    assert pixel(image, 10, 0) == tuple(flow_colors(velocity, 5.0)[0])
    assert pixel(image, 10, 0) != tuple(flow_colors(velocity, 10.0)[0])


def written(image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns in which a bright text or line stands."""
    bright = np.asarray(image).min(axis=2) > 200
    return np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))


@pytest.mark.parametrize("extent_m", [6.0, 25.0, 51.2, 200.0])
@pytest.mark.parametrize(("pixels", "text_size"), [(1200, 1.0), (500, 1.0), (1000, 1.6)])
def test_nothing_that_is_written_touches_the_edge(pixels, text_size, extent_m):
    image = Image.new("RGB", (pixels, pixels))
    annotator = Annotator(image, text_size)
    annotator.title("a bag with quite a long name, of which not everything can be shown " * 2)
    annotator.scale_bar(extent_m)
    annotator.wheel(10)
    for found in written(image):
        assert found.min() >= 5
        assert found.max() < pixels - 5


def test_nothing_of_a_whole_picture_touches_the_edge():
    none = np.zeros((0, 3), np.float32)
    image = birdseye(none, none, title="a bag with quite a long name " * 9, pixels=500)
    for found in written(image):
        assert found.min() >= 5
        assert found.max() < 500 - 5


@pytest.mark.parametrize("extent_m", [6.0, 51.2])
def test_vehicle_is_seen_and_hides_little(extent_m):
    none = np.zeros((0, 3), np.float32)
    image = birdseye(none, none, extent_m=extent_m, pixels=1200)
    middle = np.asarray(image)[400:800, 400:800].min(axis=2) > 200
    assert 25 <= np.count_nonzero(middle.any(1)) <= 60


def test_scale_bar_is_as_long_as_it_says():
    none = np.zeros((0, 3), np.float32)
    image = birdseye(none, none, extent_m=51.2, pixels=1024)  # 10 pixels a metre: 20 m are 200
    corner = np.asarray(image)[900:, :400].min(axis=2) > 200
    assert np.count_nonzero(corner, axis=1).max() == pytest.approx(200, abs=3)


def test_title_is_large_enough_to_read():
    none = np.zeros((0, 3), np.float32)
    plain, titled = (np.asarray(birdseye(none, none, title=t)).astype(int) for t in ("", "Hgx"))
    rows = np.flatnonzero(np.abs(titled - plain).sum(axis=(1, 2)))
    assert rows.max() - rows.min() >= 25


def test_png_is_written_whole_or_not_at_all(tmp_path):
    image = Image.new("RGB", (4, 4), (1, 2, 3))
    path = save_png(image, tmp_path / "new" / "a.png")
    with Image.open(path) as again:
        assert again.getpixel((0, 0)) == (1, 2, 3)
    assert [f.name for f in path.parent.iterdir()] == ["a.png"]
    (tmp_path / "file").write_text("")
    with pytest.raises(ZeroflowError, match=r"cannot write '.*b.png'"):
        save_png(image, tmp_path / "file" / "b.png")


def test_without_pillow_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def no_pillow(name, *args, **kwargs):
        if name == "PIL":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_pillow)
    none = np.zeros((0, 3), np.float32)
    with pytest.raises(MissingPackageError, match=r"pip install 'zeroflow_ros\[viz\]'"):
        birdseye(none, none)
