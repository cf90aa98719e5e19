"""MTCNN: the same faces as the `mtcnn` package's own pipeline, alone and in batches."""

import pickle
import sys
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fasharness.errors import WeightsError
from fasharness.prepare import mtcnn
from fasharness.prepare.mtcnn import MTCNN, pyramid_scales
from fasharness.prepare.mtcnn_nets import load_networks

# A photo by NASA of Eileen Collins, in the public domain, 224x224 out of the usual test picture.
PHOTO = Path(__file__).parent / "data" / "astronaut.jpg"

# What mtcnn 1.0.0 on TensorFlow 2.21 gives for `pair()`: left, top, right, bottom, confidence;
# and five x, five y.
EXPECTED = np.array(
    [
        [68.68857, 62.31626, 153.43999, 172.13512, 0.99933],
        [312.76401, 96.31176, 364.83762, 165.80969, 0.99918],
    ]
)
LANDMARKS = np.array(
    [
        [
            [91.14021, 134.02557, 112.75264, 90.13438, 132.09117],
            [100.40981, 103.19303, 127.40237, 139.2215, 140.84206],
        ],
        [
            [325.69067, 351.75406, 338.18747, 324.30063, 350.55066],
            [120.7093, 122.15656, 137.3401, 144.49875, 145.65491],
        ],
    ]
)


def photo() -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(PHOTO)), cv2.COLOR_BGR2RGB)


def pair() -> np.ndarray:
    """The photo twice on grey, the second time smaller."""
    picture = np.full((240, 420, 3), 90, np.uint8)
    picture[:224, :224] = photo()
    picture[60:196, 270:406] = cv2.resize(photo(), (136, 136), interpolation=cv2.INTER_AREA)
    return picture


