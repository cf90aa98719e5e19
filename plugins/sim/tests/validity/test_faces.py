"""What is measured of faces: movement in depth, signatures of persons, overlap of boxes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasharness_sim.validity import identity, parallax
from fasharness_sim.validity.detection import overlap


def _filmed(depth: float, noise: float = 0.0) -> np.ndarray:
    """Positions of points of a bulge that turns before a pinhole, (12, 60, 2)."""
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-0.5, 0.5, (2, 60))
    z = depth * (1 - x**2 - y**2)
    frames = []
    for turn in np.linspace(-0.3, 0.3, 12):
        right = x * np.cos(turn) + z * np.sin(turn)
        away = 4 - z * np.cos(turn) + x * np.sin(turn)
        frames.append(np.stack([right / away, y / away], 1))
    return np.stack(frames) * 4 + rng.normal(0, noise, (12, 60, 2))


def test_a_plane_is_explained_whatever_way_it_turns() -> None:
    found = parallax.unexplained(_filmed(0.0))
    assert found.residual < 1e-5
    assert found.movement > 0.005


def test_a_bulge_is_not_explained_and_the_more_so_the_deeper() -> None:
    shallow, deep = (parallax.unexplained(_filmed(d)).residual for d in (0.2, 0.5))
    assert 0.003 < shallow < deep


def test_independent_errors_of_tracking_count_little() -> None:
    noise = 0.004
    found = parallax.unexplained(_filmed(0.0, noise)).residual
    assert found < 0.5 * noise * np.sqrt(2)


def test_points_are_followed_where_the_face_goes() -> None:
    rng = np.random.default_rng(3)
    wall = np.kron(rng.integers(40, 220, (40, 40)), np.ones((5, 5))).astype(np.uint8)
    greys = tuple(np.ascontiguousarray(wall[20 - k : 140 - k, 20:140]) for k in range(4))
    mask = np.zeros((120, 120), np.bool_)
    mask[30:90, 30:90] = True
    ways = parallax.track(greys, mask)
    assert ways.shape[1] >= 20
    np.testing.assert_allclose(ways[-1] - ways[0], np.tile([0, 3], (ways.shape[1], 1)), atol=0.2)
    assert parallax.track(greys, np.zeros_like(mask)).shape == (4, 0, 2)


def _signed(seed: int, persons: int, videos: int, spread: float) -> dict[str, list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    means = rng.normal(0, 1, (persons, 300))
    return {
        f"{k:02d}": [identity._unit(mean + spread * rng.normal(0, 1, 300)) for _ in range(videos)]
        for k, mean in enumerate(means)
    }


def test_persons_that_differ_are_farther_than_their_own_videos() -> None:
    found = identity.neighbours(_signed(0, 6, 5, 0.3), {f"{k:02d}": "ab"[k % 2] for k in range(6)})
    assert np.median(found.within) < 0.2 < found.pairs[0].distance
    assert len(found.pairs) == 9
    assert [p.distance for p in found.pairs] == sorted(p.distance for p in found.pairs)


def test_the_halves_of_a_persons_videos_are_compared() -> None:
    one, two, three = map(identity._unit, np.eye(6)[:3])
    found = identity.neighbours({"a": [one, two, one], "b": [three]}, {"a": "x", "b": "y"})
    np.testing.assert_allclose(found.within, [1 - np.corrcoef(one, two)[0, 1]])
    between = 1 - np.corrcoef(2 * one + two, three)[0, 1]
    assert found.pairs == (identity.Pair("b", "a", pytest.approx(between)),)


def test_one_person_under_two_names_is_the_nearest_pair() -> None:
    signed = _signed(0, 5, 6, 0.3)
    signed["00"], signed["99"] = signed["00"][:3], signed["00"][3:]
    splits = dict.fromkeys(signed, "train") | {"99": "test"}
    found = identity.neighbours(signed, splits)
    assert {found.pairs[0].first, found.pairs[0].second} == {"00", "99"}
    assert found.pairs[0].distance < np.median(found.within)


BOX = st.tuples(*[st.integers(0, 12)] * 2, *[st.integers(1, 9)] * 2)


@given(first=BOX, second=BOX)
def test_overlap_against_counted_pixels(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    grids = []
    for x, y, width, height in (first, second):
        grid = np.zeros((24, 24), np.bool_)
        grid[y : y + height, x : x + width] = True
        grids.append(grid)
    counted = (grids[0] & grids[1]).sum() / (grids[0] | grids[1]).sum()
    assert overlap(first, second) == pytest.approx(counted)
