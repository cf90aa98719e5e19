"""Bake the torsos of ``clothes.npz`` from MakeHuman's base mesh and clothes (CC0 1.0).

    git clone https://github.com/makehumancommunity/makehuman
    git clone https://github.com/makehumancommunity/makehuman-assets   # with Git LFS
    python -m bake.clothes DATA CLOTHES clothes.npz

DATA is ``makehuman/makehuman/data``, CLOTHES is ``makehuman-assets/base/clothes``. Wherever
the pictures come from, their SHA-256 must be the one that the Git LFS pointers of makehuman-assets
name: only those are known to be CC0. Each garment is fitted to the body, the arms are lowered,
and skin and cloth are drawn from the front, without light.
"""

from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from bake.arguments import paths
from bake.meshes import Array, Obj, fitted, read_obj
from fasharness_sim.fields import f32
from fasharness_sim.people.bodies import NECK_Y, SCALE, SIZE

GARMENTS = (
    "male_casualsuit02",
    "male_casualsuit03",
    "male_casualsuit05",
    "male_casualsuit06",
    "male_elegantsuit01",
    "male_worksuit01",
    "female_casualsuit01",
    "female_elegantsuit01",
    "female_sportsuit01",
)
BUMPED = ("female_elegantsuit01", "female_sportsuit01", "male_casualsuit06")
"""The garments whose normal map is used; the others' meshes say enough."""
FINE = 2  # pictures are drawn this much larger and then reduced
CUT_Y = -12.0  # y in cm at which the head gives way to a bare neck
EYES_Y, ARM_TURN, SHRINK = 1.4, 30.0, 9.2  # y of the eyes in cm; degrees; cm for a unit of the mesh


class Mesh(NamedTuple):
    """Vertices (N, 3), UVs (M, 2), triangles of vertices and of UVs (T, 3)."""

    v: Array
    vt: Array
    f: Array
    ft: Array


class Layer(NamedTuple):
    """A drawn mesh: depth, normals (H, W, 3), UVs (H, W, 2) and UV directions (H, W, 2, 3)."""

    z: Array
    normal: Array
    uv: Array
    along: Array


def mesh(obj: Obj, group: str = "") -> Mesh:
    """Cut an OBJ file's faces into triangles; of one group only, if named."""
    corners, spots = obj.triangles(group)
    return Mesh(obj.vertices, obj.textures, corners, spots)


def joints_of(base: Obj, v: Array) -> dict[str, Array]:
    """Return the mean of the vertices ``v`` in each group whose name starts with ``joint``."""
    groups = {face.group for face in base.faces if face.group.startswith("joint")}
    return {group: base.centre(group, v) for group in groups}


def morph(v: Array, path: Path) -> Array:
    """Add a target's moves to the vertices."""
    out = v.copy()
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            index, *move = line.split()
            out[int(index)] += [float(x) for x in move]
    return out


def lower(v: Array, joints: dict[str, Array]) -> Array:
    """Turn the arms down about the shoulders."""
    out = v.copy()
    for side, sign in (("l", 1.0), ("r", -1.0)):
        pivot, elbow = joints[f"joint-{side}-shoulder"], joints[f"joint-{side}-elbow"]
        axis = (elbow - pivot)[:2] / np.linalg.norm((elbow - pivot)[:2])
        t = np.clip(((v - pivot)[:, :2] @ axis + 0.35) / 1.1, 0, 1)
        off = (v - pivot)[:, 0] * axis[1] - (v - pivot)[:, 1] * axis[0]
        near = np.clip((1.05 - off * sign) / 0.3, 0, 1)
        t = t * t * (3 - 2 * t) * near * (v[:, 0] * sign > 0.6)
        a = np.radians(-ARM_TURN) * sign * t
        x, y = (v - pivot)[:, 0], (v - pivot)[:, 1]
        out[:, 0] = np.where(t > 0, pivot[0] + np.cos(a) * x - np.sin(a) * y, out[:, 0])
        out[:, 1] = np.where(t > 0, pivot[1] + np.sin(a) * x + np.cos(a) * y, out[:, 1])
    return out


