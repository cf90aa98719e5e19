"""Bake ``heads.npz`` from ICT-FaceKit (MIT License).

    git clone https://github.com/ICT-VGL/ICT-FaceKit
    python -m bake.heads ICT-FaceKit/FaceXModel heads.npz

The folder holds ``generic_neutral_mesh.obj`` and ``identity000.obj`` and following. The head is
brought into the frame of MediaPipe's canonical face by its 68 landmarks, and every vertex of that
face gets its place on the head. The mean is stored in thousandths of a cm, a mode in units of its
``step`` in cm.
"""

from pathlib import Path

import numpy as np

from bake.arguments import paths
from bake.meshes import read_obj
from fasharness.prepare.canonical_face import canonical_face
from fasharness_sim.fields import F32, f32
from fasharness_sim.people import landmarks
from fasharness_sim.people.shape import Ints

MODES, BEHIND = 24, -6.5
# polygons of face, head and neck; of both eyeballs (the table in the project's README)
SKIN, EYES = slice(0, 11144), slice(21496, 24691)
# the project's own indices of the 68 points (Multi-PIE order, which is that of iBUG)
POINTS = (
    1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088,
    3443, 268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857, 1140,
    2075, 1147, 4269, 3360, 1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732,
    5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841, 5702, 5711, 5533, 6216,
    6207, 6470, 5517, 5966,
)  # fmt: skip
CHIN, FIRST_INNER = 8, 17


def read(path: Path) -> tuple[F32, Ints]:
    """Read vertices (N, 3) and polygons (M, 4) of an OBJ file; triangles repeat a corner."""
    mesh = read_obj(path)
    polygons = [f.corners + f.corners[-1:] * (4 - len(f.corners)) for f in mesh.faces]
    return f32(mesh.vertices), np.array(polygons)


def aligned(points: F32, target: F32) -> tuple[float, F32, F32]:
    """Find scale, rotation and shift with which points (N, 3) come nearest to a target."""
    a, b = points - points.mean(0), target - target.mean(0)
    u, s, v = np.linalg.svd(a.T @ b)
    scale = float(s.sum() / (a**2).sum())
    turn = f32(u @ v)
    return scale, turn, f32(target.mean(0) - scale * points.mean(0) @ turn)


def bent(source: F32, target: F32, points: F32) -> F32:
    """Carry points along with landmarks by a thin-plate spline in space."""
    n = len(source)
    system = np.zeros((n + 4, n + 4))
    # In space the kernel is the distance itself; the small diagonal lets
    # the spline miss the landmarks a little, which smooths it.
    system[:n, :n] = _distances(source, source) - 0.02 * np.eye(n)
    system[:n, n:] = np.c_[np.ones(n), source]
    system[n:, :n] = system[:n, n:].T
    weights = np.linalg.solve(system, np.r_[target - source, np.zeros((4, 3))])
    flat = np.c_[np.ones(len(points)), points] @ weights[n:]
    return f32(points + _distances(points, source) @ weights[:n] + flat)


def _distances(a: F32, b: F32) -> F32:
    """Measure how far the points a (N, 3) lie from the points b (M, 3): (N, M)."""
    return f32(np.linalg.norm(a[:, None] - b[None], axis=-1))


def places(points: F32, vertices: F32, polygons: Ints) -> tuple[Ints, F32]:
    """Find the nearest point of a surface: corners (N, 3) of its triangle and their weights."""
    halves = np.vstack([polygons[:, [0, 1, 2]], polygons[:, [0, 2, 3]]])
    halves = halves[halves[:, 1] != halves[:, 2]]
    a, b, c = (vertices[halves[:, k]] for k in range(3))
    found = [_place(point, a, b, c) for point in points]
    return halves[[k for k, _ in found]], f32([w for _, w in found])


def _place(point: F32, a: F32, b: F32, c: F32) -> tuple[int, F32]:
    """Find the nearest triangle to a point among those with near centres."""
    best, which, weights = np.inf, 0, f32([1, 0, 0])
    for k in np.argsort((((a + b + c) / 3 - point) ** 2).sum(1))[:80]:
        edges = np.column_stack([b[k] - a[k], c[k] - a[k]])
        u, v = np.maximum(np.linalg.lstsq(edges, point - a[k], rcond=None)[0], 0)
        u, v = (u, v) / np.maximum(u + v, 1)
        miss = float(((a[k] + edges @ [u, v] - point) ** 2).sum())
        if miss < best:
            best, which, weights = miss, int(k), f32([1 - u - v, u, v])
    return which, weights


def main(folder: Path, out: Path) -> None:
    """Bake the model."""
    mean, polygons = read(folder / "generic_neutral_mesh.obj")
    face = canonical_face().vertices
    target = face[list(landmarks.IBUG)]
    inner = slice(FIRST_INNER, None)
    scale, turn, shift = aligned(mean[list(POINTS)][inner], target[inner])
    head = f32(scale * mean @ turn + shift)
    known = [CHIN, *range(FIRST_INNER, 68)]
    carried = bent(target[known], head[list(POINTS)][known], face)
    corners, weights = places(carried, head, polygons[SKIN])
    drawn = np.vstack([polygons[SKIN], polygons[EYES]])
    drawn = drawn[head[drawn, 2].max(1) > BEHIND]
    used, packed = np.unique(np.concatenate([drawn.ravel(), corners.ravel()]), return_inverse=True)
    modes = [read(folder / f"identity{k:03d}.obj")[0][used] - mean[used] for k in range(MODES)]
    moves = f32([scale * mode @ turn for mode in modes])
    # Scaled so that the largest move of a mode fills 8 bits.
    step = np.abs(moves).max((1, 2)) / 127
    np.savez_compressed(
        out,
        mean=np.rint(head[used] * 1000).astype(np.int16),
        modes=np.rint(moves / step[:, None, None]).astype(np.int8),
        step=step,
        polygons=packed[: drawn.size].reshape(-1, 4).astype(np.uint16),
        corners=packed[drawn.size :].reshape(-1, 3).astype(np.uint16),
        weights=weights,
    )


if __name__ == "__main__":
    main(*paths(__doc__, "folder", "out"))
