"""The clip store: what is written comes back, damage is noticed, drawn scales are exact."""

from pathlib import Path

import numpy as np
import pytest

from fasharness.clips import ClipSpec, Crop, Frames, Label
from fasharness.data import RGB, Presentation, rgb
from fasharness.errors import DataError
from fasharness.prepare.crop import PILLOW
from fasharness.prepare.store import ClipArrays, ClipStore, load_clip, no_clips, stored_side

KEY = "ab" * 16
LIVE = Presentation("p", rgb(Path("p.avi")), subject="1")
LABELS = (Label("depth", 4), Label("mask", 4))
FIXED = ClipSpec(Frames(2), Crop(12), labels=LABELS)
DRAWN = ClipSpec(Frames(2), Crop(12, scale=(1.0, 1.5)), labels=LABELS)


def arrays(spec: ClipSpec, clips: int = 3) -> ClipArrays:
    """Random crops of a face in the middle of a picture of 400 x 600."""
    rng = np.random.default_rng(1)
    length, side = spec.frames.length, stored_side(spec.crop.size, spec.crop)
    depth = stored_side(4, spec.crop)
    box = (250.0, 150.0, 100.0, 120.0)
    region = PILLOW.region(box, spec.crop.scale[1], spec.crop.scale[1], (400, 600))
    image = rng.integers(0, 256, (clips, length, side, side, 3), np.uint8)
    deep = rng.integers(0, 3, (clips, length, depth, depth), np.uint8) * 127
    return ClipArrays(
        {RGB: image},
        {"depth": deep, "mask": deep},
        np.tile(np.float32(box), (clips, 1)),
        np.tile(np.int32(region), (clips, 1)),
        np.int32([400, 600]),
        np.zeros((clips, length), np.int32),
    )


@pytest.fixture
def store(tmp_path: Path) -> ClipStore:
    return ClipStore(tmp_path / "clips")


def test_clips_come_back_as_they_were(store: ClipStore):
    content = arrays(FIXED)
    written = store.write(KEY, "p", content, left_out=2)
    found = store.look_up([KEY])[KEY]
    assert found == written
    assert (found.clips, found.frames, found.left_out, found.failure) == (3, 6, 2, "")
    for index in range(3):
        clip = load_clip(found, index, LIVE, FIXED, PILLOW)
        np.testing.assert_array_equal(clip.rgb, content.images[RGB][index])
        np.testing.assert_allclose(
            clip.labels["depth"], content.maps["depth"][index] / 255, rtol=1e-6
        )
        np.testing.assert_array_equal(clip.labels["mask"], content.maps["mask"][index] > 0)


def test_a_failure_is_kept_with_its_reason(store: ClipStore):
    store.write(KEY, "p", no_clips(DRAWN), 6, "no face found in 6 frames")
    found = store.look_up([KEY])[KEY]
    assert (found.clips, found.left_out, found.failure) == (0, 6, "no face found in 6 frames")
    assert store.look_up(["cd" * 16]) == {}


def test_damage_is_taken_for_nothing(store: ClipStore):
    path = store.write(KEY, "p", arrays(FIXED), 0).place.path
    content = path.read_bytes()
    for damaged in (b"", content[:4], content[:100], content[:-1], b"x" * len(content),
                    content + content[:50], content * 2):  # fmt: skip
        store.write(KEY, "p", arrays(FIXED), 0)
        path.write_bytes(damaged)
        assert store.look_up([KEY]) == {}
        assert path.with_suffix(".damaged").read_bytes() == damaged
    path.write_bytes(content)
    assert store.look_up([KEY]) == {}  # the index knows it no more
    store.index.path.unlink()
    assert store.look_up([KEY])[KEY].clips == 3


