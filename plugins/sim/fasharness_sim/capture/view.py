"""Drawing a head as a pinhole camera sees it: perspective, parallax, light, and exact depth."""

from typing import NamedTuple

import cv2
import numpy as np

from fasharness_sim.fields import F32, blur, f32
from fasharness_sim.optics import Lens, Lighting, Pose, project, rotation
from fasharness_sim.people import chart, landmarks
from fasharness_sim.people.head import Head
from fasharness_sim.people.skin import Patch

DEPTH_STEP = 4
# how far light wraps around an edge: on the surface, and under the skin, where red goes furthest
_WRAP, _DEEP = np.float32(0.06), np.float32(0.42)
_UNDER = f32([0.68, 0.45, 0.34])
_GLOSS, _SHEEN = np.float32(0.3), np.float32(0.1)
_COARSE_STEPS, _FINE_STEPS = 6, 2
_CORNERS = f32([[x, y, z] for x in (-12, 12) for y in (-14, 16.8) for z in (-4.5, 8.5)])


class Lit(NamedTuple):
    """A head with the shadows of one scene, float32 (S, S, 3): gloss, face, unshadowed."""

    head: Head
    extra: F32


class Window(NamedTuple):
    """The part of the frame that a head covers: left, top, right, bottom in pixels."""

    left: int
    top: int
    right: int
    bottom: int


class View(NamedTuple):
    """A drawn head: window, light (h, w, 3), cover (h, w), face depth (H/4, W/4), eyes (2, 2).

    ``marks`` are landmarks and outline in pixels, (104, 2), see ``landmarks.py``.
    The depth is in cm in front of the head's centre, NaN where there is no face.
    """

    window: Window
    light: F32
    cover: F32
    depth: F32
    eyes: F32
    marks: F32


