"""Bake ``brows.png``: nine eyebrows as straight strips of alpha, inner end left.

    git clone https://github.com/makehumancommunity/makehuman-assets   # with Git LFS
    mkdir brows && cp makehuman-assets/base/eyebrows/*/eyebrow0??.png brows
    python -m bake.brows brows brows.png

The pictures (CC0 1.0) are RGBA. Wherever they come from, their SHA-256 must be the one that the
Git LFS pointers of makehuman-assets name: only those are known to be CC0.
"""

from pathlib import Path

import cv2
import numpy as np

from bake.arguments import paths
from fasharness_sim.fields import F32

LENGTH, BREADTH, HALF = 144, 36, 34  # a strip's size; half of it in pixels of the picture
_USED = (1, 2, 3, 4, 5, 8, 10, 11, 12)
_MIRRORED = (12,)  # drawn with its inner end to the right


def strip(alpha: F32) -> F32:
    """Cut out the upper brow of a picture and bend it straight along its middle line."""
    parts = np.flatnonzero(alpha.sum(1) > 0.02 * alpha.sum(1).max())
    gap = np.flatnonzero(np.diff(parts) > 3)
    cut = int(parts[gap[0]]) + 2 if len(gap) else round(_valley(alpha))
    brow = alpha[:cut]
    columns = np.flatnonzero(brow.sum(0) > 0.05 * brow.sum(0).max())
    x = np.arange(columns[0], columns[-1] + 1, dtype=np.float32)
    weight = brow[:, columns[0] : columns[-1] + 1] + 1e-6
    middle = (weight * np.arange(cut)[:, None]).sum(0) / weight.sum(0)
    line = np.polyval(np.polyfit(x, middle, 3, w=np.sqrt(weight.sum(0))), x)
    rows = line[None] + np.linspace(-HALF, HALF, 4 * BREADTH)[:, None]
    across = np.broadcast_to(x[None], rows.shape)
    flat = cv2.remap(brow, across.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR)
    small = cv2.resize(flat, (LENGTH, BREADTH), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _valley(alpha: F32) -> float:
    """Find the emptiest row between two brows that touch."""
    mass = cv2.GaussianBlur(alpha.sum(1)[:, None], (1, 31), 6).ravel()
    rows = np.flatnonzero(mass > 0.05 * mass.max())
    low, high = rows[0], rows[-1]
    quarter = (high - low) // 4
    return float(low + quarter + np.argmin(mass[low + quarter : high - quarter]))


def main(folder: Path, out: Path) -> None:
    """Bake all brows into one sheet, one above the other."""
    strips = []
    for k in _USED:
        picture = cv2.imread(str(folder / f"eyebrow{k:03d}.png"), cv2.IMREAD_UNCHANGED)
        assert picture is not None
        flat = strip(picture[..., 3].astype(np.float32))
        strips.append(flat[:, ::-1] if k in _MIRRORED else flat)
    sheet = np.vstack([np.clip(s / s.max() * 255, 0, 255) for s in strips]).astype(np.uint8)
    cv2.imwrite(str(out), sheet)


if __name__ == "__main__":
    main(*paths(__doc__, "folder", "out"))
