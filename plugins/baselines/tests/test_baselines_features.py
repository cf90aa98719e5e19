"""What is measured of faces, against other arithmetic: colour patterns and image quality."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy import ndimage, stats

pytest.importorskip("skimage", reason="the extra classic of fasharness-baselines")

from fasharness_baselines import fidelity
from fasharness_baselines.colour_lbp import colour_texture
from fasharness_baselines.image_quality import features


def _picture(seed: int, side: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)


def _slow_histogram(plane: np.ndarray) -> list[float]:
    """Shares of the 58 uniform patterns by rotation and number of ones, and of all others.

    Neighbours on the circle are read by SciPy's interpolation.
    """
    angles = np.arange(8) * np.pi / 4
    found: dict[str, int] = {}
    for row in range(1, plane.shape[0] - 1):
        for column in range(1, plane.shape[1] - 1):
            places = np.array([row - np.sin(angles), column + np.cos(angles)])
            around = ndimage.map_coordinates(plane.astype(float), places, order=1)
            word = "".join("1" if v >= plane[row, column] - 1e-9 else "0" for v in around)
            changes = sum(a != b for a, b in zip(word, word[1:] + word[0], strict=True))
            name = word if changes <= 2 else "other"
            found[name] = found.get(name, 0) + 1
    return sorted(count / ((plane.shape[0] - 2) * (plane.shape[1] - 2)) for count in found.values())


def test_colour_texture_against_slow_interpolation() -> None:
    face = cv2.GaussianBlur(_picture(0, 24), (0, 0), 1.0)
    planes = [
        plane
        for space in (cv2.COLOR_RGB2YCrCb, cv2.COLOR_RGB2HSV)
        for plane in cv2.split(cv2.cvtColor(face, space))
    ]
    found = colour_texture(face).reshape(6, 59)
    for histogram, plane in zip(found, planes, strict=True):
        np.testing.assert_allclose(sorted(histogram[histogram > 0]), _slow_histogram(plane))


@pytest.mark.parametrize("shift", [-40, 17, 40])
def test_patterns_do_not_depend_on_brightness(shift: int) -> None:
    grey = np.random.default_rng(3).integers(50, 200, (12, 12), np.int64)
    same, shifted = (np.dstack([g.astype(np.uint8)] * 3) for g in (grey, grey + shift))
    np.testing.assert_array_equal(colour_texture(same)[:59], colour_texture(shifted)[:59])


@pytest.mark.parametrize("level", [0, 3, 77, 255])
def test_a_flat_face_has_one_pattern_in_each_channel(level: int) -> None:
    flat = colour_texture(np.full((9, 9, 3), level, np.uint8)).reshape(6, 59)
    np.testing.assert_array_equal(flat.max(axis=1), 1)
    assert len(set(flat.argmax(axis=1).tolist())) == 1


def test_quality_features() -> None:
    face = cv2.GaussianBlur(_picture(2, 64), (0, 0), 1.0)
    sharp, soft = features(face), features(cv2.GaussianBlur(face, (0, 0), 3.0))
    assert sharp.shape == (137,)
    assert np.isfinite(sharp).all()
    assert soft[19] > sharp[19]  # loses less by blurring
    assert soft[20] < sharp[20]  # flatter edges
    hue = cv2.cvtColor(face, cv2.COLOR_RGB2HSV)[..., 1].ravel() / 256
    third = stats.moment(hue, order=3)
    np.testing.assert_allclose(sharp[26:29], [hue.mean(), hue.std(), np.cbrt(third)], rtol=1e-9)


def _fidelity(picture: np.ndarray) -> dict[str, float]:
    names = fidelity.measures.__doc__.split("(16,): ")[1].split(", as")[0]
    return dict(zip(names.replace(",", " ").split(), fidelity.measures(picture), strict=True))


def test_shares_of_the_end_bins() -> None:
    face = np.zeros((10, 10, 3), np.uint8)
    face[:2], face[2:5] = 255, 128
    value = features(face)[31:36]
    np.testing.assert_allclose(value[3:], [0.5, 0.2])


def test_fidelity_to_a_smoothed_copy() -> None:
    grey = _picture(5, 48)[..., 0]
    found = _fidelity(np.dstack([grey] * 3))
    side = np.exp(-2.0) / (1 + 2 * np.exp(-2.0))
    kernel = np.array([side, 1 - 2 * side, side])
    soft = ndimage.correlate1d(grey.astype(float), kernel, 0, mode="mirror")
    gap = grey - ndimage.correlate1d(soft, kernel, 1, mode="mirror")
    assert found["MSE"] == pytest.approx((gap**2).mean())
    assert found["PSNR"] == pytest.approx(20 * np.log10(255) - 10 * np.log10((gap**2).mean()))
    assert found["MD"] == pytest.approx(np.abs(gap).max())
    assert found["NAE"] == pytest.approx(np.abs(gap).sum() / grey.sum())
    assert found["SME"] <= found["MSE"] + 1e-9  # Parseval, and the triangle inequality
    flat = _fidelity(np.full((20, 20, 3), 9, np.uint8))
    assert flat["SSIM"] == pytest.approx(1)
    assert flat["HLFI"] == pytest.approx(1)
    assert flat["GME"] == flat["LMSE"] == 0
    assert found["SSIM"] < 0.99


def test_colour_diversity_counts_colours() -> None:
    face = np.zeros((10, 10, 3), np.uint8)
    face[:3], face[3] = (200, 10, 10), (10, 200, 10)
    found = features(face)[36:]
    np.testing.assert_allclose(found[:4], [0.6, 0.3, 0.1, 0])
    assert found[-1] == pytest.approx(3 / 100)
