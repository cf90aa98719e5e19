"""Bake MakeHuman's hair, seen straight from the front, into ``hair.npz``.

    git clone https://github.com/makehumancommunity/makehuman
    git clone https://github.com/makehumancommunity/makehuman-assets   # with Git LFS
    python -m bake.hair BASE HAIR hair.npz

BASE is ``makehuman/makehuman/data/3dobjs/base.obj``, HAIR is ``makehuman-assets/base/hair``. Both
are CC0 1.0. Wherever the pictures come from, their SHA-256 must be the one that the Git LFS
pointers of makehuman-assets name. Each style becomes three 8-bit pictures on the chart of
``chart.py``: ``cover`` and ``tone`` (brightness, 100 is the mean) of its size, and ``height`` in
steps of ``hair.STEP`` cm above ``hair.LOW``, reduced to ``LOW_SIDE``.
"""

from pathlib import Path

import cv2
import numpy as np

from bake.arguments import paths
from bake.meshes import Array, Obj, fitted, read_obj
from fasharness.prepare.canonical_face import canonical_face
from fasharness_sim.people import chart
from fasharness_sim.people.hair import LOW, NOTHING, STEP

STYLES = ("bob02", "long01", "ponytail01", "short01", "short02", "short03", "short04")
LOW_SIDE = 128
FINE = 2  # pictures are drawn this much larger and then reduced
CHIN, NOSE = 6.17, 1.68  # the base mesh's height of the chin, depth of the nose, in dm


def placed(points: Array, base: Obj) -> Array:
    """Move base points (dm) into the chart's frame (cm): eyes, nose and chin coincide."""
    eyes = [base.centre(group, base.vertices) for group in ("joint-l-eye", "joint-r-eye")]
    v = canonical_face().vertices
    ours = [v[list(ring)].mean(0) for ring in (chart.LEFT_EYE, chart.RIGHT_EYE)]
    across = abs(ours[0][0] - ours[1][0]) / abs(eyes[0][0] - eyes[1][0])
    down = (ours[0][1] - v[152, 1]) / (eyes[0][1] - CHIN)
    scale = (across + down) / 2
    move = [0, ours[0][1] - scale * eyes[0][1], v[4, 2] - scale * NOSE]
    return np.asarray(points * scale + np.array(move))


def pixels(points: Array) -> Array:
    """Map canonical points to pixels of the fine picture."""
    return np.asarray((chart.to_chart(points) + 0.5) * FINE - 0.5)


def cells(p: Array) -> tuple[Array, Array, Array] | None:
    """Return the pixels of a triangle and their barycentric weights, None when it is a line."""
    (ax, ay), (bx, by), (cx, cy) = p.tolist()
    area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
    if abs(area) < 1e-6:
        return None
    left, top = np.maximum(np.floor(p.min(0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(p.max(0)).astype(int) + 1, FINE * chart.SIZE)
    x, y = np.arange(left, right)[None] - cx, np.arange(top, bottom)[:, None] - cy
    u = ((by - cy) * x + (cx - bx) * y) / area
    v = ((cy - ay) * x + (ax - cx) * y) / area
    w = np.stack([u, v, 1 - u - v], -1)
    rows, columns = np.nonzero((w > -1e-4).all(-1))
    return rows + top, columns + left, w[rows, columns]


def bare(points: Array, corners: Array) -> Array:
    """Rasterise the bare body: the nearest height, ``NOTHING`` where there is none."""
    height, p = np.full((FINE * chart.SIZE,) * 2, NOTHING), pixels(points)
    for t in corners:
        hit = cells(p[t])
        if hit is not None:
            rows, columns, w = hit
            height[rows, columns] = np.maximum(height[rows, columns], w @ points[t, 2])
    return height


def dressed(
    points: Array, corners: Array, spots: Array, textures: Array, picture: Array, skull: Array
) -> tuple[Array, Array, Array]:
    """Draw textured triangles over each other from back to front, but for what the skull hides.

    Returns:
        Cover, height and grey brightness of the fine picture (0 where nothing is).
    """
    cover, height, grey = (np.zeros_like(skull) for _ in range(3))
    p, side = pixels(points), picture.shape[0]
    # From far to near, since hair is translucent: a depth buffer would drop what shows through.
    for k in np.argsort(points[corners, 2].mean(1), kind="stable"):
        hit = cells(p[corners[k]])
        if hit is None:
            continue
        rows, columns, w = hit
        z = w @ points[corners[k], 2]
        spot = (w @ textures[spots[k]]) % 1.0
        i, j = ((1 - spot[:, 1]) * (side - 1)).astype(int), (spot[:, 0] * (side - 1)).astype(int)
        alpha = picture[i, j, 3] * (z > skull[rows, columns] - 0.25)
        tone = picture[i, j, :3].mean(-1)
        for plane, value in ((cover, 1.0), (height, z), (grey, tone)):
            plane[rows, columns] = alpha * value + (1 - alpha) * plane[rows, columns]
    return cover, height, grey


def filled(values: Array, weight: Array) -> Array:
    """Spread values to where their weight is small, so that nothing jumps at the border."""
    out, total = values * weight, weight.copy()
    for sigma in (1, 2, 4, 8, 16, 40):
        a, b = (cv2.GaussianBlur(x * 1.0, (0, 0), sigma) for x in (values * weight, weight))
        out, total = out + a * 1e-2 ** np.log2(sigma + 1), total + b * 1e-2 ** np.log2(sigma + 1)
    return out / np.maximum(total, 1e-12)


def baked(name: str, folder: Path, base: Obj, skull: Array) -> list[Array]:
    """Bake one style: cover, height and brightness in 8 bits."""
    place = folder / name
    style = read_obj(place / f"{name}.obj")
    points = placed(fitted(place / f"{name}.mhclo", base.vertices).vertices, base)
    picture = np.asarray(cv2.imread(str(place / f"{name}_diffuse.png"), cv2.IMREAD_UNCHANGED))
    picture = np.asarray(cv2.resize(picture, (1024, 1024), interpolation=cv2.INTER_AREA)) / 255.0
    corners, spots = style.triangles()
    cover, height, grey = dressed(points, corners, spots, style.textures, picture, skull)
    weight = np.maximum(cover, 1e-9)
    height = filled(height / weight, cover)
    grey = grey / weight
    tone = filled(grey / max(float((grey * cover).sum() / cover.sum()), 1e-6), cover)
    tone = np.where(cv2.blur(cover, (15, 15)) > 0.01, tone, 1)  # plain where it is never seen
    cover, tone = (
        cv2.resize(x, (chart.SIZE,) * 2, interpolation=cv2.INTER_AREA) for x in (cover, tone)
    )
    height = cv2.resize(height, (LOW_SIDE,) * 2, interpolation=cv2.INTER_AREA)
    steps = (255 * np.where(cover > 0.02, cover, 0), (height - LOW) / STEP, 2 * np.round(50 * tone))
    return [np.clip(np.round(x), 0, 255).astype(np.uint8) for x in steps]


def main(base_file: Path, folder: Path, out: Path) -> None:
    """Bake all styles."""
    base = read_obj(base_file)
    skull = bare(placed(base.vertices, base), base.triangles("body").corners)
    styles = [baked(name, folder, base, skull) for name in STYLES]
    cover, height, tone = (np.stack(maps) for maps in zip(*styles, strict=True))
    np.savez_compressed(out, names=np.array(STYLES), cover=cover, height=height, tone=tone)


if __name__ == "__main__":
    main(*paths(__doc__, "base", "hair", "out"))
