"""The contact sheet of generated pictures: which are on it, where, and on what paper."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fasharness.errors import DataError
from fasharness.run import contact_sheet

STEP = 100  # pixels from one tile to the next


def pictures(folder, count):
    """Pictures whose grey is their number."""
    files = [folder / f"{number}.png" for number in range(count)]
    for number, file in enumerate(files):
        cv2.imwrite(str(file), np.full((8, 8, 3), number, np.uint8))
    return files


def drawn(folder, groups):
    contact_sheet.write(folder / "sheet.png", groups)
    return cv2.imread(str(folder / "sheet.png"))


def test_pairs_stand_one_above_the_other_in_rows_of_twelve(tmp_path):
    files = pictures(tmp_path, 28)
    sheet = drawn(tmp_path, [files[at : at + 2] for at in range(0, 28, 2)])
    assert sheet.shape == (2 * 196, 12 * STEP, 3)
    assert (sheet[50, 50, 0], sheet[146, 50, 0]) == (0, 1)
    assert (sheet[50, 11 * STEP + 50, 0], sheet[196 + 50, 50, 0]) == (22, 24)
    assert sheet[98 + 196, 2 * STEP + 50, 0] == 255  # no pair any more: paper


def test_of_many_pictures_48_are_shown_evenly(tmp_path):
    sheet = drawn(tmp_path, [[file] for file in pictures(tmp_path, 96)])
    shown = [sheet[50 + STEP * (at // 12), 50 + STEP * (at % 12), 0] for at in range(48)]
    assert sheet.shape == (4 * STEP, 12 * STEP, 3)
    assert shown == list(range(0, 96, 2))


def test_a_picture_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "a.png").write_bytes(b"none")
    with pytest.raises(DataError, match=r"a\.png: cannot be read as a picture"):
        drawn(tmp_path, [[tmp_path / "a.png"]])
