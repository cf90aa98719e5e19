"""Tests of the small fields and streams."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fasharness_sim import fields


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20))
def test_srgb_decodes_to_what_was_encoded(values):
    light = fields.linear(values)
    np.testing.assert_allclose(fields.encoded(light), np.float32(values), atol=2e-6)


def test_middle_grey_has_its_known_light():
    assert abs(float(fields.linear(0.5)) - 0.21404) < 1e-4


def test_a_stream_depends_on_seed_and_name_only():
    first = fields.stream(3, "head", 7)
    fields.stream(3, "other").random(5)
    assert first.random() == fields.stream(3, "head", 7).random()
    assert fields.stream(3, "head", 7).random() != fields.stream(3, "head", 8).random()
    assert fields.stream(3, "head", 7).random() != fields.stream(4, "head", 7).random()


def test_over_mixes_by_cover():
    base = np.zeros((2, 2, 3), np.float32)
    mixed = fields.over(base, [1.0, 0.5, 0.25], np.full((2, 2), 0.5, np.float32))
    np.testing.assert_allclose(mixed[0, 0], [0.5, 0.25, 0.125])
