"""Side files: rows worked by hand from a box and two eyes, and the gaps that are asked for."""

import numpy as np
import pytest

from fasharness_sim.capture import sides
from fasharness_sim.formats import Side

EYES = np.float32([[[20.4, 30.6], [40, 31]]] * 3) + np.float32([[[0]], [[1]], [[2]]])
MARKS = np.zeros((3, 104, 2), np.float32)
MARKS[:, 0], MARKS[:, 1:] = (10, 12), (50.2, 62.4)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("eyes", "0,20,31,40,31\n1,21,32,41,32\n2,22,33,42,33\n"),
        ("xywh", "0 10 12 40 50\n1 10 12 40 50\n2 10 12 40 50\n"),
        ("corners", "10 12 50 62\n" * 3),
        ("box and eyes", "0,10,12,50,62,20,31,40,31\n1,10,12,50,62,21,32,41,32\n"
         "2,10,12,50,62,22,33,42,33\n"),
    ],
)  # fmt: skip
def test_a_row_for_each_frame(form, text):
    assert sides.text(Side("f", form), EYES, MARKS, (112, 224)) == text


def test_both_axes_are_brought_to_224():
    text = sides.text(Side("f", "in 224"), EYES[:1], MARKS[:1], (112, 448))
    assert text == "20 6 80 25 0.9990000\n"


def test_gaps_are_missing_or_zero():
    side = Side("f", "xywh", missing=(1,), zero=(2,))
    assert sides.text(side, EYES, MARKS, (112, 224)) == "0 10 12 40 50\n2 0 0 0 0\n"
    shorter = Side("f", "corners", missing=(-1,))
    assert sides.text(shorter, EYES, MARKS, (112, 224)) == "10 12 50 62\n" * 2