def vertex_normals(v: Array, f: Array) -> Array:
    """Return the area-weighted normals of the vertices."""
    n = np.zeros_like(v)
    face = np.cross(v[f[:, 1]] - v[f[:, 0]], v[f[:, 2]] - v[f[:, 0]])
    for k in range(3):
        np.add.at(n, f[:, k], face)
    return np.asarray(n / np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-9))


def draw(mesh: Mesh) -> Layer:
    """Draw a mesh (cm) from the front, orthographically, with a depth buffer."""
    tall, wide = (n * FINE for n in SIZE)
    s = SCALE * FINE
    z, normal = np.full((tall, wide), -1e9), np.zeros((tall, wide, 3))
    uv, along = np.zeros((tall, wide, 2)), np.zeros((tall, wide, 2, 3))
    n = vertex_normals(mesh.v, mesh.f)
    px = np.stack([wide / 2 + mesh.v[:, 0] * s, (NECK_Y - mesh.v[:, 1]) * s], -1)
    for f, ft in zip(mesh.f, mesh.ft, strict=True):
        p = px[f]
        low = np.maximum(np.floor(p.min(0)), 0).astype(int)
        high = np.minimum(np.ceil(p.max(0)) + 1, [wide, tall]).astype(int)
        d = (p[1, 0] - p[0, 0]) * (p[2, 1] - p[0, 1]) - (p[2, 0] - p[0, 0]) * (p[1, 1] - p[0, 1])
        # Outside the picture, or seen from behind: rows count downwards, which turns the sign.
        if (high <= low).any() or d >= 0:
            continue
        y, x = np.mgrid[low[1] : high[1], low[0] : high[0]] + 0.5
        b = ((x - p[0, 0]) * (p[2, 1] - p[0, 1]) - (y - p[0, 1]) * (p[2, 0] - p[0, 0])) / d
        c = ((p[1, 0] - p[0, 0]) * (y - p[0, 1]) - (p[1, 1] - p[0, 1]) * (x - p[0, 0])) / d
        w = np.stack([1 - b - c, b, c], -1)
        depth, part = w @ mesh.v[f, 2], np.s_[low[1] : high[1], low[0] : high[0]]
        hit = (w >= -1e-6).all(-1) & (depth > z[part])
        z[part][hit] = depth[hit]
        normal[part][hit] = (w @ n[f])[hit]
        uv[part][hit] = (w @ mesh.vt[ft])[hit]
        edge = np.diff(mesh.vt[ft], axis=0, prepend=mesh.vt[ft][:1])[1:]
        edge[1] += edge[0]
        if abs(np.linalg.det(edge)) > 1e-12:
            along[part][hit] = np.linalg.inv(edge) @ (mesh.v[f[1:]] - mesh.v[f[0]])
    return Layer(z, normal, uv, along)


def neck_only(skin: Layer) -> Layer:
    """Replace the head by a neck that goes on upwards, a little slimmer."""
    row, wide = int((NECK_Y - CUT_Y) * SCALE * FINE), SIZE[1] * FINE
    for r in range(row):
        slim = 1 + 0.3 * min((row - r) / (2.5 * SCALE * FINE), 1)
        from_ = (np.arange(wide) - wide / 2) * slim + wide / 2
        # In place: a Layer's fields are arrays, so writing to them changes `skin`.
        for part in skin:
            part[r] = part[row][np.clip(from_.astype(int), 0, wide - 1)]
    return skin


def sample(path: Path, uv: Array) -> Array:
    """Look a texture up, float RGB in 0..1."""
    image = f32(np.asarray(cv2.imread(str(path)))[..., ::-1]) / 255
    x, y = uv[..., 0] * image.shape[1] - 0.5, (1 - uv[..., 1]) * image.shape[0] - 0.5
    return f32(cv2.remap(image, f32(x), f32(y), cv2.INTER_LINEAR))


def unit(n: Array) -> Array:
    """Scale vectors to length 1."""
    return np.asarray(n / np.maximum(np.linalg.norm(n, axis=-1, keepdims=True), 1e-9))


