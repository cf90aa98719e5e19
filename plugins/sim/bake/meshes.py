"""Mesh files: Wavefront OBJ, and MakeHuman's .mhclo, which fits a mesh to the base mesh."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Face(NamedTuple):
    """A polygon: its group, its vertices, and its texture points (-1 where it has none)."""

    group: str
    corners: list[int]
    spots: list[int]


class Triangles(NamedTuple):
    """Vertices and texture points of triangles, int64 (T, 3) each."""

    corners: Array
    spots: Array


class Obj(NamedTuple):
    """Vertices (N, 3), texture points (M, 2) and faces of an OBJ file."""

    vertices: Array
    textures: Array
    faces: list[Face]

    def triangles(self, group: str = "") -> Triangles:
        """Cut the faces into triangles; of one group only, if named."""
        corners, spots = [], []
        for face in self.faces:
            if group in ("", face.group):
                for k in range(1, len(face.corners) - 1):
                    corners.append([face.corners[i] for i in (0, k, k + 1)])
                    spots.append([face.spots[i] for i in (0, k, k + 1)])
        return Triangles(np.array(corners), np.array(spots))

    def centre(self, group: str, vertices: Array) -> Array:
        """Mean (3,) of a group's vertices, at the places that ``vertices`` (N, 3) gives them."""
        used = {corner for face in self.faces if face.group == group for corner in face.corners}
        return np.asarray(vertices[sorted(used)].mean(0))


def read_obj(path: Path) -> Obj:
    """Read an OBJ file."""
    vertices: list[list[float]] = []
    textures: list[list[float]] = []
    faces: list[Face] = []
    group = ""
    for line in path.read_text().splitlines():
        word, *rest = line.split() or [""]
        if word == "v":
            vertices.append([float(x) for x in rest[:3]])
        elif word == "vt":
            textures.append([float(x) for x in rest[:2]])
        elif word == "g":
            group = rest[0] if rest else ""
        elif word == "f":
            # OBJ counts from 1; a missing texture point becomes -1.
            pairs = [[*corner.split("/"), ""][:2] for corner in rest]
            corners, spots = zip(*pairs, strict=True)
            face = Face(group, [int(i) - 1 for i in corners], [int(i or 0) - 1 for i in spots])
            faces.append(face)
    return Obj(np.array(vertices), np.array(textures), faces)


class Fit(NamedTuple):
    """A mesh on the base mesh: where its vertices (N, 3) lie, and which of the base it hides."""

    vertices: Array
    hidden: set[int]


def fitted(path: Path, base: Array) -> Fit:
    """Place the vertices of a mesh on the base mesh as its .mhclo file says.

    Args:
        path: the .mhclo file.
        base: vertices (M, 3) of the base mesh.

    Returns:
        The mesh on this base.
    """
    scale, mode = np.ones(3), ""
    rows: list[list[float]] = []
    hidden: set[int] = set()
    for line in path.read_text().splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] in ("x_scale", "y_scale", "z_scale"):
            axis = "xyz".index(words[0][0])
            low, high = base[int(words[1]), axis], base[int(words[2]), axis]
            scale[axis] = abs(low - high) / float(words[3])
        elif words[0] in ("verts", "delete_verts"):
            mode = words[0]
        elif mode == "verts" and words[0].isdigit():
            # a vertex of the base, or three of them with their weights and an offset
            whole = words if len(words) == 9 else [words[0]] * 3 + ["1", "0", "0", "0", "0", "0"]
            rows.append([float(word) for word in whole])
        elif mode == "delete_verts":
            for span in " ".join(words).replace(" - ", "-").split():
                first, _, last = span.partition("-")
                hidden.update(range(int(first), int(last or first) + 1))
    r = np.array(rows)
    corners = base[r[:, :3].astype(int)]
    return Fit((corners * r[:, 3:6, None]).sum(1) + r[:, 6:] * scale, hidden)
