"""Whether a face moves as a flat thing does: what one homography leaves of its tracked points."""

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fasharness_sim.validity.video import Floats, Pixels, Video

_STEP = 2
_POINTS, _SPACING = 200, 5
_RIM = 9
_RETURN = 0.5
_FEWEST = 20


class Parallax(NamedTuple):
    """How a face's points move, in shares of the face's width; NaN where too few are tracked.

    Attributes:
        residual: root mean square of what one homography a frame leaves over, of which only the
            part that all frames share counts (the first principal component), since the
            errors of tracking are independent.
        movement: root mean square of the points' way from where they usually are.
    """

    residual: float
    movement: float

    @property
    def relative(self) -> float:
        """The residual as a share of the movement."""
        return self.residual / self.movement if self.movement > 0 else float("nan")


def measure(video: Video) -> Parallax:
    """Track points of the face through a video and fit one homography to each frame.

    Args:
        video: the video.

    Returns:
        The part of the points' movement that no plane explains.
    """
    ways = track(video.greys[::_STEP], video.masks[0])
    if ways.shape[1] < _FEWEST or len(ways) < 2:
        return Parallax(float("nan"), float("nan"))
    return unexplained(ways / video.truths[0][2])


def unexplained(ways: Floats) -> Parallax:
    """Measure what homographies leave of tracked points.

    Args:
        ways: float64 (T, N, 2), positions of N points in T frames.

    Returns:
        Residual and movement in the unit of the positions.
    """
    middle = ways[len(ways) // 2]
    # the mean of all frames, laid onto the middle one, has little of each frame's error
    usual = np.mean([_carried(places, middle) for places in ways], axis=0)
    left = ways - np.stack([_carried(usual, places) for places in ways])
    frames, points = ways.shape[:2]
    # The largest singular value is the first principal component: real parallax moves all points
    # together, errors of tracking do not.
    largest = np.linalg.norm(left.reshape(frames, -1), ord=2)
    movement = np.sqrt(((ways - usual) ** 2).sum(axis=2).mean())
    return Parallax(float(largest / np.sqrt(frames * points)), float(movement))


def _carried(start: Floats, end: Floats) -> Floats:
    """Carry points by the homography that fits their ends best."""
    # Method 0, least squares over all points: a robust fit would drop the parallax as outliers.
    found, _ = cv2.findHomography(start, end, 0)
    if found is None:
        return end
    homogeneous = np.column_stack([start, np.ones(len(start))]) @ np.asarray(found).T
    return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:], np.float64)


def track(greys: tuple[Pixels, ...], mask: NDArray[np.bool_]) -> Floats:
    """Follow corners of the face from frame to frame, keeping those that find their way back.

    Args:
        greys: uint8 (H, W) pictures.
        mask: bool (H, W), where the face is in the first; its rim is left out.

    Returns:
        float64 (T, N, 2), x and y of the points that were followed through all frames.
    """
    # Points on the rim would follow what is behind the head.
    inner = cv2.erode(mask.astype(np.uint8), np.ones((_RIM, _RIM), np.uint8)) * 255
    start = cv2.goodFeaturesToTrack(greys[0], _POINTS, 0.01, _SPACING, mask=inner)
    if start is None:
        return np.empty((len(greys), 0, 2))
    soft = [cv2.GaussianBlur(grey, (0, 0), 1.5) for grey in greys]
    ways, kept = [start], np.ones(len(start), np.bool_)
    for before, after in pairwise(soft):
        ahead, seen, _ = cv2.calcOpticalFlowPyrLK(before, after, ways[-1], ways[-1].copy())
        # A point that does not come back to where it started was lost on the way.
        back, again, _ = cv2.calcOpticalFlowPyrLK(after, before, ahead, ahead.copy())
        away = np.linalg.norm((back - ways[-1]).reshape(-1, 2), axis=1)
        kept &= (seen.ravel() > 0) & (again.ravel() > 0) & (away < _RETURN)
        ways.append(ahead)
    return np.ascontiguousarray(np.stack(ways)[:, kept, 0], np.float64)
