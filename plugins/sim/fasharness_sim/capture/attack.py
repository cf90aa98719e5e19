"""Attacks: a picture on a flat instrument before a camera, as linear light behind its lens."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import cv2
import numpy as np

from fasharness_sim.capture import cut, instruments, motion
from fasharness_sim.capture.instruments import FINENESS, Display, Printer
from fasharness_sim.capture.scene import Shot
from fasharness_sim.capture.view import DEPTH_STEP
from fasharness_sim.fields import F32, U8, blur, f32, noise
from fasharness_sim.formats import Support
from fasharness_sim.optics import Lens, Lighting, Pose, rotation
from fasharness_sim.people.head import Head

INSTRUMENTS: Mapping[str, Printer | Display] = MappingProxyType(
    {
        "print1": Printer(5.4, False, 0.035, 0.96, 0.03, 0.03, 60),
        "print2": Printer(5.0, True, 0.015, 1.0, -0.02, 0.05, 30),
        "display1": Display(1.9, 2.2, 0.004, 0.95, 6500, 0.015, 22, 0.03, 0.25),
        "display2": Display(1.75, 2.35, 0.012, 0.85, 6000, 0.04, 7, 0.05, 0.1),
        "warped": Printer(5.2, True, 0.02, 1.0, 0.02, 0.06, 35, bend=6e-4, flex=1.1e-3),
        "cut": Printer(5.2, True, 0.02, 1.0, 0.02, 0.06, 35, bend=4e-4),
        "mobile": Display(2.1, 2.1, 0.008, 0.8, 6400, 0.045, 6, 0.02, 0.3),
        "tablet": Display(1.65, 2.2, 0.006, 0.9, 6200, 0.05, 6, 0.015, 0.12),
    }
)
Surface = TypeVar("Surface", F32, U8)
_UNIT = 0.07
# Least and most liveliness of the movement of what is held by hand and of what is fixed.
_HAND_HELD, _FIXED = (0.3, 1.3), (0.0, 0.3)
_BAND_PITCH = 170.0
_EIGHTH = 8


class Take(NamedTuple):
    """A stored capture of a user for an attack to show.

    ``frames``: uint8 (h, w, 3) in blue, green, red · ``depth``: float32 (F, h/4, w/4), NaN where
    no face · ``eyes``: float32 (F, 2, 2) pixels · ``marks``: float32 (F, 104, 2) pixels, landmarks
    and outline · ``still``: the frame that is fit for a print.
    """

    frames: Sequence[U8]
    depth: F32
    eyes: F32
    marks: F32
    still: int = 0


@dataclass(frozen=True)
class Stage:
    """Where an attack is recorded.

    ``lens``, ``spread``: the camera's pinhole and point spread (pixels) · ``lighting``, ``room``:
    the session's light and picture · ``size``: sensor pixels per picture pixel · ``place``: where
    the eyes come to lie, in pixels from the frame's middle, right and down · ``scale``: of the
    picture that is shown; at 1 a pixel of it is 0.7 mm wide · ``support``: who holds the
    instrument; by default prints are held by hand and displays are fixed · ``behind``: whose eyes
    are behind the holes of a print; None: it has no holes.
    """

    lens: Lens
    spread: float
    lighting: Lighting
    room: F32
    size: float
    place: tuple[float, float]
    scale: float = 1.0
    support: Support = ""
    behind: Head | None = None

    @property
    def unit(self) -> float:
        """Width of a picture pixel in cm."""
        return _UNIT / self.scale


class _Sheet(NamedTuple):
    """A flat instrument at one moment: picture to frame (3, 3), how it faces the camera, how far.

    ``eye``: the camera in picture pixels, right, down and out of the picture · ``far`` in cm.
    """

    to_frame: F32
    normal: F32
    eye: F32
    far: float


class _Seen(NamedTuple):
    """Which picture column and row each sensor pixel sees: float32 (H, W) each."""

    columns: F32
    rows: F32


def show(
    take: Take, instrument: Printer | Display, stage: Stage, fps: float, rng: np.random.Generator
) -> Iterator[Shot]:
    """Record a fake.

    Args:
        take: what it shows.
        instrument: on what.
        stage: before which camera, where.
        fps: frames a second.
        rng: the stream of movements and patterns.

    Returns:
        One shot per frame of the take, in linear light behind the lens, with the depth of the
        face that is depicted.
    """
    printed = isinstance(instrument, Printer)
    held = stage.support == "hand" or (printed and not stage.support)
    sheets = _sheets(take, stage, fps, _HAND_HELD if held else _FIXED, rng)
    if isinstance(instrument, Printer):
        return _show_print(take, instrument, stage, sheets, fps, rng)
    return _show_display(take, instrument, stage, sheets, rng)


def frozen(take: Take) -> Take:
    """Return a take that shows its still all the time."""
    count, at = len(take.frames), take.still
    depth, eyes, marks = (
        np.repeat(part[at : at + 1], count, 0) for part in (take.depth, take.eyes, take.marks)
    )
    return Take([take.frames[at]] * count, depth, eyes, marks)


def _sheets(
    take: Take, stage: Stage, fps: float, hands: tuple[float, float], rng: np.random.Generator
) -> list[_Sheet]:
    """Move the instrument before the camera: someone holds it, someone holds the camera.

    ``hands`` are the least and the most liveliness of those who hold the instrument.
    """
    frames = len(take.frames)
    far = stage.lens.focal * stage.unit / stage.size
    lively = rng.uniform(*hands)
    moves = motion.wander(rng, frames, fps, f32([0.05, 0.04, 0.02, 0.5, 0.4, 0.8]), 0.5)
    moves = moves * f32(lively) + f32([*rng.normal(0, [0.1, 0.08, 0.025]), 0, 0, 0])
    shake = motion.tremor(rng, frames, fps, float(rng.uniform(0.3, 1.2)))
    shake = shake * f32([stage.scale, stage.scale, 1])
    anchor = take.eyes.mean((0, 1))
    x, y = stage.place[0] * far / stage.lens.focal, -stage.place[1] * far / stage.lens.focal
    sheets = []
    for m, s in zip(moves, shake, strict=True):
        reach = far / stage.lens.focal
        place = (x + m[3] + s[0] * reach, y + m[4] - s[1] * reach, far + m[5])
        pose = Pose(float(m[0]), float(m[1]), float(m[2] + s[2]), *(float(p) for p in place))
        sheets.append(_sheet(pose, stage, anchor))
    return sheets


def _sheet(pose: Pose, stage: Stage, anchor: F32) -> _Sheet:
    """Return the homography from picture to frame pixels of a plane at a pose."""
    lens, unit = stage.lens, stage.unit
    turn, place = rotation(pose), f32([pose.x, pose.y, -pose.z])
    plane = np.stack([turn[:, 0] * unit, -turn[:, 1] * unit, place], 1)
    plane[:, 2] -= plane[:, 0] * anchor[0] + plane[:, 1] * anchor[1]
    pinhole = np.array(
        [[lens.focal, 0, -lens.width / 2], [0, -lens.focal, -lens.height / 2], [0, 0, -1]]
    )
    eye = -(turn.T @ place) / unit * f32([1, -1, 1]) + f32([*anchor, 0])
    return _Sheet(f32(pinhole @ plane), turn[:, 2], f32(eye), pose.z)


def _seen(sheet: _Sheet, lens: Lens) -> _Seen:
    """Find what every sensor pixel sees of the plane."""
    # float64 for the inverse: the entries of a homography differ by many powers of ten.
    back = f32(np.linalg.inv(sheet.to_frame.astype(np.float64)))
    # Pixel 0 has its centre at 0.5; the result counts pixels from 0 again.
    x = np.arange(lens.width, dtype=np.float32)[None] + 0.5
    y = np.arange(lens.height, dtype=np.float32)[:, None] + 0.5
    u, v, w = (row[0] * x + (row[1] * y + row[2]) for row in back)
    w = 1 / w
    return _Seen(u * w - 0.5, v * w - 0.5)


def _show_print(
    take: Take,
    printer: Printer,
    stage: Stage,
    sheets: Sequence[_Sheet],
    fps: float,
    rng: np.random.Generator,
) -> Iterator[Shot]:
    """Print one frame of the take, hold the sheet before the camera."""
    border = round(int(rng.integers(8, 28)) * stage.scale)
    picture = _framed(take.frames[take.still], border, 255)
    paper = instruments.printed(picture, printer, rng)
    # The lens and the aperture of a pixel (its standard deviation is 1 / sqrt(12) = 0.29), both in
    # pixels of the paper.
    sigma = FINENESS / stage.size * float(np.hypot(stage.spread, 0.29))
    paper = blur(paper, sigma)
    bends = float(rng.normal(0, printer.bend)) / stage.scale + np.zeros(len(sheets))
    glare, uneven = _glare(stage, printer.rough, rng), _uneven(stage.lens, rng)
    # Drawn last, so that prints that are not warped keep their streams.
    if printer.flex:
        flex = f32([printer.flex / stage.scale])
        bends = bends + motion.wander(rng, len(sheets), fps, flex, 0.8)[:, 0]
    holes = _holes(take, border, stage, fps, rng) if stage.behind else None
    middle = take.frames[0].shape[1] / 2
    for at, (sheet, bend) in enumerate(zip(sheets, bends.tolist(), strict=True)):
        seen, slope = _bent(_seen(sheet, stage.lens), sheet, bend, middle)
        light = _read(paper, seen, border, FINENESS)
        light *= _lambert(sheet, stage.lighting, slope, uneven)
        light += _slid(glare, sheet, stage.lens) * np.float32(printer.gloss)
        _surround(light, seen, take.frames[0].shape, border, stage)
        # The marks of a sheet that is not warped on purpose are those of a plane: they are less
        # than a pixel off.
        carried = _carried(take, take.still, sheet, stage.lens, bend if printer.flex else 0.0)
        if holes is not None:
            holes.show(light, _read(holes.mask, seen, border, 1), at, carried.eyes, sheet.far)
        yield Shot(light, *carried)


def _holes(
    take: Take, border: int, stage: Stage, fps: float, rng: np.random.Generator
) -> cut.Holes:
    """Cut the eyes out of a print, and put the attacker behind it."""
    assert stage.behind is not None
    mask = cut.eyes_out(take.marks[take.still], take.frames[0].shape, border)
    frames = len(take.frames)
    return cut.holes(mask, stage.behind, stage.lens, stage.lighting, frames, fps, rng)


def _show_display(
    take: Take, display: Display, stage: Stage, sheets: Sequence[_Sheet], rng: np.random.Generator
) -> Iterator[Shot]:
    """Play the take on a screen before the camera."""
    border = round(int(rng.integers(10, 30)) * stage.scale)
    power = float(rng.uniform(0.9, 1.8))
    glare = _glare(stage, display.rough, rng) * np.float32(display.gloss)
    sigma = float(np.hypot(stage.spread, 0.29)) / stage.size
    start, pace = rng.uniform(0, 2 * np.pi), rng.uniform(-0.9, 0.9)
    # The rolling shutter reads row after row, so a flickering backlight leaves bands.
    rows = np.arange(stage.lens.height, dtype=np.float32)[:, None, None] * (2 * np.pi / _BAND_PITCH)
    for k, (frame, sheet) in enumerate(zip(take.frames, sheets, strict=True)):
        seen = _seen(sheet, stage.lens)
        shown = cv2.GaussianBlur(_framed(frame, border, 4), (0, 0), sigma).astype(np.uint8)
        light = instruments.displayed(_read(shown, seen, border, 1), display)
        light *= instruments.grid(seen.columns, seen.rows, display, stage.size, stage.spread)
        # 1 - cos 30 degrees = 0.134: the falloff is given at that angle.
        angle = 1 - display.falloff * (1 - float(sheet.normal[2])) / 0.134
        light *= f32(power * angle * (1 + display.flicker * np.sin(rows + start + pace * k)))
        light += _slid(glare, sheet, stage.lens)
        _surround(light, seen, frame.shape, border, stage)
        yield Shot(light, *_carried(take, k, sheet, stage.lens))


def _framed(picture: U8, border: int, level: int) -> U8:
    """Put a border of one grey level around a picture."""
    value = (level, level, level)
    padded = cv2.copyMakeBorder(
        picture, border, border, border, border, cv2.BORDER_CONSTANT, value=value
    )
    return padded.astype(np.uint8, copy=False)


def _read(surface: Surface, seen: _Seen, border: int, fineness: int) -> Surface:
    """Sample a surface that is ``fineness`` times as fine as the picture, border included."""
    # Centres of pixels again: index i of the fine surface is at (i + 0.5) / fineness.
    shift = np.float32((border + 0.5) * fineness - 0.5)
    columns, rows = seen.columns * np.float32(fineness), seen.rows * np.float32(fineness)
    columns, rows = columns + shift, rows + shift
    read = cv2.remap(surface, columns, rows, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
    return read.astype(surface.dtype, copy=False)


class _Bent(NamedTuple):
    """What is seen of a bent sheet, and the sheet's slope to the right at each pixel."""

    seen: _Seen
    slope: F32


