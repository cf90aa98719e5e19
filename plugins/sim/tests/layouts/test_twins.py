"""The smallest twin of each data set: its names, side files and lists are those of the real one."""

import json
import re
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from fasharness import plugins
from fasharness.prepare.decode import decode
from fasharness.result import read
from fasharness_sim import preview, writing
from fasharness_sim.layouts import LAYOUTS, layout_of
from fasharness_sim.simulator import readme, simulate
from fasharness_sim.users import by_split
from fasharness_sim.writing import files

_CLIENT = r"client\d{3}"
_SIW_M = (
    r"Makeup/(Cosmetic/Makeup_Co|Impersonation/Makeup_Im|Obfuscation/Makeup_Ob)|"
    r"Mask/(HalfMask/Mask_Half|MannequinHead/Mask_Mann|PaperMask/Mask_Paper|"
    r"SiliconeMask/Mask_Silicone|TransparentMask/Mask_Trans)|Paper/Paper|Replay/Replay|"
    r"Partial/(FunnyeyeGlasses/Partial_Funnyeye|PaperCut/Partial_(Eye|Mouth)|"
    r"PaperGlasses/Partial_Paperglass)"
)
_SIW_WORDS = (
    r"Makeup_(Co|Im|Ob)|Mask_(Half|Mann|Paper|Silicone|Trans)|Paper|Replay|"
    r"Partial_(Funnyeye|Eye|Mouth|Paperglass)"
)


class Facts(NamedTuple):
    """How the videos of a data set are named, by class, and how many the smallest twin has."""

    bona_fide: str
    attack: str
    counts: tuple[int, int]
    enrolment: str = "(?!)"


FACTS = {
    "replay-attack": Facts(
        rf"(train|devel|test)/real/{_CLIENT}_session01_webcam_authenticate_"
        r"(controlled|adverse)_[12]\.mov",
        rf"(train|devel|test)/attack/(fixed|hand)/attack_(print_{_CLIENT}_session01_highdef_photo|"
        rf"(mobile_{_CLIENT}_session01_mobile|highdef_{_CLIENT}_session01_highdef)_(photo|video))_"
        r"(controlled|adverse)\.mov",
        (24, 120),
        rf"enroll/(train|devel|test)/{_CLIENT}_session01_webcam_enroll_(controlled|adverse)_1\.mov",
    ),
    "replay-mobile": Facts(
        rf"(train|devel|test)/real/{_CLIENT}_session02_authenticate_(mobile|tablet)_"
        r"(controlled|adverse|direct|lateral|diffuse)\.mov",
        rf"(train|devel|test)/attack/attack_{_CLIENT}_session01_(mattescreen_fixed_"
        r"(mobile|tablet)_(photo|video)|print_(fixed|hand)_(mobile|tablet)_photo)_"
        r"light(on|off)\.mov",
        (50, 96),
        rf"enroll/(train|devel|test)/{_CLIENT}_session01_enroll_(mobile|tablet)_light(on|off)\.mov",
    ),
    "casia-fasd": Facts(
        r"(train|test)_release/\d+/(1|2|HR_1)\.avi",
        r"(train|test)_release/\d+/([3-8]|HR_[2-4])\.avi",
        (21, 63),
    ),
    "msu-mfsd": Facts(
        rf"scene01/real/real_{_CLIENT}_(android_SD_scene01\.mp4|laptop_SD_scene01\.mov)",
        rf"scene01/attack/attack_{_CLIENT}_(android_SD_(?P<kind>ipad_video|iphone_video|"
        r"printed_photo)_scene01\.mp4|laptop_SD_(ipad_video|iphone_video|printed_photo)_"
        r"scene01\.mov)",
        (12, 36),
    ),
    "siw": Facts(
        r"(Train/live/(\d{3})/\2-[12]-1-[12]-1|Test/live/(\d{3})/\3-[12]-1-[12]-1(\.m)?)\.mov",
        r"(Train|Test)/spoof/(\d{3})/\2-[12]-(2-[12]|3-[1-4])-1\.mov",
        (28, 42),
    ),
    "siw-m": Facts(
        r"Live/(Train|Test)/Live_\d+\.mov", rf"({_SIW_M})_\d+(_noLive_546)?\.mov", (6, 30)
    ),
    "siw-mv2": Facts(
        r"Live/Live_\d+\.mov", rf"Spoof/({_SIW_WORDS})/\1_\d+(_noLive_546)?\.mov", (6, 84)
    ),
    "rose-youtu": Facts(
        r"(\d+)/G_(T|NT)_(HS|HW|IP|5s|ZTE)_w?g_E_\1_\d\.mp4",
        r"(\d+)/(Ps|Pq|Vl|Vm|Mc|Mf|Mu)_(T|NT)_(HS|HW|IP|5s|ZTE)_w?g_E_\1_\d\.mp4",
        (6, 42),
    ),
    "celeba-spoof": Facts(
        r"Data/(train|test)/\d+/live/\d{6}\.(jpg|png)",
        r"Data/(train|test)/\d+/spoof/\d{6}\.(jpg|png)",
        (15, 50),
    ),
    "lcc-fasd": Facts(
        r"LCC_FASD_((training|development)/real/\w+|evaluation/real\w+)\.(png|jpg)",
        r"LCC_FASD_((training|development)/spoof/\w+|evaluation/spoof\w+)\.(png|jpg)",
        (9, 9),
    ),
}
FACTS["faceforensics"] = Facts(
    r"original_sequences/(youtube/c(23|40)/videos/\d{3}|actors/c(23|40)/videos/\d\d__\w+)\.mp4",
    r"manipulated_sequences/((Deepfakes|Face2Face|FaceSwap|NeuralTextures|FaceShifter)/c(23|40)/"
    r"videos/\d{3}_\d{3}|DeepFakeDetection/c(23|40)/videos/\d\d_\d\d__\w+__\w{8})\.mp4",
    (20, 84),
)
OF_PICTURES = ("celeba-spoof", "lcc-fasd")
# Videos on their side, pictures, and forgeries: sheets of the others take the same ways.
SHEETS = ("replay-mobile", "lcc-fasd", "faceforensics")