@pytest.mark.parametrize("encoding", ["png", "jpeg"])
def test_compressed_pictures_come_back(tmp_path: Path, encoding: str):
    store = ClipStore(tmp_path, encoding)
    content = arrays(FIXED)
    smooth = np.linspace(0, 255, content.images[RGB].size).astype(np.uint8)
    content = content._replace(images={RGB: smooth.reshape(content.images[RGB].shape)})
    stored = store.write(KEY, "p", content, 0)
    for index in range(3):
        clip = load_clip(stored, index, LIVE, FIXED, PILLOW)
        error = np.abs(clip.rgb.astype(int) - content.images[RGB][index]).max()
        assert error == 0 if encoding == "png" else 0 < error < 9
    assert store.write("cd" * 16, "q", no_clips(FIXED), 1, "no face").clips == 0


def test_a_file_that_goes_while_it_is_needed_is_an_error_with_a_way_on(store: ClipStore):
    stored = store.write(KEY, "p", arrays(FIXED), 0)
    stored.place.path.unlink()
    with pytest.raises(DataError, match="damaged clip store"):
        load_clip(stored, 0, LIVE, FIXED, PILLOW)


def test_a_drawn_clip_depends_on_its_generator_alone(store: ClipStore):
    stored = store.write(KEY, "p", arrays(DRAWN), 0)

    def frames(seed: int) -> list[int]:
        clip = load_clip(stored, 1, LIVE, DRAWN, PILLOW, np.random.default_rng(seed))
        assert clip.rgb.shape == (2, 12, 12, 3)
        assert all(label.shape == (2, 4, 4) for label in clip.labels.values())
        return clip.rgb.ravel().tolist()

    assert frames(3) == frames(3)
    assert len({tuple(frames(seed)) for seed in range(6)}) > 1


def test_the_largest_drawn_crop_is_the_stored_one(store: ClipStore):
    spec = ClipSpec(Frames(1), Crop(12, scale=(1.5, 1.5 + 1e-9)), labels=LABELS)
    content = arrays(spec)
    stored = store.write(KEY, "p", content, 0)
    clip = load_clip(stored, 0, LIVE, spec, PILLOW, np.random.default_rng(0))
    np.testing.assert_array_equal(clip.rgb, content.images[RGB][0])


def test_a_drawn_crop_shows_the_place_it_should(store: ClipStore):
    """A picture whose colour is its place tells which part was cut; by default the middle."""
    spec = ClipSpec(Frames(1), Crop(60, scale=(1.0, 2.0)))
    box, shape = (200.0, 100.0, 100.0, 100.0), (400, 600)
    region = PILLOW.region(box, 2, 2, shape)
    side = stored_side(60, spec.crop)
    columns = (np.arange(side) + 0.5) / side * 200 + region[0]
    rows = (np.arange(side) + 0.5) / side * 200 + region[1]
    picture = np.zeros((1, 1, side, side, 3), np.uint8)
    picture[..., 0] = (columns - 150)[None, :]
    picture[..., 1] = (rows - 50)[:, None]
    content = ClipArrays(
        {RGB: picture},
        {},
        np.float32([box]),
        np.int32([region]),
        np.int32(shape),
        np.int32([[0]]),
    )
    stored = store.write(KEY, "p", content, 0)
    for seed in (None, 0, 1, 2, 3):
        rng = None if seed is None else np.random.default_rng(seed)
        x, y = (1.5, 1.5) if seed is None else np.random.default_rng(seed).uniform(1, 2, 2)
        frame = load_clip(stored, 0, LIVE, spec, PILLOW, rng).rgb[0]
        red, green = frame[..., 0].mean(0), frame[..., 1].mean(1)
        # both sides of the drawn region, in pixels of the picture, to about one stored pixel
        assert red[30] + 150 == pytest.approx(250, abs=3)
        assert green[30] + 50 == pytest.approx(150, abs=3)
        assert red[-1] - red[0] == pytest.approx(100 * x, abs=6)
        assert green[-1] - green[0] == pytest.approx(100 * y, abs=6)
