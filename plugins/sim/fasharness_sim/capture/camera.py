"""Phones: from linear light at the lens to the 8-bit frames that a phone would store."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

import cv2
import numpy as np

from fasharness_sim.capture.scene import Shot
from fasharness_sim.fields import F32, U8, encoded, f32
from fasharness_sim.formats import DEFAULT, Format

_LEVELS = 4096
_LUMA = f32([0.2126, 0.7152, 0.0722])
_SIGHT = 1.01  # least focal length, in frame widths, for which rooms are drawn


@dataclass(frozen=True)
class Phone:
    """What makes one phone's pictures different from another's.

    Attributes:
        focal: focal length in pixels of a frame 360 pixels wide.
        distance: how far away its users usually hold it, in cm.
        blur: width of the lens' point spread in pixels (standard deviation).
        vignette: share of light lost in the corners.
        shot: variance of the shot noise at full scale, as a share of full scale squared.
        read: standard deviation of the read noise as a share of full scale.
        exposure: bias of the exposure metering in stops.
        warmth: red over blue left by the white balance, in powers of two.
        saturation: strength of colours, 1 is neutral.
        contrast: steepness of the tone curve around middle grey, 0 is plain sRGB.
        sharpening: amount of unsharp masking, and ``halo`` its width in pixels.
        halo: see ``sharpening``.
        rate: bytes that its encoder spends on a frame.
    """

    focal: float
    distance: float
    blur: float
    vignette: float
    shot: float
    read: float
    exposure: float
    warmth: float
    saturation: float
    contrast: float
    sharpening: float
    halo: float
    rate: int


PHONES: Mapping[int, Phone] = MappingProxyType(
    {
        1: Phone(505, 57, 0.33, 0.15, 4e-4, 2.3e-3, 0.05, 0.05, 1.12, 0.30, 0.55, 1.0, 40_000),
        2: Phone(480, 54, 0.40, 0.25, 6e-4, 3e-3, -0.10, 0.12, 1.00, 0.20, 0.35, 1.2, 36_000),
        3: Phone(520, 60, 0.37, 0.22, 9e-4, 4.5e-3, 0.10, -0.10, 0.92, 0.10, 0.70, 0.9, 29_000),
        4: Phone(470, 52, 0.45, 0.30, 7.5e-4, 3.8e-3, 0.15, 0.00, 1.15, 0.35, 0.85, 1.3, 33_000),
        5: Phone(535, 62, 0.36, 0.20, 1.3e-3, 6e-3, -0.05, -0.05, 1.05, 0.25, 0.25, 1.0, 27_000),
        6: Phone(495, 56, 0.35, 0.18, 5e-4, 3e-3, 0.00, 0.08, 0.88, 0.15, 0.50, 1.1, 38_000),
    }
)

REFERENCE = Phone(680, 62, 0.3, 0.08, 1e-4, 1e-3, 0.0, 0.0, 1.0, 0.2, 0.25, 1.0, 90_000)


def usual_rate(shape: Format) -> float:
    """Return the bytes that these phones spend on a frame of a format, on average."""
    return sum(fit(phone, shape).rate for phone in PHONES.values()) / len(PHONES)


def fit(phone: Phone, shape: Format) -> Phone:
    """Return a phone with the focal length, distance and bit rate that a format needs.

    A wide frame is taken from farther away, with a longer lens: faces keep their size.
    """
    near = phone.focal * shape.scale
    longer = max(1.0, _SIGHT * shape.width / near)
    area = shape.width * shape.height / (DEFAULT.width * DEFAULT.height)
    return replace(
        phone,
        focal=near * longer,
        distance=phone.distance * longer,
        rate=int(phone.rate * area),
    )


class Setting(NamedTuple):
    """What a camera chose for a video: light gain before noise, colour after, tones and noise.

    ``gain``, ``balance``: float32 (H, W) on the colour mosaic · ``black``: what counts as black ·
    ``colour``: (3, 3) · ``tones``: uint8 (4096,) from linear to stored values · ``grain``: a bank
    of noise of about unit strength.
    """

    gain: F32
    balance: F32
    black: float
    colour: F32
    tones: U8
    grain: F32


def develop(shots: Iterable[Shot], phone: Phone, rng: np.random.Generator) -> Iterator[U8]:
    """Turn light that has passed the lens into stored frames.

    Exposure and white balance are metered on the first frame and kept.

    Args:
        shots: linear light (H, W, 3), even height and width; the eyes decide where to meter.
        phone: the camera.
        rng: the stream of metering errors and noise.

    Returns:
        uint8 (H, W, 3) frames in OpenCV's order of channels: blue, green, red.
    """
    setting = None
    for shot in shots:
        setting = setting or _meter(shot, phone, rng)
        yield _finish(_raw(shot.light, setting, phone, rng), setting, phone)


def _meter(shot: Shot, phone: Phone, rng: np.random.Generator) -> Setting:
    """Choose exposure and white balance as phones do: for face and frame, nearly grey world."""
    light = shot.light
    tall, wide = light.shape[:2]
    middle = light[tall // 5 : tall * 7 // 10, wide // 5 : wide * 4 // 5].reshape(-1, 3)
    level = (float(np.median(middle[::7] @ _LUMA)) * _face_level(shot) ** 2) ** (1 / 3)
    exposure = 0.25 * 2 ** (phone.exposure + rng.normal(0, 0.28)) / max(level, 1e-4)
    mean = middle.mean(0) * 0.7 + light[::8, ::8].reshape(-1, 3).mean(0) * 0.3
    warm = phone.warmth + rng.normal(0, 0.06)
    bias = f32([2 ** (warm / 2), 2 ** rng.normal(0, 0.03), 2 ** (-warm / 2)])
    # Grey world (Buchsbaum 1980), at 0.72 of its full strength.
    white = f32((mean[1] / np.maximum(mean, 1e-4)) ** 0.72 * bias * [1.09, 1.0, 0.94])
    # no colour is turned down after the sensor: what is full there must come out white
    exposure, white = exposure * float(white.min()), f32(white / white.min())
    rows, columns = np.mgrid[-1 : 1 : tall * 1j, -1 : 1 : wide * 1j]
    gain = exposure * (1 - phone.vignette * (rows**2 + columns**2) / 2)
    black = exposure * float(np.percentile(middle[::7] @ _LUMA, 1)) * rng.uniform(0.4, 0.7)
    balance = _mosaic(np.broadcast_to(white, (tall, wide, 3)))
    grain = rng.standard_normal((tall + 256, wide + 256), dtype=np.float32)
    grain *= np.float32(np.exp(rng.normal(0, 0.35)))  # the sensitivity that was chosen
    colour = _saturation(phone.saturation)
    return Setting(f32(gain), balance, float(black), colour, _tones(phone), grain)


def _face_level(shot: Shot) -> float:
    """Measure the mean luminance between brows and mouth."""
    (x0, y0), (x1, y1) = shot.eyes.tolist()
    span, tall, wide = max(x1 - x0, 8.0), *shot.light.shape[:2]
    left, right = np.clip([x0 - 0.3 * span, x1 + 0.3 * span], 0, wide).astype(int)
    top, bottom = np.clip([(y0 + y1) / 2 - 0.5 * span, (y0 + y1) / 2 + 1.2 * span], 0, tall).astype(
        int
    )
    part = shot.light[top : bottom + 1, left : right + 1]
    return float((part.reshape(-1, 3) @ _LUMA).mean()) if part.size else 1.0


def _mosaic(image: F32) -> F32:
    """Keep one colour per pixel: red and green in even rows, green and blue in odd ones."""
    # RGGB (Bayer 1976); `_finish` demosaics by the same order.
    raw = np.empty(image.shape[:2], np.float32)
    raw[0::2, 0::2], raw[0::2, 1::2] = image[0::2, 0::2, 0], image[0::2, 1::2, 1]
    raw[1::2, 0::2], raw[1::2, 1::2] = image[1::2, 0::2, 1], image[1::2, 1::2, 2]
    return raw


def _saturation(strength: float) -> F32:
    """Return the colour matrix (blue, green, red) that changes saturation and keeps luminance."""
    grey = np.tile(_LUMA[::-1], (3, 1))
    return f32(grey + strength * (np.eye(3) - grey))


def _tones(phone: Phone) -> U8:
    """Tabulate the tone curve: sRGB with an S-curve on top and soft highlights."""
    light = np.linspace(0, 1, _LEVELS) * 1.25
    soft = np.where(light > 0.8, 0.8 + 0.2 * np.tanh((light - 0.8) / 0.25), light)
    code = encoded(soft)
    curve = code + phone.contrast * 0.55 * (code - 0.45) * code * (1 - code) * 4
    stored: U8 = np.clip(np.rint(curve * 255), 0, 255).astype(np.uint8)
    return stored


def _raw(light: F32, setting: Setting, phone: Phone, rng: np.random.Generator) -> F32:
    """Expose the colour mosaic with shot and read noise, then balance its colours."""
    tall, wide = light.shape[:2]
    charge = _mosaic(light) * setting.gain
    # The sensor is full at 1, before the white balance; the noise comes on top of that.
    np.clip(charge, 0.0, 1.0, out=charge)
    top, left = rng.integers(0, 256, 2)
    grain = setting.grain[top : top + tall, left : left + wide]
    # Variance k^2 (q x + r^2) of shot and read noise (Foi et al. 2008); k is in the grain.
    charge += grain * np.sqrt(phone.shot * charge + phone.read**2)
    return f32((charge - np.float32(setting.black)) * setting.balance)


def _finish(raw: F32, setting: Setting, phone: Phone) -> U8:
    """Apply tones, demosaic, correct colours and sharpen, all in bytes as a cheap phone does."""
    # The table of tones goes to 1.25, see `_tones`; 1 would cut the soft highlights off.
    level = np.clip(raw * np.float32(_LEVELS / 1.25), 0, _LEVELS - 1).astype(np.uint16)
    # OpenCV's older name of this mosaic is BayerBG; its BayerRG is another one.
    colour = cv2.demosaicing(np.take(setting.tones, level), cv2.COLOR_BayerRGGB2BGR)
    stored = cv2.transform(colour, setting.colour)
    halo = cv2.GaussianBlur(stored, (0, 0), phone.halo)
    sharp = cv2.addWeighted(stored, 1 + phone.sharpening, halo, -phone.sharpening, 0)
    return sharp.astype(np.uint8, copy=False)