class Twin(NamedTuple):
    """A simulated folder, its layout and what it should hold."""

    root: Path
    layout: object
    videos: list

    @property
    def files(self):
        """Paths of all files below the root."""
        return {str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file()}


@pytest.fixture(scope="module", params=FACTS)
def twin(request, tmp_path_factory):
    """The smallest twin of a data set, written once."""
    layout = LAYOUTS[request.param]
    root = tmp_path_factory.mktemp("twins") / request.param
    simulate(layout, root, size="tiny", jobs=2)
    sittings = layout.sittings("tiny", by_split(None, layout.users))
    return Twin(root, layout, [(s, v) for s in sittings for v in s.videos])


def _box(root, video, frame):
    with np.load(root / f"{video.path}.truth.npz") as truth:
        return truth["box"][frame] / 10


def test_every_set_is_here():
    assert set(FACTS) == set(LAYOUTS) - {"oulu-npu"}


def test_its_names_are_those_of_the_data_set(twin):
    facts = FACTS[twin.layout.dataset]
    named = [video.file for _, video in twin.videos]
    kinds = Counter(
        next((n for n, p in facts._asdict().items() if n != "counts" and re.fullmatch(p, f)), f)
        for f in named
    )
    assert len(set(named)) == len(named) == twin.layout.sizes["tiny"]
    enrolled = len(named) - sum(facts.counts)
    assert (kinds["bona_fide"], kinds["attack"], kinds["enrolment"]) == (*facts.counts, enrolled)
    beside = {file for _, video in twin.videos for file in files(video)}
    texts = twin.layout.lists([sitting for sitting, _ in twin.videos])
    own = {"README.txt", "LICENSE.txt", "SIMULATED.json"}
    assert twin.files == beside | set(texts) | own


def test_its_videos_hold_the_frames_that_their_format_says(twin):
    counts = set()
    for sitting, video in twin.videos:
        frames = [frame for _, frame in decode(twin.root / video.file)]
        shape = sitting.format
        assert len(frames) == shape.frames, video.file
        assert {f.shape for f in frames} == {(shape.height, shape.width, 3)}, video.file
        counts.add(len(frames))
    assert min(counts) < 7
    assert max(counts) >= (1 if twin.layout.dataset in OF_PICTURES else 8)


