"""Faces from annotated eyes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasharness.errors import DataError
from fasharness.faces import Face, face_from_eyes


def test_worked_example() -> None:
    face = face_from_eyes((100, 200), (150, 200))
    assert face.box == pytest.approx((125 - 55, 200 - 0.37 * 145, 110, 145))
    assert face.confidence == 1
    assert face.landmarks is None


def test_a_tilted_head_is_as_large() -> None:
    assert face_from_eyes((100, 200), (130, 240)).box[2:] == pytest.approx((110, 145))


@given(st.tuples(st.floats(0, 900), st.floats(0, 900)), st.floats(1, 200), st.floats(-50, 50))
def test_which_eye_comes_first_does_not_matter(left, across, down) -> None:
    right = left[0] + across, left[1] + down
    assert face_from_eyes(left, right).box == pytest.approx(face_from_eyes(right, left).box)


@pytest.mark.parametrize("eyes", [((0, 0), (0, 0)), ((1, 2), (float("nan"), 2))])
def test_eyes_at_one_place_are_an_error(eyes) -> None:
    with pytest.raises(DataError, match="give no face box"):
        face_from_eyes(*eyes)


def test_weight_is_confidence_times_area() -> None:
    assert Face((1, 2, 10, 20), 0.5).weight == 100