def bumped(layer: Layer, texture: Array) -> Array:
    """Bend normals by a normal map in tangent space."""
    n = unit(layer.normal)
    t, b = unit(layer.along[..., 0, :]), unit(layer.along[..., 1, :])
    bump = texture * 2 - 1
    return unit(n * np.maximum(bump[..., 2:], 0.3) + t * bump[..., :1] + b * bump[..., 1:2])


def openness(z: Array) -> Array:
    """Estimate ambient occlusion from the depth: how far a pixel lies below its surroundings."""
    z = f32(np.where(z < -1e8, -12, z))
    open_ = np.ones_like(z)
    for sigma, share in ((0.4, 0.35), (1.2, 0.3), (3.0, 0.25)):
        s = sigma * SCALE * FINE
        below = np.clip((cv2.GaussianBlur(z, (0, 0), s) - z) / sigma, 0, 1)
        open_ *= 1 - share * below
    return open_


def dressed_body(data: Path, own: Path, sex: str) -> tuple[Layer, Layer]:
    """Draw the body of a sex as far as a garment leaves it bare, and the garment on it."""
    base = read_obj(data / "3dobjs/base.obj")
    body, cloth = mesh(base, "body"), mesh(read_obj(own.with_suffix(".obj")))
    shape = morph(body.v, data / f"targets/macrodetails/caucasian-{sex}-young.target")
    joints = joints_of(base, shape)
    points, hidden = fitted(own.with_suffix(".mhclo"), shape)
    shift = joints["joint-l-eye"] * [0, 1, 0]

    def placed(v: Array) -> Array:
        return np.asarray((lower(v, joints) - shift) * SHRINK + [0, EYES_Y, 0])

    keep = ~np.isin(body.f, sorted(hidden)).any(1)
    skin = neck_only(draw(body._replace(v=placed(shape), f=body.f[keep], ft=body.ft[keep])))
    return skin, draw(cloth._replace(v=placed(points)))


def bake(data: Path, clothes: Path, name: str) -> tuple[Array, ...]:
    """Draw one garment on its body: its shape (normal x, y, openness), masks and detail."""
    sex, own = name.split("_")[0], clothes / name / name
    skin, worn = dressed_body(data, own, sex)
    dressed = worn.z > skin.z
    colour, normal = sample(Path(f"{own}_diffuse.png"), worn.uv), unit(worn.normal)
    if name in BUMPED:
        normal = bumped(worn, sample(Path(f"{own}_normal.png"), worn.uv))
    normal = np.where(dressed[..., None], normal, unit(skin.normal))
    light = openness(np.maximum(worn.z, skin.z))
    hole = (np.maximum(worn.z, skin.z) < -1e8) & (np.abs(xs()) < 6)
    normal[hole], light[hole] = 0, 0.4
    cover = (np.maximum(worn.z, skin.z) > -1e8) | (hole & (ys() < -12))
    bare = cover & ~dressed
    if sex == "female" and name != "female_elegantsuit01":
        normal = loosened(normal, cover)
    belly = bare & (np.abs(xs()) < 11.5 - 0.12 * (ys() + 28)) & (ys() < -28)
    bare &= ~belly
    second, third, detail = dyes(name, colour, cover & ~bare & ~belly)
    if belly.sum() > 1000:
        hem = cover & ~bare & (np.abs(xs()) < 13) & (ys() < -27)
        light[hem], detail[hem] = np.maximum(light[hem], 0.92), 1
    masks = np.dstack([cover, bare, second, third]).astype(np.float32)
    shape_ = np.dstack([normal[..., :2] / 2 + 0.5, light]).astype(np.float32)
    shape_[~cover] = [0.5, 0.5, 1]
    small = [cv2.resize(x, SIZE[::-1], interpolation=cv2.INTER_AREA) for x in (shape_, masks)]
    return small[0], small[1], cv2.resize(detail, SIZE[::-1], interpolation=cv2.INTER_AREA)


