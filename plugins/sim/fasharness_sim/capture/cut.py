"""A cut photo: an attacker's own eyes behind the holes of a print, with parallax and blinks."""

from dataclasses import dataclass

import cv2
import numpy as np

from fasharness_sim.capture import motion, view
from fasharness_sim.fields import F32, f32
from fasharness_sim.optics import Lens, Lighting, Pose, rotation
from fasharness_sim.people.head import Head

_EYES = (slice(36, 42), slice(42, 48))  # of the 68 landmarks
_WIDER, _TALLER = 1.25, 1.7  # how much larger a hole is than the eye that is cut out
_GAP = 3.5  # from the sheet back to the attacker's eyes, in cm
_SHADE = np.float32(0.62)  # of the light that reaches a face close behind a sheet


@dataclass(frozen=True)
class Holes:
    """The holes of a sheet and who stands behind it.

    ``mask`` float32 (h, w) over the picture with its border: 1 in a hole, 0 on paper · ``sway``
    float32 (F, 5): the attacker's yaw, pitch and roll in radians, right and up in cm beside the
    sheet · ``blinks`` float32 (F,): how far the eyes are closed.
    """

    mask: F32
    person: view.Lit
    sway: F32
    blinks: F32
    lens: Lens
    lighting: Lighting

    def show(self, light: F32, cover: F32, at: int, eyes: F32, far: float) -> None:
        """Show the attacker in place where there is a hole.

        Args:
            light: float32 (H, W, 3), the frame with the sheet.
            cover: float32 (H, W), how much of each pixel is a hole.
            at: number of the frame.
            eyes: float32 (2, 2), where the depicted eyes are in the frame, left one first.
            far: distance of the sheet in cm.
        """
        pose = self._pose(at, eyes, far + _GAP)
        seen = view.draw(self.person, pose, self.lens, self.lighting)
        left, top, right, bottom = seen.window
        behind = np.zeros_like(light)
        behind[top:bottom, left:right] = seen.light * (seen.cover[..., None] * _SHADE)
        light += (behind - light) * cover[..., None]

    def _pose(self, at: int, eyes: F32, far: float) -> Pose:
        """Place the attacker's eyes behind the holes, as well as hands manage."""
        yaw, pitch, roll, right, up = self.sway[at].tolist()
        (x0, y0), (x1, y1) = eyes.tolist()
        roll += float(np.arctan2(y0 - y1, x1 - x0))
        own = self.person.head.eyes.mean(0)
        turned = rotation(Pose(yaw, pitch, roll, 0, 0, far)) @ own
        u, v = (x0 + x1) / 2 - self.lens.width / 2, self.lens.height / 2 - (y0 + y1) / 2
        x = u * far / self.lens.focal - float(turned[0]) + right
        y = v * far / self.lens.focal - float(turned[1]) + up
        return Pose(yaw, pitch, roll, x, y, far + float(turned[2]), float(self.blinks[at]))


def holes(
    mask: F32, head: Head, lens: Lens, lighting: Lighting, frames: int, fps: float,
    rng: np.random.Generator,
) -> Holes:  # fmt: skip
    """Put a person behind a sheet with holes.

    Args:
        mask: see `eyes_out`.
        head: who.
        lens: the camera.
        lighting: the scene's light.
        frames: how many.
        fps: frames a second.
        rng: the stream of movements and blinks.
    """
    spans = f32([0.05, 0.03, 0.012, 0.12, 0.08])
    return Holes(
        mask=mask,
        person=view.lit(head, lighting, Pose(0, 0, 0, 0, 0, 60)),
        sway=motion.wander(rng, frames, fps, spans, 0.7),
        blinks=motion.blinks(rng, frames, fps),
        lens=lens,
        lighting=lighting,
    )


def eyes_out(marks: F32, shape: tuple[int, ...], border: int) -> F32:
    """Cut the eyes out of a picture.

    Args:
        marks: float32 (104, 2) pixels of the picture, landmarks and outline.
        shape: height and width of the picture.
        border: width of the paper's edge in picture pixels.

    Returns:
        float32 (h, w), border included: 1 in a hole, 0 on paper.
    """
    mask = np.zeros((shape[0] + 2 * border, shape[1] + 2 * border), np.float32)
    for eye in _EYES:
        points = marks[eye] + border
        middle = points.mean(0)
        corners = (points - middle) * f32([_WIDER, _TALLER]) + middle
        cv2.fillPoly(mask, [np.rint(16 * corners).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    return mask
