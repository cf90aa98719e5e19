"""A person's head as maps on the chart: height, colour, normals, and what moves in a face."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from fasharness.sim import chart, landmarks, skin
from fasharness.sim.fields import F32, blur, f32, noise, ramp, stream
from fasharness.sim.person import Person

FLOOR = -4.5


class Surface(NamedTuple):
    """The solid of a head: heights, hair cover and silhouette, float32 on the chart."""

    height: F32
    hair: F32
    inside: F32
    face: F32


@dataclass(frozen=True)
class Head:
    """Everything that is needed to draw one person's head.

    ``height`` float32 (S, S) cm · ``colour`` (S, S, 4): linear red, green, blue and silhouette ·
    ``relief`` (S, S, 4): unit normal and ambient occlusion · ``sheen`` (S, S, 2): gloss and the
    part of the face that counts as face in depth maps · ``blink``, ``talk``: what closed eyes and
    an open mouth add to the colour, at their place on the chart · ``eyes`` (2, 3): the pupils ·
    ``marks`` (104, 3): landmarks and outline, see ``landmarks.py``.
    """

    person: Person
    height: F32
    colour: F32
    relief: F32
    sheen: F32
    blink: skin.Patch
    talk: skin.Patch
    eyes: F32
    marks: F32


def build(person: Person, seed: int) -> Head:
    """Build the head of a person.

    Args:
        person: the traits.
        seed: the seed of the data set; textures are drawn from it.

    Returns:
        The head, the same for the same arguments.
    """
    rng = stream(seed, "head", person.user)
    surface = _surface(person, rng)
    painted = skin.paint(person, surface.hair, rng)
    height = f32(np.maximum(surface.height, FLOOR))
    gloss = (1 - surface.hair) * (0.7 + 0.3 * surface.face) + 0.35 * surface.hair
    return Head(
        person=person,
        height=height,
        colour=np.dstack([painted.colour, surface.inside]),
        relief=np.dstack([_normals(height, painted.bumps), _occlusion(height)]),
        sheen=np.dstack([f32(gloss), surface.face]),
        blink=painted.blink,
        talk=painted.talk,
        eyes=_eyes(person),
        marks=landmarks.marks(person.mesh, height),
    )


def _eyes(person: Person) -> F32:
    """Give the middle of each eye opening in head coordinates, the image's left eye first."""
    v = person.mesh.vertices
    return f32([v[list(ring)].mean(0) for ring in (chart.LEFT_EYE, chart.RIGHT_EYE)])


def _surface(person: Person, rng: np.random.Generator) -> Surface:
    """Join face, skull, ears and hair into one height field."""
    g, face = chart.grid(), chart.relief(person.mesh)
    wide = 1.06 * float(np.abs(person.mesh.vertices[:, 0]).max())
    top = float(person.mesh.vertices[chart.TOP, 1]) + 5.7
    skull = _dome(g, wide, top, -9.2, 9.0, -3.6)
    core = blur(f32(cv2.erode(face.inside, np.ones((9, 9), np.uint8))), 4.0)
    joined = core * face.height + (1 - core) * np.maximum(skull, face.height - 2)
    solid = np.where(face.inside > 0, joined, skull)
    solid = np.maximum(solid, _ears(g, person, wide))
    eyeballs = sum(chart.bell(e, (1.1, 0.6), g) for e in _eyes(person)) * 0.15
    solid = _smoothed(f32(np.maximum(solid, -12)), person, g) + eyeballs
    hair = _hair_cover(person, g, wide, top, rng)
    solid = np.maximum(solid, np.where(hair > 0.5, _hair_height(person, g, wide, top), -12))
    solid = f32(solid + hair * 0.13 * _strands(person, rng))
    inside = blur(f32(solid > -11), 0.8)
    return Surface(blur(solid, 0.7), hair, inside, blur(face.inside, 0.8))


def _smoothed(solid: F32, person: Person, g: chart.Grid) -> F32:
    """Smooth the facets of the mesh, less so around eyes, nose and mouth where it is fine."""
    v, keep = person.mesh.vertices, np.zeros_like(g.x)
    for index, radii in ((33, (2, 1)), (263, (2, 1)), (4, (1.6, 2)), (13, (2.2, 1.2))):
        keep = np.maximum(keep, chart.bell(v[index], radii, g))
    fine, coarse = blur(solid, 1.3), blur(solid, 4.0)
    edge = ramp(solid, -6.0, -2.0)
    return f32(fine + (coarse - fine) * (1 - keep) * edge)