def loosened(normal: Array, cover: Array) -> Array:
    """Let cloth hang from the chest instead of following each curve below it."""
    share = f32(cover & (np.abs(xs()) < 12.5))
    size, far = (0, 0), 2.6 * SCALE * FINE
    soft = cv2.GaussianBlur(f32(normal) * share[..., None], size, far)
    soft = soft / np.maximum(cv2.GaussianBlur(share, size, far), 1e-3)[..., None]
    mix = np.clip((-21 - ys()) / 4, 0, 1) * share * np.clip((12.5 - np.abs(xs())) / 3, 0, 1)
    return f32(normal + (soft * [1, 0.7, 1] - normal) * mix[..., None])


def xs() -> Array:
    """Return x in cm of the pixels, (H, W)."""
    columns = np.arange(SIZE[1] * FINE) + 0 * np.arange(SIZE[0] * FINE)[:, None]
    return f32(columns / (SCALE * FINE) - SIZE[1] / SCALE / 2)


def ys() -> Array:
    """Return y in cm of the pixels, (H, W)."""
    rows = np.arange(SIZE[0] * FINE)[:, None] + 0 * np.arange(SIZE[1] * FINE)
    return f32(NECK_Y - rows / (SCALE * FINE))


def dyes(name: str, rgb: Array, worn: Array) -> tuple[Array, ...]:
    """Split a garment into main cloth, second and third colour, and its grey detail (1: mean)."""
    r, g, b = (rgb[..., k] for k in range(3))
    grey, chest = (r + g + b) / 3, (np.abs(xs()) < 11) & (ys() < -18.7) & (ys() > -41)
    second, third, printed = (np.zeros_like(worn) for _ in range(3))
    if name == "male_elegantsuit01":
        tie = worn & (b - r > 0.025) & (np.abs(xs()) < 4.5) & (ys() < -16)
        third = filled(tie, 9)
        second = filled(worn & (grey > 0.4), 5) & ~third
    elif name == "male_worksuit01":
        second = filled(worn & (grey > 0.78), 9)
    elif name == "male_casualsuit05":
        second = worn & ~filled(worn & (g > r - 0.01) & (grey > 0.16), 7)
        second = filled(cv2.morphologyEx(second.astype(np.uint8), cv2.MORPH_OPEN, disc(7)) > 0, 9)
        second &= np.abs(xs()) < np.where(ys() > -21, 12, 2.9)
    elif name in ("male_casualsuit02", "female_casualsuit01", "female_sportsuit01"):
        odd = worn & ((r > b * 0.95) | (b < 0.515))
        printed = chest & filled(worn & (r > 0.24), 5)
        second = odd & ~printed & (ys() > -20.2) & (np.abs(xs()) < 9)
        second = cv2.morphologyEx(second.astype(np.uint8), cv2.MORPH_OPEN, disc(3)) > 0
    elif name == "male_casualsuit06":
        printed = worn & (
            cv2.dilate((rgb.max(-1) - rgb.min(-1) > 0.05).astype(np.uint8), disc(9)) > 0
        )
        printed |= worn & chest & (grey < 0.7)
    detail, plain = np.ones_like(grey), worn & ~printed
    for part in (plain & ~second & ~third, plain & second, plain & third):
        if part.any():
            detail[part] = grey[part] / grey[part].mean()
    return second, third, np.clip(detail, 0, 2.5)


def disc(size: int) -> Array:
    """Return a round brush."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))


def filled(mask: Array, size: int) -> Array:
    """Close the holes of a mask."""
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, disc(size)) > 0


def packed(image: Array, kind: str, *flags: int) -> Array:
    """Encode an image with values in 0..1 as PNG or JPEG bytes."""
    done, data = cv2.imencode(kind, (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8), flags)
    assert done
    return data


def main(data: Path, clothes: Path, out: Path) -> None:
    """Bake all garments into one file: shapes, masks and details."""
    arrays: dict[str, Any] = {}
    for name in GARMENTS:
        shape, masks, detail = bake(data, clothes, name)
        arrays[f"{name}_shape"] = packed(shape, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 90)
        arrays[f"{name}_masks"] = packed(masks, ".png", cv2.IMWRITE_PNG_COMPRESSION, 9)
        arrays[f"{name}_detail"] = packed(detail / 2.5, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 85)
    np.savez(out, **arrays)


if __name__ == "__main__":
    main(*paths(__doc__, "data", "clothes", "out"))
