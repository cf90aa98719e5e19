"""Painting a face: skin, brows, eyes, lips, beard and glasses as colour on the chart."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fasharness.sim import chart
from fasharness.sim.fields import F32, blur, f32, linear, noise, over, ramp
from fasharness.sim.person import Person

DROP, HOLLOW = 1.05, 0.85
"""How far, in cm, the lower lip of an open mouth moves; the share that its inner edge moves."""


class Patch(NamedTuple):
    """What an expression adds to the colour: float32 (h, w, 3) at a row and a column."""

    row: int
    column: int
    change: F32


class Painted(NamedTuple):
    """The painted chart: linear colour (S, S, 3), bumps in cm (S, S) and two expressions."""

    colour: F32
    bumps: F32
    blink: Patch
    talk: Patch


@dataclass(frozen=True)
class _Brushes:
    """What every painting step needs: the person, the chart and where the face points lie on it."""

    person: Person
    grid: chart.Grid
    points: F32
    rng: np.random.Generator

    def noise(self, down: int, across: int) -> F32:
        return noise(self.rng, (down, across), (chart.SIZE, chart.SIZE))

    def ring(self, indices: tuple[int, ...]) -> F32:
        return f32(self.points[list(indices)])


def paint(person: Person, hair: F32, rng: np.random.Generator) -> Painted:
    """Paint a head.

    Args:
        person: the traits.
        hair: float32 (S, S), where hair covers the head.
        rng: the stream of the textures.

    Returns:
        Linear colours and what blinking and talking change.
    """
    b = _Brushes(person, chart.grid(), chart.to_chart(person.mesh.vertices), rng)
    face = _beard(b, _features(b, _skin(b)))
    blinking, talking = _closed_eyes(b, face), _open_mouth(b, face)
    lock = _hair(b)
    finished = [over(_glasses(b, c), lock, hair) for c in (face, blinking, talking)]
    colour, closed, opened = (linear(np.clip(c, 0, 1)) for c in finished)
    bumps = 0.006 * b.noise(150, 150) * (1 - hair) + 0.03 * person.age * _wrinkles(b)
    return Painted(colour, f32(bumps), _patch(closed - colour), _patch(opened - colour))


def _patch(change: F32) -> Patch:
    """Cut an expression's change to where it is not zero."""
    rows, columns = np.nonzero(np.abs(change).max(-1) > 1e-3)
    top, left = int(rows.min()), int(columns.min())
    return Patch(top, left, change[top : rows.max() + 1, left : columns.max() + 1].copy())


def _skin(b: _Brushes) -> F32:
    """Paint bare skin: blotches, pores, flush, shadowed eye sockets, spots."""
    p, g = b.person, b.grid
    tone = 1 + 0.03 * b.noise(9, 9) + 0.025 * b.noise(40, 40) + 0.02 * b.noise(220, 220)
    skin = p.skin * f32(tone)[..., None] * f32([1, 1, 1]) + 0.012 * b.noise(16, 16)[..., None]
    nose = p.mesh.vertices[4]
    flush = 0.8 * chart.bell(nose, (0.9, 0.9), g)
    for side in (-4.1, 4.1):
        flush = flush + chart.bell((side, nose[1] - 0.2), (1.7, 1.5), g)
    skin = f32(skin * (1 - p.blush * flush[..., None] * f32([0.0, 0.1, 0.09])))
    for ring in (chart.LEFT_EYE, chart.RIGHT_EYE):
        x, y = p.mesh.vertices[list(ring), :2].mean(0)
        skin = over(skin, p.skin * f32([0.7, 0.6, 0.6]), 0.35 * chart.bell((x, y), (1.9, 0.9), g))
        skin = over(
            skin, p.skin * f32([0.72, 0.6, 0.62]), 0.4 * chart.bell((x, y - 1.1), (1.2, 0.35), g)
        )
    spots = ramp(b.noise(110, 110), 2.4, 3.0) * min(p.freckles, 1.5)
    return over(skin, p.skin * f32([0.6, 0.45, 0.38]), f32(0.5 * np.clip(spots, 0, 1)))


def _features(b: _Brushes, face: F32) -> F32:
    """Paint brows, nostrils, folds, lips and eyes."""
    p = b.person
    face = _folds(b, face)
    face = _nostrils(b, face)
    face = _lips(b, face)
    for ring, brow in (
        (chart.LEFT_EYE, chart.LEFT_BROW),
        (chart.RIGHT_EYE, chart.RIGHT_BROW),
    ):
        face = _eye(b, face, b.ring(ring))
        hairs = np.clip(0.85 + 0.3 * b.noise(60, 220), 0, 1)
        mask = chart.polygon(b.ring(brow) + f32([0, 1.0]), 1.6)
        face = over(face, p.hair * 0.8, f32(mask * hairs * p.brow))
    return face


