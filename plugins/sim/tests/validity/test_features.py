"""What is measured of pictures, against other arithmetic: patterns, noise, quality, spectra."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, stats

from fasharness_sim.validity import fidelity, quality, spectra, texture
from fasharness_sim.validity.trivial import noise_level


def _picture(seed: int, side: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)


def _slow_pattern(plane: np.ndarray, row: int, column: int) -> str:
    """Neighbours on the circle, anticlockwise from the right, as a word of 0 and 1."""
    angles = np.arange(8) * np.pi / 4
    places = np.array([row - np.sin(angles), column + np.cos(angles)])
    around = ndimage.map_coordinates(plane.astype(float), places, order=1)
    return "".join("1" if v >= plane[row, column] - 1e-9 else "0" for v in around)


def test_patterns_against_slow_interpolation() -> None:
    plane = _picture(0, 14)[..., 0]
    found = texture.patterns(plane)
    words = [[_slow_pattern(plane, r, c) for c in range(1, 13)] for r in range(1, 13)]
    codes = [f"{n:08b}" for n in range(256)]
    changes = {w: sum(a != b for a, b in zip(w, w[1:] + w[0], strict=True)) for w in codes}
    uniform = sorted(int(w[::-1], 2) for w in codes if changes[w] <= 2)
    assert len(uniform) == 58
    number = {code: k for k, code in enumerate(uniform)}
    expected = [[number.get(int(w[::-1], 2), 58) for w in line] for line in words]
    np.testing.assert_array_equal(found, expected)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), shift=st.integers(-40, 40))
def test_patterns_do_not_depend_on_brightness(seed: int, shift: int) -> None:
    plane = np.random.default_rng(seed).integers(50, 200, (12, 12))
    np.testing.assert_array_equal(texture.patterns(plane), texture.patterns(plane + shift))


def test_colour_texture_has_six_histograms() -> None:
    found = texture.colour_texture(_picture(1))
    assert found.shape == (354,)
    np.testing.assert_allclose(found.reshape(6, 59).sum(axis=1), 1)
    flat = texture.colour_texture(np.full((9, 9, 3), 77, np.uint8))
    assert (flat.reshape(6, 59).max(axis=1) == 1).all()


@pytest.mark.parametrize("sigma", [2.0, 5.0, 12.0])
def test_the_noise_level_is_that_of_the_noise(sigma: float) -> None:
    ramp = np.linspace(60, 190, 200)[None] * np.ones((200, 1))
    noisy = ramp + np.random.default_rng(0).normal(0, sigma, ramp.shape)
    assert noise_level(np.rint(noisy).astype(np.uint8)) == pytest.approx(sigma, rel=0.05)


def test_quality_features() -> None:
    face = cv2.GaussianBlur(_picture(2, 64), (0, 0), 1.0)
    sharp, soft = quality.features(face), quality.features(cv2.GaussianBlur(face, (0, 0), 3.0))
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
    value = quality.features(face)[31:36]
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
    found = quality.features(face)[36:]
    np.testing.assert_allclose(found[:4], [0.6, 0.3, 0.1, 0])
    assert found[-1] == pytest.approx(3 / 100)


def test_a_spectrum_of_white_noise_is_flat_at_its_variance() -> None:
    rng = np.random.default_rng(0)
    patches = [np.rint(rng.normal(128, 6, (96, 96))).astype(np.uint8) for _ in range(40)]
    found = spectra.spectrum(patches)
    variance = 10 * np.log10(36 + 1 / 12)
    assert found.level == pytest.approx(variance, abs=0.1)
    np.testing.assert_allclose(found.rings, variance, atol=0.5)
    assert found.peak < 4


@pytest.mark.parametrize("frequency", [0.12, 0.2, 0.31, 0.45])
def test_dots_show_in_their_ring_and_a_grid_as_a_peak(frequency: float) -> None:
    rng = np.random.default_rng(0)
    plain = rng.normal(128, 3, (96, 96))
    rows, columns = np.mgrid[:96, :96]
    angles, phases = rng.uniform(0, 2 * np.pi, (2, 90))
    waves = zip(angles, phases, strict=True)
    ways = [(np.cos(a) * rows + np.sin(a) * columns, p) for a, p in waves]
    dots = sum(1.5 * np.cos(2 * np.pi * frequency * way + p) for way, p in ways)
    grid = 8 * np.cos(2 * np.pi * frequency * columns)
    wall, scattered, screen = (
        spectra.spectrum([np.rint(plain + part).clip(0, 255).astype(np.uint8)])
        for part in (0 * grid, dots, grid)
    )
    raised = spectra.frequencies()[np.argmax(scattered.rings - wall.rings)]
    assert raised == pytest.approx(frequency, abs=0.02)
    assert scattered.level > wall.level + 5
    assert screen.peak > wall.peak + 8
