"""What a face is painted with: its points on the chart, pigments, and ways to lay them on."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from fasharness_sim.fields import F32, f32, noise, over
from fasharness_sim.people import chart
from fasharness_sim.people.person import Person

# what a unit of each takes off the logarithm of red, green and blue
MELANIN, BLOOD = f32([0.24, 0.34, 0.4]), f32([0.03, 0.27, 0.22])
SHADOW = f32([0.8, 1.0, 1.02])  # light that has gone through skin is red
ROOTS = f32([0.42, 0.3, 0.24])  # hair under the skin looks blue


@dataclass(frozen=True)
class Brushes:
    """What every painting step needs: the person, the chart, the stream of the textures.

    ``points``: float32 (468, 2), where the face's vertices lie on the chart, in pixels.
    """

    person: Person
    grid: chart.Grid
    points: F32
    rng: np.random.Generator

    def noise(self, down: int, across: int) -> F32:
        """Draw smooth noise with so many knots: float32 (S, S)."""
        return noise(self.rng, (down, across), (chart.SIZE, chart.SIZE))

    def ring(self, indices: tuple[int, ...]) -> F32:
        """Return the places of vertices on the chart: float32 (N, 2)."""
        return f32(self.points[list(indices)])

    def bell(self, vertex: int, radii: tuple[float, float], up: float = 0.0) -> F32:
        """Return a bell around a vertex or ``up`` cm above it, with radii in cm: float32 (S, S)."""
        x, y = self.person.shape.points[vertex, :2]
        return chart.bell((x, y + up), radii, self.grid)


def box(amount: F32) -> tuple[slice, slice]:
    """Find the rows and columns where something is to be painted: more than 1/1000."""
    left, top, wide, tall = cv2.boundingRect((amount > 1e-3).astype(np.uint8))
    return slice(top, top + tall), slice(left, left + wide)


def laid(face: F32, colour: ArrayLike, alpha: F32) -> F32:
    """Blend a colour, (3,) or (S, S, 3), over the part of a face that it covers."""
    part, done, paint = box(alpha), face.copy(), f32(colour)
    done[part] = over(face[part], paint[part] if paint.ndim > 1 else paint, alpha[part])
    return done


def stained(face: F32, ink: F32, amount: F32) -> F32:
    """Let an amount (S, S) of a pigment (3,) take its share of every colour, as pigments do."""
    part, done = box(np.abs(amount)), face.copy()
    # Pigments attenuate, so their shares multiply: melanin over blood darkens and reddens.
    done[part] *= cv2.exp(cv2.merge([amount[part] * np.float32(-k) for k in ink.tolist()]))
    return done