def _eye(b: _Brushes, face: F32, ring: F32) -> F32:
    """Paint one open eye: white, iris with a dark rim, pupil, glint, lids and lashes."""
    p, s = b.person, chart.SCALE
    opening = chart.polygon(ring, 0.5)
    centre = ring.mean(0)
    rows, columns = np.mgrid[: chart.SIZE, : chart.SIZE].astype(np.float32)
    r = f32(np.hypot(columns - centre[0], rows - centre[1]) / s)
    shade = ramp(f32(rows - ring[:, 1].min()), 0.0, 0.45 * s)
    face = over(face, p.skin * f32([0.62, 0.5, 0.5]), 0.6 * chart.polygon(ring, 2.2))
    white = f32([0.88, 0.86, 0.84]) * (0.6 + 0.4 * shade)[..., None]
    face = over(face, white, opening)
    iris = p.iris * (0.75 + 0.5 * ramp(r, 0.15, 0.5))[..., None]
    face = over(face, iris * (0.55 + 0.45 * shade)[..., None], opening * ramp(r, 0.62, 0.54))
    face = over(face, p.iris * 0.25, opening * 0.7 * ramp(r, 0.45, 0.57) * ramp(r, 0.66, 0.58))
    face = over(face, f32([0.02, 0.02, 0.02]), opening * ramp(r, 0.28, 0.2))
    glint = f32(np.hypot(columns - centre[0] - 0.14 * s, rows - centre[1] + 0.17 * s) / s)
    face = over(face, f32([0.95, 0.95, 0.95]), 0.85 * opening * ramp(glint, 0.13, 0.07))
    upper = np.vstack([ring[8:], ring[:1]])
    face = over(face, p.hair * 0.35, 0.85 * chart.stroke(upper, 2, 0.7))
    face = over(face, p.skin * 0.6, 0.5 * chart.stroke(upper - f32([0, 0.33 * s]), 1, 0.9))
    return over(face, p.skin * 0.62, 0.45 * chart.stroke(ring[:9], 1, 0.8))


def _lips(b: _Brushes, face: F32) -> F32:
    """Paint closed lips: red, darker above, with a line between them."""
    p = b.person
    red = p.skin * f32([0.93, 0.66, 0.66]) * (1 - p.lips) + f32([0.7, 0.3, 0.32]) * p.lips
    red = red * (0.35 + 0.65 * p.skin.mean() / 0.7)
    texture = f32(1 + 0.05 * b.noise(60, 200))[..., None]
    face = over(face, red * texture, 0.8 * chart.polygon(b.ring(chart.LIPS), 1.1))
    line = b.ring(chart.MOUTH)
    upper = chart.polygon(np.vstack([b.ring(chart.LIPS)[10:], line[10:][::-1]]), 1.0)
    face = over(face, red * 0.75, 0.35 * upper)
    middle = (line[:11] + np.vstack([line[10:], line[:1]])[::-1]) / 2
    return over(face, red * 0.25, 0.85 * chart.stroke(f32(middle), 2, 0.7))


def _nostrils(b: _Brushes, face: F32) -> F32:
    """Paint nostrils and the shadow beside the nose."""
    p, tip = b.person, b.person.mesh.vertices[chart.NOSE]
    for side in (-1.0, 1.0):
        hole = chart.ellipse((side * 0.72, tip[1] - 0.35), (0.48, 0.22), b.grid, 0.7)
        face = over(face, p.skin * f32([0.3, 0.2, 0.18]), 0.75 * hole)
        wing = chart.bell((side * 1.75, tip[1] + 0.35), (0.25, 0.6), b.grid)
        face = over(face, p.skin * f32([0.62, 0.5, 0.48]), 0.4 * wing)
    return face


def _folds(b: _Brushes, face: F32) -> F32:
    """Paint the folds from nose to mouth and lines on an older forehead."""
    p, v = b.person, b.person.mesh.vertices
    for side, corner in ((-1.0, 61), (1.0, 291)):
        curve = [(side * 2.0, v[chart.NOSE, 1] + 0.6), (side * 3.0, v[chart.NOSE, 1] - 1.3)]
        curve.append((v[corner, 0] + side * 0.7, v[corner, 1]))
        line = chart.stroke(chart.to_chart(curve), 2, 2.2)
        face = over(face, p.skin * f32([0.6, 0.48, 0.46]), f32((0.25 + 0.5 * p.age) * line))
    return over(face, p.skin * f32([0.65, 0.55, 0.5]), f32(0.35 * p.age * _wrinkles(b)))


def _wrinkles(b: _Brushes) -> F32:
    """Give lines across the forehead."""
    top, brow = b.person.mesh.vertices[chart.TOP, 1], b.person.mesh.vertices[chart.LEFT_BROW[1], 1]
    mask = np.zeros_like(b.grid.x)
    for share in (0.3, 0.5, 0.7):
        x = np.linspace(-3.6, 3.6, 24)
        y = brow + (top - brow) * share - 0.035 * x**2 + 0.08 * np.sin(1.7 * x + 9 * share)
        mask += chart.stroke(chart.to_chart(np.stack([x, y], -1)), 1, 1.0)
    return mask


