"""Tests of printers and displays: mean tones, single dots, moire where theory puts it."""

import numpy as np
import pytest

from fasharness_sim.capture import attack, instruments
from fasharness_sim.capture.instruments import Display
from fasharness_sim.fields import linear

SCREEN = Display(1.4, 2.2, 0.0, 1.0, 6500, 0.0, 10, 0.0, 0.0)


def _patch(*colour):
    return np.full((96, 96, 3), colour[::-1], np.uint8)


@pytest.mark.parametrize("file", ["print1", "print2"])
@pytest.mark.parametrize("colour", [(128, 128, 128), (190, 140, 110), (200, 200, 200)])
def test_dots_average_to_the_wanted_reflectance(file, colour):
    printer = attack.INSTRUMENTS[file]
    sheet = instruments.printed(_patch(*colour), printer, np.random.default_rng(0))
    white = instruments.printed(_patch(255, 255, 255), printer, np.random.default_rng(0))
    wanted = linear(np.array(colour) / 255) * white.max((0, 1))
    np.testing.assert_allclose(sheet.mean((0, 1)), wanted, atol=0.03)


@pytest.mark.parametrize("file", ["print1", "print2"])
def test_a_print_is_made_of_eight_overprints(file):
    ramp = np.repeat(np.arange(96, dtype=np.uint8)[None, :, None] * 2, 3, 2).repeat(96, 0)
    sheet = instruments.printed(ramp, attack.INSTRUMENTS[file], np.random.default_rng(0))
    assert sheet.shape == (288, 288, 3)
    assert len(np.unique(sheet.reshape(-1, 3), axis=0)) <= 8


def test_black_is_not_black_on_paper_nor_on_a_screen():
    black = _patch(0, 0, 0)
    for file in ("print1", "print2"):
        sheet = instruments.printed(black, attack.INSTRUMENTS[file], np.random.default_rng(0))
        assert sheet.min() > 0.01
    for file in ("display1", "display2"):
        assert instruments.displayed(black, attack.INSTRUMENTS[file]).min() > 0.003


def test_a_clustered_screen_has_one_pitch_and_a_scattered_one_has_none():
    peaks = []
    for file in ("print1", "print2"):
        sheet = instruments.printed(
            _patch(150, 150, 150), attack.INSTRUMENTS[file], np.random.default_rng(0)
        )
        wave = np.abs(np.fft.rfft2(sheet[..., 0] - sheet[..., 0].mean()))
        peaks.append(wave.max() / np.sqrt((wave**2).mean()))
    assert peaks[0] > 5 * peaks[1]


def test_a_display_follows_its_gamma():
    grey = instruments.displayed(_patch(128, 128, 128), SCREEN)[0, 0]
    white = instruments.displayed(_patch(255, 255, 255), SCREEN)[0, 0]
    np.testing.assert_allclose(grey / white, (128 / 255) ** 2.2, rtol=1e-4)


def test_sampling_the_sub_pixels_gives_moire_at_the_aliased_frequency():
    scale, spread, size = 0.8, 0.4, 256
    columns = np.tile(np.arange(size, dtype=np.float32) / scale, (size, 1))
    green = instruments.grid(columns, np.zeros_like(columns), SCREEN, scale, spread)[0, :, 1]
    true = 1 / (SCREEN.pitch * scale)
    wave = np.abs(np.fft.rfft((green - green.mean()) * np.hanning(size)))
    assert 0.5 < true < 1
    assert abs(wave.argmax() / size - (1 - true)) < 1.5 / size


def test_red_and_blue_stripes_lie_a_third_of_a_pixel_aside():
    columns = np.tile(np.linspace(0, 14, 400, dtype=np.float32), (2, 1))
    factor = instruments.grid(columns, np.zeros_like(columns), SCREEN, 4.0, 0.3)[0]
    at = columns[0, factor[:100].argmax(0)]
    shares = np.sort(at % SCREEN.pitch) / SCREEN.pitch
    np.testing.assert_allclose(np.diff(shares), 1 / 3, atol=0.05)
    np.testing.assert_allclose(factor.mean(0), factor.mean(), rtol=0.02)


def test_a_soft_lens_hides_the_grid():
    columns = np.tile(np.arange(64, dtype=np.float32) / 0.8, (64, 1))
    sharp, soft = (
        instruments.grid(columns, columns.T.copy(), SCREEN, 0.8, spread).std()
        for spread in (0.4, 1.2)
    )
    assert soft < 0.01 * sharp


def test_both_displays_show_moire_when_the_lens_is_sharp_and_the_second_less():
    strong, weak = (_waves(instrument, spread=0.4) for instrument in ("display1", "display2"))
    assert strong > weak > 0.03
    assert _waves("display2", spread=0.75) < 0.02


def _waves(name, spread):
    columns = np.tile(np.arange(256, dtype=np.float32) / 0.8, (4, 1))
    display = attack.INSTRUMENTS[name]
    return instruments.grid(columns, np.zeros_like(columns), display, 0.8, spread)[..., 1].std()
