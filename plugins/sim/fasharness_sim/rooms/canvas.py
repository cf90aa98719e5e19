"""A picture in perspective: flat sheets laid over one another, with the light on them."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from fasharness_sim.fields import F32, U8, f32
from fasharness_sim.rooms.sheets import Sheet

_NEAREST = 180.0  # things nearer than this many cm are painted no finer


class Wall(NamedTuple):
    """A rectangle of the room in cm: its lower left corner, directions, size, share of light."""

    corner: F32
    along: F32
    up: F32
    width: float
    height: float
    gain: float


@dataclass(frozen=True)
class Canvas:
    """The picture in the making: sRGB paint (H, W, 3), light (H, W), and the eye that looks.

    ``eye``: (3, 3), from cm as seen from ``place`` (3,) to homogeneous pixels; ``focal``: in
    pixels.
    """

    paint: U8
    light: F32
    eye: F32
    place: F32
    focal: float

    def lay(self, pixels: U8, matrix: F32, gain: F32 | None) -> None:
        """Draw a picture over the paint, and the light on it over the light.

        Args:
            pixels: uint8 (h, w, 4), sRGB times cover, and cover.
            matrix: (3, 3), takes the picture's pixels to homogeneous ones of the canvas.
            gain: float32 (any, any), the light on the whole picture; None leaves what is there.
        """
        tall, wide = pixels.shape[:2]
        left, top, right, bottom = self._window(matrix, wide, tall)
        if right <= left or bottom <= top:
            return
        move = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]]) @ matrix
        size = (right - left, bottom - top)
        drawn = cv2.warpPerspective(pixels, move, size)
        nearness = f32(np.linalg.inv(move)[2])
        least = size[0] * np.minimum(nearness[0], 0) + size[1] * np.minimum(nearness[1], 0)
        if least < -nearness[2]:  # a part of the sheet lies behind the camera, and is not seen
            x, y = np.arange(size[0]), np.arange(size[1])[:, None]
            drawn[nearness[0] * x + nearness[1] * y + nearness[2] <= 0] = 0
        part = self.paint[top:bottom, left:right]
        # Out of 256 and shifted, which is fast; full cover leaves 1 / 256, which the shift drops.
        rest = 256 - drawn[..., 3:].astype(np.uint16)
        part[:] = drawn[..., :3] + ((part * rest) >> 8).astype(np.uint8)
        if gain is not None:
            coarse = np.diag([wide / gain.shape[1], tall / gain.shape[0], 1])
            new = cv2.warpPerspective(gain, move @ coarse, size, borderMode=cv2.BORDER_REPLICATE)
            lit = self.light[top:bottom, left:right]
            lit += (new - lit) * (drawn[..., 3] * np.float32(1 / 255))

    def _window(self, matrix: F32, width: int, height: int) -> tuple[int, int, int, int]:
        """Find the pixels that a picture may cover: left, top, right, bottom."""
        tall, wide = self.light.shape
        corners = matrix @ f32([[0, width, width, 0], [0, 0, height, height], [1] * 4])
        # A corner at or behind the eye has no place in the frame: its quotient would have the wrong
        # sign. The whole canvas is taken instead.
        if (corners[2] < 1).any():
            return 0, 0, wide, tall
        at = corners[:2] / corners[2]
        low = np.clip(np.floor(at.min(1)), 0, [wide, tall]).astype(int).tolist()
        high = np.clip(np.ceil(at.max(1)) + 1, 0, [wide, tall]).astype(int).tolist()
        return low[0], low[1], high[0], high[1]

    def sheet(
        self,
        wall: Wall,
        box: tuple[float, float, float, float],
        rng: np.random.Generator,
        nearest: float = _NEAREST,
    ) -> Sheet:
        """Open an empty sheet for a box on a wall: left, bottom, width, height in cm."""
        middle = wall.corner + wall.along * (box[0] + box[2] / 2) + wall.up * (box[1] + box[3] / 2)
        away = float(self.eye[2] @ (middle - self.place))
        scale = self.focal / max(away, nearest)
        shape = (max(round(box[3] * scale), 2), max(round(box[2] * scale), 2), 4)
        return Sheet(np.zeros(shape, np.uint8), scale, rng)

    def put(
        self, wall: Wall, at: tuple[float, float, float], sheet: Sheet, gain: F32 | None
    ) -> None:
        """Hang a sheet on a wall: left, top (above its lower edge) and distance from it in cm."""
        normal = np.cross(wall.up, wall.along)
        corner = wall.corner + wall.along * at[0] + wall.up * at[1] + normal * at[2]
        axes = [wall.along / sheet.scale, -wall.up / sheet.scale, corner - self.place]
        self.lay(sheet.pixels, self.eye @ np.stack(axes, -1), gain)


def look(focal: float, wide: int, tall: int, rng: np.random.Generator) -> Canvas:
    """Point a camera at eye level somewhere, and open its canvas (focal length, size in pixels)."""
    yaw, pitch, roll = np.radians([rng.uniform(-28, 28), rng.normal(-1, 4), rng.normal(0, 1.5)])
    right = np.array([np.cos(yaw), 0, -np.sin(yaw)])
    ahead = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
    down = np.cross(right, ahead)
    c, s = np.cos(roll), np.sin(roll)
    turned = [c * right + s * down, c * down - s * right]
    pinhole = np.array([[focal, 0, wide / 2], [0, focal, tall / 2], [0, 0, 1]])
    return Canvas(
        paint=np.full((tall, wide, 3), 90, np.uint8),
        light=np.full((tall, wide), 0.5, np.float32),
        eye=f32(pinhole @ np.stack([*turned, ahead])),
        place=f32([0, rng.uniform(125, 165), 0]),
        focal=focal,
    )
