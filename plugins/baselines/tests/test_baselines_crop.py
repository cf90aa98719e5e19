"""Silent-Face's crop rule: boxes worked by hand, and boxes that no picture can hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasharness.errors import DataError
from fasharness.faces import Region
from fasharness_baselines.crop import SILENT_FACE


@pytest.mark.parametrize(
    ("box", "scale", "expected"),
    [
        # inside: 100 x 120 about (250, 260), grown to 200 x 240; the far edges count
        ((200, 200, 100, 120), 2, Region(150, 140, 351, 381)),
        # beyond the upper left corner: moved, not cut
        ((10, 20, 100, 120), 2, Region(0, 0, 201, 241)),
        # beyond the lower right corner of 400 x 600 (height x width): ends at the last pixel
        ((480, 260, 100, 120), 2, Region(399, 159, 600, 400)),
        # too high at 4: all of the height is taken, (400 - 1) / 120, and as much of the width
        ((250, 100, 100, 120), 4, Region(133, 0, 467, 400)),
        # rounded down: 2.7 times 101 is 272.7 wide, from 150.5 - 136.35 = 14.15 on
        ((100, 100, 101, 101), 2.7, Region(14, 14, 287, 287)),
    ],
)
def test_boxes_by_hand(box, scale, expected):
    assert SILENT_FACE.region(tuple(map(float, box)), scale, scale, (400, 600)) == expected


sides = st.floats(1, 3000)
places = st.floats(-500, 900)


@given(places, places, sides, sides, st.floats(0.5, 6), st.integers(2, 700), st.integers(2, 700))
def test_any_box_gives_pixels_of_the_picture(x, y, width, height, scale, rows, columns):
    region = SILENT_FACE.region((x, y, width, height), scale, scale, (rows, columns))
    assert 0 <= region.x0 < region.x1 <= columns
    assert 0 <= region.y0 < region.y1 <= rows


@pytest.mark.parametrize("box", [(5, 5, 0, 9), (5, 5, 9, -1), (float("nan"), 5, 9, 9)])
def test_empty_boxes_are_refused(box):
    with pytest.raises(DataError, match=r"the face box .* is empty"):
        SILENT_FACE.region(box, 2.7, 2.7, (400, 600))
