"""Depth from files: the same pixels as the crop, in [0, 1], and every missing or bad file."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from fasharness.errors import DataError
from fasharness.faces import DepthSource, Face
from fasharness.prepare.crop import PILLOW
from fasharness.prepare.depth import DepthMapFolder, ExactDepth

FRAME = np.zeros((160, 120, 3), np.uint8)
FACE = Face((40, 60, 40, 40), 1.0)
REGION = (30, 50, 90, 110)


def dome() -> np.ndarray:
    """A quarter-size map with a face of 10 x 10 cells in its middle, nearest at its centre."""
    depth = np.zeros((40, 30), np.uint8)
    y, x = np.mgrid[-4.5:5, -4.5:5]
    depth[15:25, 10:20] = 255 - 4 * (x**2 + y**2)
    return depth


@pytest.fixture
def exact(tmp_path: Path) -> ExactDepth:
    np.savez_compressed(tmp_path / "a.depth.npz", depth=np.stack([dome(), dome() // 2]))
    return ExactDepth(tmp_path / "a.depth.npz")


def test_exact_depth_is_cut_where_the_crop_is(exact: ExactDepth) -> None:
    depth = exact.crop(0, FRAME, FACE, REGION, 30, PILLOW)
    assert depth.shape == (30, 30)
    assert depth.dtype == np.float32
    assert depth.min() == 0
    assert 0.9 < depth.max() <= 1
    # the face spans x 40..80, y 60..100 of the frame: cells 5..24 of 30, each two pixels wide;
    # bicubic resizing leaves a trace in the cells around it
    rows, columns = np.nonzero(depth > 0.1)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (5, 24, 5, 24)
    assert np.unravel_index(depth.argmax(), depth.shape)[0] in (14, 15)
    np.testing.assert_allclose(depth, depth[::-1], atol=1 / 255)


def test_each_frame_has_its_own_depth(exact: ExactDepth) -> None:
    first, second = (exact.crop(i, FRAME, FACE, REGION, 30, PILLOW) for i in range(2))
    np.testing.assert_allclose(second, first / 2, atol=2 / 255)


@pytest.mark.parametrize("index", [2, -1])
def test_a_frame_without_exact_depth_is_an_error(exact: ExactDepth, index: int) -> None:
    with pytest.raises(DataError, match=rf"a\.depth\.npz: no depth for frame {index}, only 2"):
        exact.crop(index, FRAME, FACE, REGION, 30, PILLOW)


def test_bad_depth_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "b.depth.npz"
    with pytest.raises(DataError, match="no readable depth maps"):
        ExactDepth(path)
    for content in (b"", b"text", b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"b\.depth\.npz: no readable depth maps"):
            ExactDepth(path)
    np.savez(path, other=np.zeros(3))
    with pytest.raises(DataError, match="no readable depth maps"):
        ExactDepth(path)
    np.savez(path, depth=np.zeros((2, 4, 4)))
    with pytest.raises(DataError, match=r"must be uint8 \(F, h, w\), got float64 \(2, 4, 4\)"):
        ExactDepth(path)


@pytest.fixture
def published(tmp_path: Path) -> DepthMapFolder:
    folder = tmp_path / "1_1_01_1"
    folder.mkdir()
    full = cv2.resize(dome(), (120, 160), interpolation=cv2.INTER_NEAREST)
    cv2.imwrite(str(folder / "1_1_01_1_001_depth1D.jpg"), full, [cv2.IMWRITE_JPEG_QUALITY, 100])
    (folder / "1_1_01_1_003_depth1D.jpg").write_bytes(b"no picture")
    (folder / "1_1_01_1_004_depth1D.jpg").touch()
    return DepthMapFolder(tmp_path, "1_1_01_1")


def test_published_maps_count_from_one(published: DepthMapFolder, exact: ExactDepth) -> None:
    arguments = FRAME, FACE, REGION, 30, PILLOW
    np.testing.assert_allclose(
        published.crop(0, *arguments), exact.crop(0, *arguments), atol=6 / 255
    )
    assert published.path(149).name == "1_1_01_1_150_depth1D.jpg"


@pytest.mark.parametrize(
    ("index", "cause"), [(1, "002.*no depth map of frame 1"), (2, "003.*not an image"), (3, "004")]
)
def test_missing_and_bad_maps_are_named(published: DepthMapFolder, index: int, cause: str) -> None:
    with pytest.raises(DataError, match=cause):
        published.crop(index, FRAME, FACE, REGION, 30, PILLOW)


def test_a_published_map_of_another_shape_is_refused_with_both(published: DepthMapFolder) -> None:
    """Such as maps of face crops of 256x256, which show another part than the frame."""
    for size in ((160, 160), (240, 320)):
        cv2.imwrite(str(published.path(0)), np.zeros(size[::-1], np.uint8))
        shapes = rf"001_depth1D\.jpg: a depth map of {size[0]}x{size[1]} does not fit .* 120x160"
        with pytest.raises(DataError, match=shapes):
            published.crop(0, FRAME, FACE, REGION, 30, PILLOW)


def test_a_published_map_that_is_cut_short_is_refused(published: DepthMapFolder) -> None:
    content = published.path(0).read_bytes()
    published.path(0).write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"001_depth1D\.jpg: cut short"):
        published.crop(0, FRAME, FACE, REGION, 30, PILLOW)


@pytest.mark.parametrize(
    ("shape", "fits"), [((40, 30), True), ((53, 40), True), ((160, 160), False)]
)
def test_exact_depth_has_any_resolution_but_the_proportions_of_the_frame(tmp_path, shape, fits):
    np.savez(tmp_path / "a.depth.npz", depth=np.zeros((1, *shape), np.uint8))
    source = ExactDepth(tmp_path / "a.depth.npz")
    if fits:
        assert not source.crop(0, FRAME, FACE, REGION, 30, PILLOW).any()
    else:
        with pytest.raises(DataError, match="a depth map of 160x160 does not fit the frame of 120"):
            source.crop(0, FRAME, FACE, REGION, 30, PILLOW)


def test_a_presentation_without_maps_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="2_1_01_1: no folder of depth maps for 2_1_01_1"):
        DepthMapFolder(tmp_path, "2_1_01_1")


def test_both_are_depth_sources(exact: ExactDepth, published: DepthMapFolder) -> None:
    sources: list[DepthSource] = [exact, published]
    assert len(sources) == 2