def _dome(g: chart.Grid, wide: float, top: float, bottom: float, deep: float, back: float) -> F32:
    """Give an ellipsoid's front as a height field, far behind where there is none."""
    middle, tall = (top + bottom) / 2, (top - bottom) / 2
    power = f32(np.where(g.y > middle, 2.5, 2.0))  # a cranium is rounder than an ellipse
    e = 1 - np.abs(g.x / wide) ** power - np.abs((g.y - middle) / tall) ** power
    return f32(np.where(e > 0, deep * np.sqrt(np.maximum(e, 0)) + back, -12))


def _ears(g: chart.Grid, person: Person, wide: float) -> F32:
    """Give two ears as flat shells with a rim and a hollow."""
    y = float(person.mesh.vertices[chart.LEFT_EYE[0], 1]) - 2.0
    solid = np.full(g.x.shape, -12, np.float32)
    for side in (-1.0, 1.0):
        x = (g.x - side * (wide + 0.05)) * side - 0.22 * (g.y - y)
        r = np.hypot(x / 1.15, (g.y - y) / 2.9)
        shell = -3.3 + 0.5 * np.sin(np.clip(r, 0, 1) * np.pi) - 0.4 * np.clip(1 - r * 1.8, 0, 1)
        solid = np.where(r < 1, np.maximum(solid, shell), solid)
    return f32(solid)


def _hair_cover(
    person: Person, g: chart.Grid, wide: float, top: float, rng: np.random.Generator
) -> F32:
    """Say where hair covers the head: above a ragged hair line, down the sides when long."""
    line = person.mesh.vertices[chart.TOP, 1] + 0.3 + person.hairline
    ragged = 0.2 * noise(rng, (12, 40), g.x.shape) + 0.25 * noise(rng, (24, 150), g.x.shape)
    arch = rng.uniform(0.035, 0.07) * (g.x - rng.normal(0, 0.8)) ** 2
    cap = ramp(g.y - (line - arch) + ragged, -0.35, 0.45)
    burn = 0.8 - 10.8 * float(np.clip((person.hair_length - 0.35) / 0.65, 0, 1))
    side = ramp(f32(np.abs(g.x) + 0.3 * ragged), wide * 0.84, wide * 0.98) * ramp(
        g.y, burn - 2, burn + 0.5
    )
    inside = _dome(g, wide + 0.5 + 1.3 * person.hair_length, top + 0.8, -13.0, 9, -3)
    return f32(np.maximum(cap, side) * (inside > -11))


def _hair_height(person: Person, g: chart.Grid, wide: float, top: float) -> F32:
    """Give the outer surface of the hair, a little outside the skull."""
    thick = 0.35 + 0.9 * person.hair_length
    return _dome(g, wide + thick, top + 0.3 + 0.6 * thick, -13.0, 9.4 + 0.2 * thick, -3.7)


def _strands(person: Person, rng: np.random.Generator) -> F32:
    """Draw a field of strands that run downwards, wavier for curly hair."""
    shape = (chart.SIZE, chart.SIZE)
    fine = noise(rng, (14 + int(30 * person.hair_curl), 150), shape)
    return f32(0.7 * fine + 0.5 * noise(rng, (10, 36), shape))


def _normals(height: F32, bumps: F32) -> F32:
    """Give the unit normals of a height field with fine bumps on it."""
    z = height + bumps
    dx = cv2.Sobel(z, cv2.CV_32F, 1, 0, ksize=3) * (chart.SCALE / 8)
    dy = cv2.Sobel(z, cv2.CV_32F, 0, 1, ksize=3) * (chart.SCALE / 8)
    n = np.dstack([-dx, dy, np.ones_like(dx)])
    return f32(n / np.linalg.norm(n, axis=-1, keepdims=True))


def _occlusion(height: F32) -> F32:
    """Estimate how open the surface is to the sky: hollows below their surroundings are darker."""
    solid = np.maximum(height, -3.5)
    hollow = 0.5 * (blur(solid, 5) - solid) + 0.3 * (blur(solid, 14) - solid)
    return f32(np.clip(1 - 0.55 * hollow, 0.45, 1.1))