def on_noise(picture: np.ndarray, x: int, y: int) -> np.ndarray:
    frame = np.random.default_rng(0).integers(90, 130, (640, 360, 3), dtype=np.uint8)
    frame[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    return frame


@pytest.fixture(scope="module")
def detector() -> MTCNN:
    return MTCNN()


def assert_same(found, expected) -> None:
    assert [len(faces) for faces in found] == [len(faces) for faces in expected]
    for face, other in zip(chain(*found), chain(*expected), strict=True):
        np.testing.assert_allclose(face.box, other.box, atol=1e-3)
        np.testing.assert_allclose(face.landmarks, other.landmarks, atol=1e-3)
        assert face.confidence == pytest.approx(other.confidence, abs=1e-5)


def test_the_package_finds_the_same() -> None:
    faces = MTCNN(min_face=20).detect([pair()])[0]
    assert len(faces) == 2
    for face, row, points in zip(faces, EXPECTED, LANDMARKS, strict=True):
        x, y, width, height = face.box
        # a third of a pixel, as JPEG decoders differ
        np.testing.assert_allclose((x, y, x + width, y + height), row[:4], atol=0.3)
        np.testing.assert_allclose(face.landmarks, points.T, atol=0.3)
        assert face.confidence == pytest.approx(row[4], abs=1e-3)


def test_a_face_cut_by_the_edge_is_the_packages_too() -> None:
    faces = MTCNN(min_face=20).detect([photo()[75:, 95:]])[0]
    assert len(faces) == 1
    np.testing.assert_allclose(faces[0].box, (0, 0, 58.72072, 99.24506), atol=0.3)
    points = [
        [-2.45011, 39.41111, 19.4517, -1.40001, 35.52983],
        [26.69011, 27.75886, 51.50242, 67.33152, 64.55151],
    ]
    np.testing.assert_allclose(faces[0].landmarks, np.transpose(points), atol=0.3)
    assert faces[0].confidence == pytest.approx(0.99275, abs=1e-3)


def test_suppression_by_hand() -> None:
    """A box inside another overlaps it by a quarter of the union but by all of itself."""
    box = np.array([[0, 0, 10, 10], [1, 1, 6, 6], [0, 0, 10, 9], [0, 0, 10, 10]], np.float64)
    candidates = mtcnn._Candidates(np.array([0, 0, 0, 1]), box, np.array([0.8, 0.7, 0.9, 0.6]))
    by_union = mtcnn._survivors(candidates, 0.7, mtcnn._intersection_over_union)
    by_smaller = mtcnn._survivors(candidates, 0.7, mtcnn._overlap_of_smaller)
    assert by_union.tolist() == [2, 1, 3]
    assert by_smaller.tolist() == [2, 3]


def test_the_main_face_comes_first(detector: MTCNN) -> None:
    faces = detector.detect([pair()[:, ::-1]])[0]
    assert [face.weight for face in faces] == sorted((f.weight for f in faces), reverse=True)
    assert faces[0].box[0] > 200


@pytest.mark.parametrize(("x", "y"), [(0, 0), (17, 201), (150, 333), (229, 509)])
def test_faces_of_64_pixels_are_found(detector: MTCNN, x: int, y: int) -> None:
    height = EXPECTED[0, 3] - EXPECTED[0, 1]
    side = round(224 * 64 / height)
    small = cv2.resize(photo(), (side, side), interpolation=cv2.INTER_AREA)
    faces = detector.detect([on_noise(small, x, y)])[0]
    assert len(faces) == 1
    expected = (EXPECTED[0, :2] + EXPECTED[0, 2:4]) / 2 * side / 224 + (x, y)
    left, top, width, tall = faces[0].box
    np.testing.assert_allclose((left + width / 2, top + tall / 2), expected, atol=4)
    assert tall == pytest.approx(64, abs=6)


def test_a_batch_of_any_sizes_gives_what_each_frame_gives_alone() -> None:
    detector = MTCNN(batch=2)
    frames = [on_noise(photo(), 40 * k, 90 * k) for k in range(3)]
    frames.insert(1, pair())
    frames.append(np.zeros((480, 360, 3), np.uint8))
    assert_same(detector.detect(frames), [detector.detect([frame])[0] for frame in frames])


def test_a_view_of_a_frame_is_as_good_as_a_copy(detector: MTCNN) -> None:
    view = pair()[:, ::-1]
    assert_same(detector.detect([view]), detector.detect([view.copy()]))
    view.flags.writeable = False
    assert_same(detector.detect([view]), detector.detect([view.copy()]))


@pytest.mark.parametrize("shape", [(640, 360), (20, 30), (1, 1), (11, 500)])
def test_no_face_where_there_is_none(detector: MTCNN, shape) -> None:
    assert detector.detect([np.full((*shape, 3), 128, np.uint8)]) == [[]]


def test_no_frames_no_faces(detector: MTCNN) -> None:
    assert detector.detect([]) == []


@pytest.mark.parametrize(
    "frame", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3))]
)
def test_what_is_no_frame_is_refused(detector: MTCNN, frame) -> None:
    with pytest.raises(ValueError, match=r"a frame must be uint8 \(H, W, 3\), got"):
        detector.detect([frame])


@pytest.mark.parametrize("bad", [{"min_face": 11}, {"scale_factor": 1.0}, {"batch": 0}])
def test_impossible_arguments_are_refused(bad) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(bad))} must be"):
        MTCNN(**bad)


@given(st.integers(12, 2000), st.integers(12, 2000), st.integers(12, 200), st.floats(0.5, 0.9))
def test_the_pyramid_ends_at_the_window(height, width, smallest, factor) -> None:
    scales = pyramid_scales(height, width, smallest, factor)
    short = min(height, width)
    assert all(int(short * scale) >= 12 for scale in scales)
    if short >= smallest + 1:
        assert scales[0] == 12 / smallest
        assert int(short * scales[-1] * factor) < 12


def test_networks_agree_with_a_plain_numpy_forward() -> None:
    """The refinement network against sums written out, which share no layer with torch."""
    import importlib.util

    import joblib

    spec = importlib.util.find_spec("mtcnn")
    assert spec is not None
    weights = joblib.load(Path(str(spec.origin)).parent / "assets" / "weights" / "rnet.lz4")
    x = np.random.default_rng(0).standard_normal((24, 24, 3))
    offsets, probability = numpy_refinement(x, [array.astype(np.float64) for array in weights])
    inputs = torch.from_numpy(x.transpose(2, 0, 1)[None]).float()
    got = load_networks("cpu").refinement(inputs)
    np.testing.assert_allclose(got[0][0].numpy(), offsets, atol=1e-5)
    assert got[1].item() == pytest.approx(probability, abs=1e-5)


