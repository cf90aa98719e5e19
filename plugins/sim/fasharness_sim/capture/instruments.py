"""Printers and displays: how a stored picture becomes ink on paper or light from a screen."""

from dataclasses import dataclass

import cv2
import numpy as np

from fasharness_sim.fields import F32, U8, f32, linear
from fasharness_sim.rooms.session import temperature

FINENESS = 3
# Whole waves over a tile, so that it repeats without a seam: sqrt(12^2 + 3^2) = 12.4 of them
# (12 for the third ink), each ink at an angle of its own.
_SCREEN_WAVES = ((12, 3), (3, 12), (12, 0))
_REACH = 12.4
_CORRECTIONS = 3
_STRIPE, _LINE = 0.3, 0.82
_APERTURE = 0.85
_INKS = f32([[0.0, 0.3, 0.64], [0.62, 0.03, 0.2], [0.9, 0.76, 0.03]])


@dataclass(frozen=True)
class Printer:
    """A printer with its paper.

    Attributes:
        cell: width of a halftone cell in print dots (a picture pixel is ``FINENESS`` dots wide).
        stochastic: dots scattered as an inkjet does, else a screen of growing dots (laser).
        black: reflectance of full ink.
        ink: share of the inks' colour strength that reaches the paper.
        warm: tint of the paper, above 0 is yellowish.
        gloss: mirror reflectance of the surface, and ``rough`` the spread of it in pixels.
        rough: see ``gloss``.
        bend: usual curvature of the sheet, as half the second derivative over a picture pixel.
        flex: usual change of it while the sheet is held: it is warped on purpose.
    """

    cell: float
    stochastic: bool
    black: float
    ink: float
    warm: float
    gloss: float
    rough: float
    bend: float = 2.5e-4
    flex: float = 0.0


@dataclass(frozen=True)
class Display:
    """A screen.

    Attributes:
        pitch: width of a screen pixel in picture pixels.
        gamma: exponent from stored values to light.
        black: light of a black pixel as a share of a white one.
        gamut: saturation that the primaries reach, 1 is sRGB.
        kelvin: colour temperature of white.
        gloss: mirror reflectance of the glass, and ``rough`` the spread of it in pixels.
        rough: see ``gloss``.
        flicker: depth of the bands that the backlight's pulses leave in rolling-shutter frames.
        falloff: light lost at 30 degrees off the axis.
    """

    pitch: float
    gamma: float
    black: float
    gamut: float
    kelvin: float
    gloss: float
    rough: float
    flicker: float
    falloff: float


def printed(picture: U8, printer: Printer, rng: np.random.Generator) -> F32:
    """Print a picture.

    Args:
        picture: uint8 (h, w, 3), blue, green, red.
        printer: the printer.
        rng: the stream of the dither pattern and its place on the sheet.

    Returns:
        The sheet's reflectance, float32 (3 h, 3 w, 3), red, green, blue, with every dot of ink.
    """
    tall, wide = picture.shape[0] * FINENESS, picture.shape[1] * FINENESS
    primaries = _overprints(printer)
    large = cv2.resize(_separated(picture, primaries), (wide, tall))
    overprint = np.zeros((tall, wide), np.uint8)
    for ink in range(3):
        tile = _scatter(rng) if printer.stochastic else _screen(printer.cell, ink)
        # Limits of 1 to 254: no dot where the ink is 0, no gap where it is 255.
        limit = _tiled(np.rint(1 + tile * 253).astype(np.uint8), (tall, wide), rng)
        overprint |= (large[..., ink] >= limit).astype(np.uint8) << ink
    return primaries[overprint]


def _separated(picture: U8, primaries: F32) -> U8:
    """Find how much of each ink gives a picture's colours on average, as a printer's driver does.

    The mean colour of overprints is the product of the inks' means (Demichel), so the coverage is
    found by a few corrections; what the inks cannot reach stays off, which is the gamut.
    """
    wanted = decoded(picture) * np.float32(0.97)
    passed = primaries[[1, 2, 4]] / primaries[0]
    used = 1 - wanted
    for _ in range(_CORRECTIONS):
        light = np.ones_like(wanted)
        for ink in range(3):
            light *= 1 - used[..., ink, None] * (1 - passed[ink])
        used = np.clip(used + 1.1 * (light - wanted), 0, 1)
    stored: U8 = np.rint(used * 255).astype(np.uint8)
    return stored


