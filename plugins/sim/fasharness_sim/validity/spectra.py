"""Traces of dots and screen pixels: radial power spectra of the face and of the wall beside it."""

from typing import NamedTuple

import numpy as np

from fasharness.faces import Box
from fasharness_sim.validity.video import Floats, Pixels, Video

SIDE = 96
RINGS = 24
LOWEST, HIGHEST = 0.08, 0.5
FRAMES = 8
REGIONS = ("face", "wall")
_FLOOR = 1e-3


class Spectrum(NamedTuple):
    """The luma spectrum of a region of a video, averaged over frames.

    Attributes:
        rings: float64 (24,), mean power in dB of rings of spatial frequency.
        peak: how far, in dB, the strongest frequency stands above the median of its ring.
        level: mean power in dB over all rings.
    """

    rings: Floats
    peak: float
    level: float


def frequencies() -> Floats:
    """Middle of each ring in cycles a pixel, float64 (24,)."""
    edges = np.linspace(LOWEST, HIGHEST, RINGS + 1)
    return np.asarray((edges[:-1] + edges[1:]) / 2)


def measure(video: Video) -> tuple[Spectrum, ...]:
    """Take the spectra of a video, one for each of `REGIONS`.

    Args:
        video: the video; its frames have at least 96 pixels a side.

    Returns:
        The spectra.
    """
    numbers = video.some(FRAMES)
    places = (_middle, _beside)
    return tuple(
        spectrum([_patch(video.greys[n], *place(video, n)) for n in numbers]) for place in places
    )


def spectrum(patches: list[Pixels]) -> Spectrum:
    """Average the power of square patches and sort it into rings.

    Args:
        patches: uint8 (S, S) each.

    Returns:
        The spectrum; the patches' own means do not matter.
    """
    side = patches[0].shape[0]
    window = np.outer(np.hanning(side), np.hanning(side))
    power = (
        # Without its mean and windowed: the step at the patch's borders would leak into all rings.
        np.mean([np.abs(np.fft.rfft2((p - p.mean()) * window)) ** 2 for p in patches], axis=0)
        / (window**2).sum()
    )
    height, width = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]
    ring = np.digitize(np.hypot(height, width), np.linspace(LOWEST, HIGHEST, RINGS + 1)) - 1
    inside = [power[ring == number] for number in range(RINGS)]
    means = np.array([values.mean() for values in inside])
    peaks = [_decibel(values.max()) - _decibel(np.median(values)) for values in inside]
    level = _decibel(np.mean(np.concatenate(inside)))
    return Spectrum(_decibel(means), float(max(peaks)), float(level))


def _decibel(power: Floats | np.floating) -> Floats:
    return np.asarray(10 * np.log10(power + _FLOOR))


def _middle(video: Video, number: int) -> tuple[float, float]:
    x, y, width, height = video.truths[number]
    return x + width / 2, y + height / 2


def _beside(video: Video, number: int) -> tuple[float, float]:
    """A place beside the upper head, on the side with more room."""
    box: Box = video.truths[number]
    x, y, width, _ = box
    room = video.frames[number].shape[1] - x - width
    away = SIDE / 2 + width / 10
    return (x - away if x > room else x + width + away), y


def _patch(grey: Pixels, x: float, y: float) -> Pixels:
    """Cut a square around a place, moved as far as the frame wants it."""
    height, width = grey.shape
    left = min(max(round(x - SIDE / 2), 0), width - SIDE)
    top = min(max(round(y - SIDE / 2), 0), height - SIDE)
    return grey[top : top + SIDE, left : left + SIDE]