def _beard(b: _Brushes, face: F32) -> F32:
    """Paint stubble or a beard on jaw, chin and upper lip."""
    p, g, v = b.person, b.grid, b.person.mesh.vertices
    if p.stubble == 0:
        return face
    mouth = v[13]
    jaw = ramp(f32(g.y + 0.036 * g.x**2), mouth[1] + 0.6, mouth[1] - 1.6)
    jaw = jaw * ramp(f32(np.hypot(g.x, (g.y - 1) * 0.78)), 9.4, 7.6)
    lip = chart.bell((0, mouth[1] + 1.0), (1.9, 0.45), g)
    cheek = ramp(np.abs(g.x), 5.0, 6.6) * ramp(g.y, 1.0, -3.0)
    cover = np.clip(np.maximum(np.maximum(jaw, lip), cheek), 0, 1)
    cover = cover * (1 - chart.polygon(b.ring(chart.LIPS), 1.5))
    grain = np.clip(0.75 + 0.22 * b.noise(220, 220) + 0.1 * b.noise(60, 60), 0, 1.2)
    strength = np.clip(p.stubble + p.beard * ramp(cover, 0.2, 0.7), 0, 0.93)
    return over(face, p.hair * 0.75 + p.skin * 0.12, f32(np.clip(cover * grain * strength, 0, 1)))


def _hair(b: _Brushes) -> F32:
    """Paint hair everywhere, with strands of varying brightness."""
    contrast = 1 - 1.2 * float(b.person.hair.mean())
    strands = 1 + contrast * (0.34 * b.noise(24, 190) + 0.26 * b.noise(8, 50))
    return f32(np.clip(b.person.hair * f32(strands)[..., None], 0.01, 1))


def _glasses(b: _Brushes, face: F32) -> F32:
    """Draw the frame of a pair of glasses."""
    p, v = b.person, b.person.mesh.vertices
    if not p.glasses:
        return face
    dark: ArrayLike = p.hair * 0.4 + 0.03
    angles = np.linspace(0, 2 * np.pi, 48)
    inner = []
    for ring, side in ((chart.LEFT_EYE, -1.0), (chart.RIGHT_EYE, 1.0)):
        x, y = v[list(ring), :2].mean(0)
        square = np.stack([np.cos(angles), np.sin(angles)], -1)
        rim = square / (np.abs(square) ** 3).sum(-1, keepdims=True) ** (1 / 3) * [2.5, 1.9]
        rim = rim + np.array([x, y - 0.35])
        face = over(face, dark, 0.92 * chart.stroke(chart.to_chart(rim), 4, 0.6))
        arm = chart.to_chart([[x + side * 2.45, y + 0.3], [side * 9.0, y + 0.2]])
        face = over(face, dark, 0.9 * chart.stroke(arm, 4, 0.6))
        inner.append((x - side * 2.45, y + 0.05))
    bridge = [inner[0], (0.0, inner[0][1] + 0.35), inner[1]]
    return over(face, dark, 0.92 * chart.stroke(chart.to_chart(bridge), 4, 0.6))


def _closed_eyes(b: _Brushes, face: F32) -> F32:
    """Cover both eyes with lids."""
    p = b.person
    for ring in (b.ring(chart.LEFT_EYE), b.ring(chart.RIGHT_EYE)):
        face = over(face, p.skin * f32([0.86, 0.8, 0.79]), chart.polygon(ring, 1.3))
        face = over(face, p.hair * 0.4, 0.8 * chart.stroke(ring[:9], 2, 0.8))
    return face


def _open_mouth(b: _Brushes, face: F32) -> F32:
    """Open the mouth: a dark hollow with upper teeth, the lower lip moved down."""
    p, s = b.person, chart.SCALE
    line, lips = b.ring(chart.MOUTH).copy(), b.ring(chart.LIPS).copy()
    drop = np.zeros((20, 1), np.float32)
    drop[:11, 0] = np.sin(np.linspace(0, np.pi, 11)) * DROP * s
    red = (p.skin * f32([0.93, 0.66, 0.66]) + f32([0.7, 0.3, 0.32])) / 2
    red = red * (0.35 + 0.65 * p.skin.mean() / 0.7)
    face = over(face, red, 0.9 * chart.polygon(lips + drop * f32([0, 1]), 1.1))
    hollow = line + drop * f32([0, HOLLOW])
    face = over(face, f32([0.13, 0.05, 0.05]), chart.polygon(hollow, 0.8))
    teeth = np.vstack([line[10:], line[:1], (line[10:] + f32([0, 0.35 * s]))[::-1][1:-1]])
    return over(face, f32([0.78, 0.75, 0.7]), 0.9 * chart.polygon(teeth, 0.6) * _inside(hollow))


def _inside(ring: F32) -> F32:
    """Fill a ring a little inside its border."""
    return f32(np.clip(blur(chart.polygon(ring, 0.5), 1.0) * 1.2 - 0.1, 0, 1))