def _tiled(tile: U8, shape: tuple[int, int], rng: np.random.Generator) -> U8:
    """Cover a sheet with a threshold tile from a random start."""
    start = rng.integers(0, tile.shape[0], 2)
    rolled = np.roll(tile, start, (0, 1))
    counts = [-(-n // m) for n, m in zip(shape, tile.shape, strict=True)]
    return np.tile(rolled, counts)[: shape[0], : shape[1]]


def _screen(cell: float, ink: int) -> F32:
    """Return the thresholds in 0..1 of a clustered-dot screen at the ink's own angle."""
    size = round(cell * _REACH)
    down, across = np.mgrid[:size, :size] * (2 * np.pi / size)
    a, b = _SCREEN_WAVES[ink]
    spot = np.cos(a * across + b * down) + np.cos(b * across - a * down)
    return _ranked(spot)


def _scatter(rng: np.random.Generator) -> F32:
    """Return the thresholds in 0..1 of a scattered-dot pattern without low frequencies."""
    white = rng.standard_normal((128, 128), dtype=np.float32)
    # Filtered among its own copies, so that the tile repeats without a seam (blue noise after
    # Ulichney 1988).
    wide = np.tile(white, (3, 3))
    band = cv2.GaussianBlur(wide, (0, 0), 0.65) - cv2.GaussianBlur(wide, (0, 0), 1.9)
    return _ranked(f32(band[128:256, 128:256]))


def _ranked(values: F32) -> F32:
    """Replace values by their ranks, spread evenly in 0..1."""
    # Ranks are the inverse of the order, which is what the second argsort gives; stable, as equal
    # values must not depend on the machine.
    order = values.ravel().argsort(kind="stable").argsort(kind="stable")
    return f32((order.reshape(values.shape) + 0.5) / values.size)


def _overprints(printer: Printer) -> F32:
    """Return the reflectance of the eight overprints of three inks (Neugebauer primaries)."""
    paper = 0.88 * f32([1, 1 - 0.4 * printer.warm, 1 - printer.warm])
    inks = 1 - printer.ink * (1 - _INKS)
    # Bit k of an overprint's number is ink k, as `printed` sets it.
    used = np.array([[n >> k & 1 for k in range(3)] for n in range(8)])
    layers = np.where(used[..., None] == 1, inks[None], 1.0).prod(1)
    return f32(paper * (printer.black + (1 - printer.black) * layers))


def displayed(picture: U8, display: Display) -> F32:
    """Show a picture on a screen, without its pixel grid.

    Args:
        picture: uint8 (h, w, 3), blue, green, red.
        display: the screen.

    Returns:
        The light it sends straight ahead, float32 (h, w, 3), red, green, blue, white = 1.
    """
    codes = np.arange(256) / 255
    light = display.black + (1 - display.black) * codes**display.gamma
    grey = np.tile(f32([0.2126, 0.7152, 0.0722]), (3, 1))
    colours = grey + display.gamut * (np.eye(3) - grey)
    white = temperature(display.kelvin)[:, None]
    emitted = cv2.LUT(picture, f32(light))
    return f32(cv2.transform(emitted, f32((white * colours)[:, ::-1])))


def grid(columns: F32, rows: F32, display: Display, scale: float, spread: float) -> F32:
    """Return the factor that a screen's sub-pixels put on the light that a sensor samples.

    The lit stripes are a Fourier series over the screen; lens and pixel aperture damp every term
    by its true frequency on the sensor, and sampling at the sensor's pixels does the rest: terms
    above its Nyquist frequency come out as moire. Terms beyond the first do not get through.

    Args:
        columns: float32 (H, W), the picture column that each sensor pixel sees.
        rows: float32 (H, W), likewise the row.
        display: the screen.
        scale: sensor pixels per picture pixel.
        spread: standard deviation of the lens' point spread in sensor pixels.

    Returns:
        float32 (H, W, 3) around 1 for red, green, blue.
    """
    # The damping takes the true frequency, not the folded one; folding comes from the sampling
    # itself (Amidror, The Theory of the Moire Phenomenon).
    frequency, turns = 1 / (display.pitch * scale), np.float32(2 * np.pi / display.pitch)
    passed = 2 * float(np.sinc(_APERTURE * frequency)) * _damping(frequency, spread)
    stripe, line = (np.float32(passed * np.sinc(lit)) for lit in (_STRIPE, _LINE))
    down = np.cos(rows * turns) * line + np.float32(1)
    angle = columns * turns
    across, ahead = np.cos(angle) * (down * stripe), np.sin(angle) * (down * stripe)
    green = down + across
    # cos(a -+ 120 degrees): red, green and blue stripes stand a third of a pixel apart.
    side, lean = down - np.float32(0.5) * across, np.float32(3**0.5 / 2) * ahead
    return f32(cv2.merge([side - lean, green, side + lean]))


def _damping(frequency: float, spread: float) -> float:
    """Return a Gaussian lens' modulation transfer at a frequency in cycles a pixel."""
    return float(np.exp(-2 * (np.pi * frequency * spread) ** 2))


def decoded(picture: U8) -> F32:
    """Turn a stored picture (blue, green, red) into linear light (red, green, blue)."""
    return linear(np.arange(256) / 255)[picture[..., ::-1]]
