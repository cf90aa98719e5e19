"""What is measured of pictures, against other arithmetic: noise and spectra."""

import numpy as np
import pytest

from fasharness_sim.validity import spectra
from fasharness_sim.validity.trivial import noise_level


@pytest.mark.parametrize("sigma", [2.0, 5.0, 12.0])
def test_the_noise_level_is_that_of_the_noise(sigma: float) -> None:
    ramp = np.linspace(60, 190, 200)[None] * np.ones((200, 1))
    noisy = ramp + np.random.default_rng(0).normal(0, sigma, ramp.shape)
    assert noise_level(np.rint(noisy).astype(np.uint8)) == pytest.approx(sigma, rel=0.05)


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