def test_a_sitting_is_written_again_with_the_same_bytes(twin, tmp_path):
    sitting, video = twin.videos[len(twin.videos) // 2]
    for file in files(video):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    alone = sitting._replace(videos=(video,))
    writing._record(writing._Task(str(tmp_path), 0, twin.layout.people, alone))
    for file in files(video):
        assert (tmp_path / file).read_bytes() == (twin.root / file).read_bytes(), file


def test_its_mark_and_readme_say_what_it_is(twin):
    mark = json.loads((twin.root / "SIMULATED.json").read_text())
    assert layout_of(twin.root) is twin.layout
    words = "layout twin of" if twin.layout.stand_ins else "simulated"
    assert mark["data"] == f"{words} {twin.layout.title}"
    assert mark.get("stand_ins", {}) == dict(twin.layout.stand_ins)
    assert ("LAYOUT TWIN" in readme(twin.layout)) == bool(twin.layout.stand_ins)
    assert (twin.root / "README.txt").read_text() == readme(twin.layout)


def test_its_contact_sheet_is_drawn(twin, tmp_path):
    if twin.layout.dataset not in SHEETS:
        return
    sheet = cv2.imread(str(preview.write(twin.layout, twin.root, tmp_path / "sheet.png")))
    assert sheet.shape[1] == 1440


ROWS = {
    "xywh": r"\d+ -?\d+ -?\d+ \d+ \d+",
    "corners": r"-?\d+ -?\d+ \d+ \d+",
    "box and eyes": r"\d+(,-?\d+){8}",
    "in 224": r"-?\d+ -?\d+ \d+ \d+ 0\.9990000",
}
OF_BOXES = {
    "replay-attack": "xywh",
    "replay-mobile": "xywh",
    "msu-mfsd": "box and eyes",
    "siw": "corners",
    "celeba-spoof": "in 224",
}


def test_its_side_files_have_the_real_form_and_gaps(twin):
    form, seen = OF_BOXES.get(twin.layout.dataset), set()
    sided = [(sitting, video) for sitting, video in twin.videos if video.sides]
    if form is None:
        assert not sided
        return
    lacking = len(twin.videos) - len(sided)
    assert lacking == (1 if twin.layout.dataset == "celeba-spoof" else 0)
    for sitting, video in sided:
        (side,) = video.sides
        rows = (twin.root / side.path).read_text().splitlines()
        assert all(re.fullmatch(ROWS[form], row) for row in rows), side.path
        wanted = sitting.format.frames - len(side.missing)
        assert len(rows) == wanted, side.path
        seen |= {"missing"} if side.missing == (1,) else set()
        seen |= {"last"} if side.missing == (-1,) else set()
        seen |= (
            {"zero"} if any(re.search(r"(^|[ ,])0[ ,]0[ ,]0[ ,]0", row) for row in rows) else set()
        )
        _first_box_holds_the_face(twin.root, video, form, rows[0], sitting.format)
    if form != "in 224":
        assert seen >= {"zero", "last"} | ({"missing"} if form != "corners" else set())


def _first_box_holds_the_face(root, video, form, row, shape):
    """The row of the first frame is the truth's box, rounded."""
    numbers = [float(n) for n in re.split("[ ,]", row)]
    if form == "in 224":
        x, y, w, h = numbers[:4]
        across, down = shape.width / 224, shape.height / 224
        box = [x * across, y * down, (x + w) * across, (y + h) * down]
    elif form == "xywh":
        x, y, w, h = numbers[1:]
        box = [x, y, x + w, y + h]
    else:
        box = numbers[:4] if form == "corners" else numbers[1:5]
    assert np.abs(np.subtract(box, _box(root, video, 0))).max() < 2, video.path


# protocol, where the faces come from, bona fide and attack presentations of its test
RUNS = {
    "replay-attack": ("replay-attack-grandtest", "dataset", (8, 40)),
    "replay-mobile": ("replay-mobile-grandtest", "dataset", (10, 32)),
    "casia-fasd": ("casia-overall", "detector", (9, 27)),
    "msu-mfsd": ("msu-mfsd", "dataset", (6, 18)),
    "siw": ("siw-1", "dataset", (12, 18)),
    "siw-m": ("siw-m-loo_mask-half", "detector", (2, 2)),
    "siw-mv2": ("siw-mv2-1", "detector", (2, 28)),
    "rose-youtu": ("rose-youtu-intra", "detector", (3, 21)),
    "celeba-spoof": ("celeba-spoof-intra", "dataset", (6, 20)),
    "lcc-fasd": ("lcc-fasd-official", "detector", (3, 3)),
    "faceforensics": ("faceforensics-c23", "detector", (2, 8)),
}


@pytest.fixture
def tiny_pad(tmp_path, monkeypatch):
    """The method of this folder, found by its entry point as an installed one is."""
    info = tmp_path / "installed" / "tiny_pad-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-pad\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[fasharness]\ntiny-pad = tiny_pad\n")
    shutil.copy(Path(__file__).with_name("tiny_pad.py"), info.parent)
    monkeypatch.syspath_prepend(str(info.parent))