def lit(head: Head, lighting: Lighting, pose: Pose) -> Lit:
    """Find the shadows that a head throws on itself, with a mean pose for the whole video.

    Args:
        head: the head.
        lighting: the first light throws the shadow.
        pose: the pose that stands for the video.

    Returns:
        The head with its shadow map.
    """
    small = f32(cv2.resize(head.height, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    toward = rotation(pose).T @ lighting.directions[0]
    step, scale = 0.7, chart.SCALE / 2
    shade = np.zeros_like(small)
    for k in range(1, 14):
        dx, dy, dz = toward * step * k
        move = np.array([[1, 0, -dx * scale], [0, 1, dy * scale]])
        there = cv2.warpAffine(small, move, small.shape[::-1], borderValue=-9.0)
        shade = np.maximum(shade, (there - small - dz) / (0.25 + 0.1 * k))
    free = blur(f32(1 - 0.8 * np.clip(shade, 0, 1)), 1.6)
    free = f32(cv2.resize(free, (chart.SIZE, chart.SIZE), interpolation=cv2.INTER_LINEAR))
    return Lit(head, np.dstack([head.sheen, free]))


def draw(scene: Lit, pose: Pose, lens: Lens, lighting: Lighting) -> View:
    """Draw a head.

    Args:
        scene: the head with its shadows.
        pose: where it is and what its face does.
        lens: the camera.
        lighting: the scene's light.

    Returns:
        Linear light, cover and exact depth of the window that the head fills.
    """
    window = _window(pose, lens)
    turn, hit = rotation(pose), _meet(scene.head.height, pose, lens, window)
    columns, rows = hit.columns, hit.rows
    colour = _look(_expression(scene.head, pose), columns, rows)
    relief, extra = _look(scene.head.relief, columns, rows), _look(scene.extra, columns, rows)
    light = _shade(colour[..., :3], relief, extra, turn, lighting)
    depth = _depth(hit, extra[..., 1], turn, lens, window)
    eyes = project(scene.head.eyes, pose, lens)
    marks = project(landmarks.moved(scene.head.marks, pose.blink, pose.talk), pose, lens)
    return View(window, light, colour[..., 3], depth, eyes, marks)


class _Hit(NamedTuple):
    """Where each pixel's ray meets the head: chart columns and rows, head x, y and z in cm."""

    columns: F32
    rows: F32
    x: F32
    y: F32
    z: F32


def _window(pose: Pose, lens: Lens) -> Window:
    """Find the window of a head, on the grid of the depth map, cut to the frame."""
    p = project(_CORNERS, pose, lens)
    low = np.clip(p.min(0), 0, [lens.width - 8, lens.height - 8]) // DEPTH_STEP
    high = np.clip(p.max(0), [8, 8], [lens.width, lens.height]) // DEPTH_STEP
    low = np.minimum(low, high - 2)
    (left, top), (right, bottom) = (DEPTH_STEP * low).tolist(), (DEPTH_STEP * high).tolist()
    return Window(int(left), int(top), int(right), int(bottom))


def _look(chart_map: F32, columns: F32, rows: F32) -> F32:
    """Read a map at chart positions."""
    return f32(cv2.remap(chart_map, columns, rows, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE))


def _meet(height: F32, pose: Pose, lens: Lens, window: Window) -> _Hit:
    """Meet rays and surface by fixed-point steps, coarse first, then at every pixel."""
    left, top, right, bottom = window
    coarse = (slice(top, bottom, 2), slice(left, right, 2))
    z = np.full(((bottom - top) // 2, (right - left) // 2), 2.0, np.float32)
    z = _step(height, z, pose, lens, coarse, _COARSE_STEPS).z
    z = f32(cv2.resize(z, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR))
    return _step(height, z, pose, lens, (slice(top, bottom), slice(left, right)), _FINE_STEPS)


def _step(
    height: F32, z: F32, pose: Pose, lens: Lens, part: tuple[slice, slice], count: int
) -> _Hit:
    """Move along each ray to the height last read, ``count`` times (damped by a half)."""
    turn = rotation(pose)
    rows, columns = (np.arange(s.start, s.stop, s.step, dtype=np.float32) for s in part)
    right, up = (columns + 0.5 - lens.width / 2) / lens.focal, (lens.height / 2 - rows - 0.5)
    up = up[:, None] / lens.focal
    ray = [right * turn[0, k] + up * turn[1, k] - turn[2, k] for k in range(3)]
    start = f32([-pose.x, -pose.y, pose.z]) @ turn
    slope_x, slope_y = f32(ray[0] / ray[2]), f32(ray[1] / ray[2])
    for _ in range(count):
        x, y = start[0] + (z - start[2]) * slope_x, start[1] + (z - start[2]) * slope_y
        u = chart.SIZE / 2 + x * chart.SCALE
        v = chart.SIZE / 2 - (y - chart.CENTRE_Y) * chart.SCALE
        # Damped by half, as in relief mapping (Policarpo, Oliveira and Comba 2005).
        z = 0.5 * z + 0.5 * _look(height, f32(u), f32(v))
    return _Hit(f32(u), f32(v), f32(x), f32(y), f32(z))


def _expression(head: Head, pose: Pose) -> F32:
    """Return the head's colours with eyes closed and mouth open as far as the pose says."""
    moved = [(head.blink, pose.blink), (head.talk, pose.talk)]
    if all(share == 0 for _, share in moved):
        # Not a copy: nothing may paint on it, since later frames use it too.
        return head.colour
    colour = head.colour.copy()
    for patch, share in moved:
        _add(colour, patch, share)
    return colour


def _add(colour: F32, patch: Patch, share: float) -> None:
    """Add a share of a patch to the colour in place."""
    tall, wide = patch.change.shape[:2]
    part = colour[patch.row : patch.row + tall, patch.column : patch.column + wide, :3]
    part += patch.change * np.float32(share)


def _shade(colour: F32, relief: F32, extra: F32, turn: F32, lighting: Lighting) -> F32:
    """Light a surface: light that goes under the skin, a glossy lobe, fill from sky and ground."""
    half = lighting.directions[0] + f32([0, 0, 1])
    facing = np.vstack([lighting.directions @ turn, half / np.linalg.norm(half) @ turn, turn[1:]])
    *lamps, gloss, rise, front = cv2.split(
        cv2.transform(relief, f32(np.column_stack([facing, 0 * facing[:, 0]])))
    )
    free, openness = extra[..., 2], relief[..., 3]
    up = (np.float32(0.5) * rise + np.float32(0.5)) * openness
    hard = [np.maximum(lamp + _WRAP, 0) for lamp in lamps]
    deep = [np.maximum(lamp + _DEEP, 0) for lamp in lamps]
    hard[0] *= free
    # the edge of a shadow is brightened by light that comes through the skin beside it
    deep[0] *= free * (np.float32(1.4) - np.float32(0.4) * free)
    mixed = cv2.merge([*hard, *deep, up, openness - up])
    light = f32(cv2.transform(mixed, _palette(lighting)))
    light *= colour
    light += _glossy(f32(gloss), f32(front), extra[..., 0] * free)[..., None] * lighting.colours[0]
    return light


def _palette(lighting: Lighting) -> F32:
    """Return how much of each kind of light each colour channel gets, (3, 2 L + 2)."""
    # Divided by 1 + wrap, so that wrapping adds no light to what faces the lamp.
    hard = lighting.colours * (1 - _UNDER) / (1 + _WRAP)
    deep = lighting.colours * _UNDER / (1 + _DEEP)
    return f32(np.vstack([hard, deep, lighting.sky, lighting.ground]).T)


def _glossy(lobe: F32, front: F32, gloss: F32) -> F32:
    """Return the mirrored light: a narrow lobe over a broad one, both stronger at a slant."""
    np.maximum(lobe, 0, out=lobe)
    lobe *= lobe
    lobe *= lobe
    broad = lobe * lobe
    # Powers by multiplication: 4, then 8 for the broad lobe and 24 for the narrow one.
    narrow = broad * broad
    narrow *= broad
    slant = np.float32(1.15) - front
    return f32((_GLOSS * narrow + _SHEEN * broad) * (slant * gloss + np.float32(0.3) * gloss))


def _depth(hit: _Hit, face: F32, turn: F32, lens: Lens, window: Window) -> F32:
    """Return the depth of the face on the quarter grid of the whole frame."""
    # The pixel (4c + 2, 4r + 2) of cell (c, r), which `attack._carried` relies on.
    part = (slice(2, None, DEPTH_STEP), slice(2, None, DEPTH_STEP))
    z = hit.x[part] * turn[2, 0] + hit.y[part] * turn[2, 1] + hit.z[part] * turn[2, 2]
    full = np.full((lens.height // DEPTH_STEP, lens.width // DEPTH_STEP), np.nan, np.float32)
    left, top, right, bottom = (edge // DEPTH_STEP for edge in window)
    full[top:bottom, left:right] = np.where(face[part] > 0.5, z, np.nan)
    return full
