"""Crop rules: pixel-exact against the published codes' own results, and their invariants."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasharness.errors import DataError
from fasharness.faces import Region, grow
from fasharness.prepare.crop import FLOOR, PILLOW

# `sgtd_crops.npz` was made by running the authors' loading code on a random scene: box lines,
# every 8th pixel of the 256x256 crop, and the 32x32 depth crop.
SGTD = Path(__file__).parent / "data" / "sgtd_crops.npz"

# box (x, y, width, height), scale, picture (height, width), then rows and columns that CDCN's
# published code cut
CDCN = [
    ((20, 30, 40, 50), 1.0, (120, 90), (30, 80, 20, 60)),
    ((20, 30, 40, 50), 1.1, (120, 90), (27, 82, 18, 62)),
    ((20, 30, 40, 50), 1.2, (120, 90), (25, 85, 16, 64)),
    ((20, 30, 40, 50), 1.3, (120, 90), (22, 87, 14, 66)),
    ((20, 30, 40, 50), 1.4, (120, 90), (20, 90, 12, 68)),
    ((0, 0, 90, 120), 1.4, (120, 90), (0, 120, 0, 90)),
    ((-5, -8, 60, 60), 1.0, (120, 90), (0, 52, 0, 55)),
    ((-5, -8, 60, 60), 1.1, (120, 90), (0, 55, 0, 58)),
]


@pytest.mark.parametrize("name", ["inside", "clipped", "odd"])
def test_pillow_rule_is_sgtd_pixel_for_pixel(name: str) -> None:
    data = np.load(SGTD)
    region = PILLOW.region(tuple(data[f"{name}_box"]), 1.3, 1.3, data["scene"].shape[:2])
    image = PILLOW.cut(data["scene"], region, 256)
    depth = PILLOW.cut(data["depth"], region, 32)
    np.testing.assert_array_equal(image[::8, ::8], data[f"{name}_image"])
    np.testing.assert_array_equal(depth, data[f"{name}_map"])


@pytest.mark.parametrize(("box", "scale", "shape", "rows_columns"), CDCN)
def test_floor_rule_is_cdcn(box, scale, shape, rows_columns) -> None:
    top, bottom, left, right = rows_columns
    assert FLOOR.region(box, scale, scale, shape) == Region(left, top, right, bottom)


def test_pillow_rounds_half_to_even_and_floor_down() -> None:
    assert PILLOW.region((0.5, 1.5, 10, 10), 1, 1, (50, 50)) == Region(0, 2, 10, 12)
    assert FLOOR.region((0.9, 1.9, 10, 10), 1, 1, (50, 50)) == Region(0, 1, 10, 11)


def test_floor_resizes_as_opencv() -> None:
    image = np.arange(30 * 20 * 3, dtype=np.uint8).reshape(30, 20, 3)
    np.testing.assert_array_equal(FLOOR.resize(image, 16), cv2.resize(image, (16, 16)))


sides = st.floats(1, 400)
places = st.floats(-50, 250)


@given(places, places, sides, sides, st.floats(0.5, 3), st.floats(0.5, 3))
def test_growing_keeps_the_centre(x, y, width, height, scale_x, scale_y) -> None:
    grown = grow((x, y, width, height), scale_x, scale_y)
    assert grown[2:] == pytest.approx((width * scale_x, height * scale_y))
    assert grown[0] + grown[2] / 2 == pytest.approx(x + width / 2, abs=1e-9)
    assert grown[1] + grown[3] / 2 == pytest.approx(y + height / 2, abs=1e-9)


@given(places, places, st.floats(2, 400), st.floats(2, 400), st.sampled_from([PILLOW, FLOOR]))
def test_a_region_lies_in_the_picture_and_near_the_box(x, y, width, height, rule) -> None:
    shape = (200, 150)
    if x + width < 1.5 or y + height < 1.5 or x > shape[1] - 2 or y > shape[0] - 2:
        return
    region = rule.region((x, y, width, height), 1, 1, shape)
    assert 0 <= region.x0 < region.x1 <= shape[1]
    assert 0 <= region.y0 < region.y1 <= shape[0]
    clipped = (max(x, 0), max(y, 0), min(x + width, shape[1]), min(y + height, shape[0]))
    assert np.abs(np.subtract(region, clipped)).max() <= 1


@pytest.mark.parametrize("box", [(200, 10, 30, 30), (-40, 10, 30, 30), (10, 10, 0.2, 30)])
def test_a_box_without_a_pixel_is_an_error(box) -> None:
    with pytest.raises(DataError, match="has no pixel in a picture of 150x200"):
        PILLOW.region(box, 1, 1, (200, 150))


def test_cut_is_the_region_resized_in_colour_and_grey() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 50, 3), dtype=np.uint8)
    cut = PILLOW.cut(image, (5, 10, 25, 50), 32)
    np.testing.assert_array_equal(cut, PILLOW.resize(image[10:50, 5:25], 32))
    np.testing.assert_array_equal(PILLOW.cut(image[..., 0], (5, 10, 25, 50), 32), cut[..., 0])


@pytest.mark.parametrize("image", [np.zeros((4, 0, 3), np.uint8), np.zeros((4, 4), np.float32)])
def test_resize_refuses_what_is_no_picture(image) -> None:
    with pytest.raises(ValueError, match="image must be non-empty uint8"):
        PILLOW.resize(image, 8)