def _bent(seen: _Seen, sheet: _Sheet, bend: float, middle: float) -> _Bent:
    """Bend the sheet into a shallow cylinder: points off the plane shift by parallax."""
    off = seen.columns - np.float32(middle)
    height = np.float32(bend) * off * off / sheet.eye[2]
    columns = seen.columns + (sheet.eye[0] - seen.columns) * height
    rows = seen.rows + (sheet.eye[1] - seen.rows) * height
    return _Bent(_Seen(columns, rows), f32(2 * bend * off))


def _lambert(sheet: _Sheet, lighting: Lighting, slope: F32, uneven: F32) -> F32:
    """Light the sheet: (H, W, 3) irradiance from the lamps on its bent surface and from around.

    It changes slowly, so it is found on every eighth pixel.
    """
    bend = slope[_EIGHTH // 2 :: _EIGHTH, _EIGHTH // 2 :: _EIGHTH, None]
    light = np.broadcast_to(0.8 * lighting.sky, (*bend.shape[:2], 3))
    for toward, colour in zip(lighting.directions, lighting.colours, strict=True):
        lean = np.float32(sheet.normal @ toward) - bend * toward[0]
        light = light + np.maximum(lean, 0) * colour
    return f32(cv2.resize(light * uneven, slope.shape[::-1], interpolation=cv2.INTER_LINEAR))


def _uneven(lens: Lens, rng: np.random.Generator) -> F32:
    """Return the slow change of light over a hand-held sheet, (H/8, W/8, 1) around 1."""
    shape = (lens.height // _EIGHTH, lens.width // _EIGHTH)
    return f32(1 + 0.07 * noise(rng, (3, 3), shape))[..., None]


def _glare(stage: Stage, rough: float, rng: np.random.Generator) -> F32:
    """Draw what the surface mirrors: the dim room and its lamps, spread by the roughness."""
    tall, wide = stage.lens.height * 3 // 8, stage.lens.width * 3 // 8
    mirrored = cv2.resize(stage.room[:, ::-1], (wide, tall), interpolation=cv2.INTER_AREA) * 0.6
    rows, columns = np.mgrid[:tall, :wide].astype(np.float32)
    for colour in stage.lighting.colours:
        x, y = rng.uniform(-0.15, 1.15) * wide, rng.uniform(-0.25, 0.75) * tall
        w, h = rng.uniform(0.04, 0.16) * wide, rng.uniform(0.03, 0.1) * tall
        lamp = (np.abs(columns - x) < w) & (np.abs(rows - y) < h)
        mirrored = mirrored + lamp[..., None] * colour * rng.choice([0, 3, 8])
    spread = blur(f32(mirrored), max(rough / 4, 0.8))
    size = (stage.lens.width * 3 // 2, stage.lens.height * 3 // 2)
    return f32(cv2.resize(spread, size, interpolation=cv2.INTER_LINEAR))


def _slid(glare: F32, sheet: _Sheet, lens: Lens) -> F32:
    """Cut the frame out of the mirrored scene: it moves by twice the tilt."""
    # A mirror that turns by an angle turns what it shows by twice that.
    x = lens.width / 4 + 2 * lens.focal * float(sheet.normal[0])
    y = lens.height / 4 - 2 * lens.focal * float(sheet.normal[1])
    left, top = (int(np.clip(x, 0, lens.width // 2)), int(np.clip(y, 0, lens.height // 2)))
    return glare[top : top + lens.height, left : left + lens.width]


def _surround(light: F32, seen: _Seen, shape: tuple[int, ...], border: int, stage: Stage) -> None:
    """Show the room, in place, where the instrument does not cover the frame."""
    tall, wide = shape[:2]
    across = wide / 2 + border - np.abs(seen.columns - np.float32(wide / 2))
    down = tall / 2 + border - np.abs(seen.rows - np.float32(tall / 2))
    # The instrument's outline is convex in the frame: if all edges of the frame show it, so does
    # all between them.
    inside = np.minimum(across, down)
    if min(float(edge.min()) for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1])) > 1:
        return
    bare = np.clip(0.5 - inside * np.float32(stage.size), 0, 1)
    rows = np.flatnonzero(bare.max(1))
    part = slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) else slice(0)
    room = stage.room[: light.shape[0], : light.shape[1]][part]
    light[part] += (room - light[part]) * bare[part, :, None]


class _Carried(NamedTuple):
    """Depth (H/4, W/4), eyes (2, 2) and marks (104, 2) of the depicted face in the frame."""

    depth: F32
    eyes: F32
    marks: F32


def _carried(take: Take, index: int, sheet: _Sheet, lens: Lens, bend: float = 0.0) -> _Carried:
    """Carry depth, eyes and marks of the picture, which may be bent, over to the frame."""
    way, middle = sheet.to_frame, take.frames[0].shape[1] / 2
    half = (DEPTH_STEP - 1) / 2 / DEPTH_STEP
    up = np.array(
        [
            [DEPTH_STEP, 0, DEPTH_STEP * half + 0.5],
            [0, DEPTH_STEP, DEPTH_STEP * half + 0.5],
            [0, 0, 1],
        ]
    )
    coarse = np.linalg.inv(up) @ way @ up
    size = (lens.width // DEPTH_STEP, lens.height // DEPTH_STEP)
    # Nearest: a linear mean with one NaN neighbour is NaN and would eat into the face.
    depth = cv2.warpPerspective(
        take.depth[index], coarse, size, flags=cv2.INTER_NEAREST, borderValue=float("nan")
    )
    eyes, marks = (
        f32(cv2.perspectiveTransform(_shifted(p[index], sheet, bend, middle)[None], way)[0])
        for p in (take.eyes, take.marks)
    )
    return _Carried(f32(depth), eyes, marks)


def _shifted(points: F32, sheet: _Sheet, bend: float, middle: float) -> F32:
    """Return where on the plane points (N, 2) of a bent sheet are seen: `_bent`, the other way."""
    seen = points
    for _ in range(3):
        height = np.float32(bend) * (seen[:, :1] - np.float32(middle)) ** 2 / sheet.eye[2]
        seen = points - (sheet.eye[:2] - seen) * height
    return f32(seen)