def numpy_refinement(x: np.ndarray, w: list[np.ndarray]) -> tuple[np.ndarray, float]:
    def convolved(x, kernel, bias, slope):
        side = kernel.shape[0]
        windows = np.lib.stride_tricks.sliding_window_view(x, (side, side), (0, 1))
        y = np.einsum("hwcij,ijco->hwo", windows, kernel) + bias
        return np.where(y > 0, y, y * slope.reshape(-1))

    def pooled(x, size):
        cells = range(0, x.shape[0] - (1 if size == 9 else 2), 2)
        return np.array([[x[i : i + 3, j : j + 3].max((0, 1)) for j in cells] for i in cells])

    x = pooled(convolved(x, *w[0:3]), 9)
    x = pooled(convolved(x, *w[3:6]), 4)
    x = convolved(x, *w[6:9]).transpose(1, 0, 2).reshape(-1)
    x = x @ w[9] + w[10]
    x = np.where(x > 0, x, x * w[11])
    logits = np.exp(x @ w[14] + w[15])
    return x @ w[12] + w[13], float(logits[1] / logits.sum())


class Trap:
    """Unpickling it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def installed_mtcnn(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package of this name that must not be imported; it has no weights yet."""
    info = site / "mtcnn-1.0.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mtcnn\nVersion: 1.0.0\n")
    (site / "mtcnn").mkdir()
    (site / "mtcnn" / "__init__.py").write_text("raise ImportError('must not be imported')")
    monkeypatch.setenv("FASHARNESS_CACHE", str(site / "cache"))
    monkeypatch.syspath_prepend(site)
    monkeypatch.delitem(sys.modules, "mtcnn", raising=False)
    return site / "mtcnn"


def test_altered_weights_are_never_unpickled(tmp_path: Path, monkeypatch) -> None:
    weights = installed_mtcnn(tmp_path / "site", monkeypatch) / "assets" / "weights"
    weights.mkdir(parents=True)
    (weights / "pnet.lz4").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    with pytest.raises(WeightsError, match=r"pnet\.lz4 is damaged or not the published file"):
        MTCNN()
    assert not (tmp_path / "sprung").exists()


def test_missing_weights_name_the_command(tmp_path: Path, monkeypatch) -> None:
    installed_mtcnn(tmp_path / "site", monkeypatch)
    command = "fasharness weights get mtcnn-pnet"
    with pytest.raises(WeightsError, match=f"weights mtcnn-pnet: missing; fetch with: {command}"):
        MTCNN()


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore")
def test_parity_with_tensorflow() -> None:
    pytest.importorskip("tensorflow")
    package = pytest.importorskip("mtcnn")

    for picture in (pair(), on_noise(photo(), 60, 300)):
        rows = package.MTCNN().detect_faces(picture, output_type="numpy", box_format="xyxy")
        faces = MTCNN(min_face=20).detect([picture])[0]
        assert len(faces) == len(rows)
        for row in rows:
            face = min(faces, key=lambda face: abs(face.box[0] - row[1]))
            x, y, width, height = face.box
            np.testing.assert_allclose((x, y, x + width, y + height), row[1:5], atol=0.05)
            expected = np.stack([row[6:11], row[11:16]], 1)
            np.testing.assert_allclose(face.landmarks, expected, atol=0.05)
            assert face.confidence == pytest.approx(row[5], abs=1e-4)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_finds_the_same(detector: MTCNN) -> None:
    frames = [pair(), on_noise(photo(), 60, 300)]
    pairs = zip(chain(*MTCNN("cuda").detect(frames)), chain(*detector.detect(frames)), strict=True)
    for face, other in pairs:
        np.testing.assert_allclose(face.box, other.box, atol=0.05)