def test_its_folder_is_understood_and_whole(twin, command):
    protocol, _, _ = RUNS[twin.layout.dataset]
    ended = command("validate", "--protocol", protocol, "--data", twin.root)
    findings = [line for line in ended.err.splitlines() if "expected, the list counts" not in line]
    assert f"(SIMULATED): {twin.layout.sizes['tiny']} files, 0 findings" in ended.out, findings
    assert ended.code == 0
    opened = plugins.load().make("dataset", twin.layout.dataset)(twin.root)
    shown = opened.protocol(opened.folds[protocol][0]).train[0]
    assert opened.maps(shown, "depth") is not None
    assert opened.maps(shown, "mask") is None


def test_a_missing_and_an_extra_file_are_found(twin):
    """Of any set, also of those whose lists name no file; the folder is left as it was."""
    videos = sorted(video.file for _, video in twin.videos)
    lost, more = twin.root / videos[-1], (twin.root / videos[0]).with_name("extra.avi")
    kept = lost.read_bytes()
    try:
        lost.rename(more)
        found = plugins.load().make("dataset", twin.layout.dataset)(twin.root).validate([])
    finally:
        more.unlink(missing_ok=True)
        lost.write_bytes(kept)
    named = {(one.kind, one.name) for one in found.findings}
    gone, added = (str(path.relative_to(twin.root)) for path in (lost, more))
    assert {("missing", gone.rpartition(".")[0]), ("extra", added)} <= named
    wrote = twin.layout.sizes["tiny"]
    detail = next(one.detail for one in found.findings if one.kind == "count")
    assert detail == f"{wrote - 1} files, the simulator wrote {wrote}"


def test_a_protocol_runs_from_end_to_end(twin, tiny_pad, command, here):
    """Prepared, trained, scored, evaluated and reported, with the data set's own boxes if any."""
    protocol, faces, counts = RUNS[twin.layout.dataset]
    words = ("--plugin", "tiny-pad", "--protocol", protocol, "--faces", faces, "--out", "r")
    words += ("--jobs", 1, "--device", "cpu", "--quiet")
    ended = command("run", *words, "--data", twin.root)
    assert ended.code == 0, ended.err
    found = read(Path("r/result.json"))
    assert found.simulated
    (test,) = (c for c in found.evaluation.counts if c.split == "test")
    assert not test.failed
    assert (test.bona_fide, sum(test.attacks.values())) == counts
    page = Path("r/report.html").read_text()
    assert "SIMULATED" in page
    stand_ins = twin.layout.dataset in ("siw-m", "siw-mv2", "rose-youtu", "celeba-spoof")
    assert ("LAYOUT TWIN" in page) == stand_ins


def test_what_it_lists_is_there(twin):
    """Every name of a list, whatever its form, is that of a video, and all are listed."""
    paths = {video.file: video.instrument is not None for _, video in twin.videos}
    stems = {Path(path).stem for path in paths}
    texts = twin.layout.lists([sitting for sitting, _ in twin.videos])
    for path, text in texts.items():
        if path.startswith("splits/"):
            pairs = json.loads(text)
            assert stems.issuperset(person for pair in pairs for person in pair)
            both = {f"{a}_{b}" for one, other in pairs for a, b in ((one, other), (other, one))}
            assert pairs
            assert stems >= both
        elif path.startswith("metas/"):
            rows = json.loads(text)
            assert {len(row) for row in rows.values()} == {44}
            # 0 is bona fide in this list.
            assert all(paths[name] == bool(row[43]) for name, row in rows.items()), path
            assert rows
        elif path.startswith("pro_3_text"):
            assert stems.issuperset(text.split()), path
        elif path.startswith("protocols/") and not path.endswith("clients.txt"):
            assert paths.keys() >= set(text.split()), path
            assert {paths[name] for name in text.split()} == {"attack-" in path}, path


@pytest.mark.parametrize("size", ["mini", "small"])
@pytest.mark.parametrize("name", FACTS)
def test_larger_sizes_hold_what_they_promise_and_the_smaller_ones_names(name, size):
    layout = LAYOUTS[name]
    users = by_split(None, layout.users)
    names = [video.file for s in layout.sittings(size, users) for video in s.videos]
    assert len(set(names)) == len(names) == layout.sizes[size]
    assert {v.file for s in layout.sittings("tiny", users) for v in s.videos} <= set(names)


def test_no_two_sets_show_the_same_person():
    ranges = sorted(
        (x.people, x.people + max(map(max, x.users.values()))) for x in LAYOUTS.values()
    )
    assert all(a[1] < b[0] for a, b in pairwise(ranges))
