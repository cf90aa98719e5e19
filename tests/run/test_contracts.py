"""What data sets and methods may ask for that OULU-NPU and SGTD do not: each runs end to end."""

import csv
import dataclasses
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from fasharness.clips import At, ClipSpec, Crop, Frames, Label, Sampling, Spread
from fasharness.common.progress import Terminal
from fasharness.data import RGB, Batch, Presentation, Source, Split, rgb
from fasharness.dataset import Dataset, JointDataset
from fasharness.errors import DataError, OptionError, RunError
from fasharness.faces import CropRule, Face, Frame, Region
from fasharness.fitted import Fitted, Gathered
from fasharness.generator import Generator, Made
from fasharness.hookspecs import hookimpl
from fasharness.method import Method, Stage
from fasharness.plugins import Plugins, load
from fasharness.protocol import Convention, Protocol, carve_dev, leave_one_out
from fasharness.result import Result, read
from fasharness.run.experiment import run
from fasharness.run.generated import Card
from fasharness.run.generated import read as read_generated
from fasharness.run.generated import write as write_generated
from fasharness.run.generating import generate
from fasharness.run.settings import Settings
from fasharness.run.trained import load_trained
from fasharness.scores import read_csv

SPECIES = ("", "print", "screen")
GROUPS = {"print": ("print",), "screen": ("screen",)}


def write(root: Path, subjects: Sequence[str], names: str = "{split}_{kind}_{subject}") -> None:
    """Write pictures of bona fide (bright) and attack presentations, and a list of them."""
    root.mkdir(parents=True)
    rows = []
    for number, subject in enumerate(subjects):
        split = ("train", "train", "dev", "test")[number % 4]
        for kind in range(3):
            name = names.format(split=split, kind=kind, subject=subject)
            rng = np.random.default_rng([number, kind])
            picture = rng.integers(0, 60, (40, 50, 3), np.uint8) + (120 if kind == 0 else 20 * kind)
            cv2.imwrite(str(root / f"{name}.png"), picture)
            rows.append([name, SPECIES[kind], subject, split])
    with (root / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)


class Flat:
    """Depth that is the same everywhere, brought or estimated."""

    def estimate(self, index: int, frame: Frame, face: Face) -> NDArray[np.float32]:
        return np.float32([0.5])

    def draw(
        self, estimate: NDArray[np.float32], region: Region, side: int, rule: CropRule
    ) -> NDArray[np.float32]:
        return np.full((side, side), estimate[0], np.float32)

    def crop(
        self, index: int, frame: Frame, face: Face, region: Region, side: int, rule: CropRule
    ) -> NDArray[np.float32]:
        return np.full((side, side), 0.5, np.float32)


class Pictures(Dataset):
    """Single pictures named by a list, with the face in the middle of each."""

    name = "one"
    title = "One"
    folds: ClassVar = {"one1": ("one1",)}
    attributes: ClassVar = {"light": "dim or bright"}

    def shown(self) -> list[tuple[str, Presentation]]:
        with (self.root / "list.csv").open(newline="") as file:
            return [
                (split, Presentation(
                    name, rgb(self.root / f"{name}.png"), self.name, subject,
                    species=species or None, attributes={"light": "dim"},
                ))
                for name, species, subject, split in csv.reader(file)
            ]  # fmt: skip

    def protocol(self, name: str) -> Protocol:
        parts = {str(s): tuple(p for split, p in self.shown() if split == s) for s in Split}
        return Protocol(name, self.name, "list", groups=GROUPS, **parts)  # type: ignore[arg-type]

    def faces(self, presentation: Presentation) -> Mapping[int, Face]:
        assert ":" not in presentation.id  # as the data set made it
        return {0: Face((10.0, 5.0, 20.0, 24.0), 1.0)}

    def maps(self, presentation: Presentation, label: str) -> Flat | None:
        return Flat() if label in ("depth", "warmth") else None


class Others(Pictures):
    name = "two"
    title = "Two"
    folds: ClassVar = {"two1": ("two1",)}


class Both(JointDataset):
    """Train on one data set, test on both; ids and subjects coincide."""

    name = "both"
    title = "Both"
    members = ("one", "two")
    folds: ClassVar = {"both1": ("both1",)}
    attributes: ClassVar = Pictures.attributes

    def protocol(self, name: str) -> Protocol:
        found: dict[str, list[Presentation]] = {"train": [], "dev": [], "test": []}
        for part in self.parts.values():
            for split, presentation in part.protocol(f"{part.name}1").items():
                if split is Split.TEST or part.name == "one":
                    found[split].append(presentation.prefixed())
        parts = {split: tuple(items) for split, items in found.items()}
        return Protocol(name, self.name, "lists", groups=GROUPS, **parts)  # type: ignore[arg-type]


class Recipe(Method):
    """CDCN's recipe on a tiny network: one clip a presentation, one factor for both sides."""

    name = "recipe"
    version = "1"
    seen: ClassVar[list[Batch]] = []

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 1, 3, 1, 1))

    def stages(self) -> tuple[Stage, ...]:
        clips = dataclasses.replace(
            self.scoring_clips(),
            crop=Crop(8, "floor", scale=(1.0, 1.4), steps=2, draw="joint"),
            labels=(Label("depth", 4),),
        )
        return (Stage("map", clips, clips, 3, 4, sampling=Sampling(per_presentation=1)),)

    def scoring_clips(self) -> ClipSpec:
        return ClipSpec(Frames(pick=At((0,))), Crop(8, "floor", scale=(1.2, 1.2)))

    def optimizers(self, stage: Stage, network: nn.Module) -> Sequence[torch.optim.Optimizer]:
        return [torch.optim.Adam(network.parameters(), lr=0.02)]

    def losses(
        self,
        stage: Stage,
        network: nn.Module,
        batch: Batch,
        companions: Mapping[str, nn.Module],
    ) -> Mapping[str, torch.Tensor]:
        self.seen.append(batch)
        return {"total": F.mse_loss(_map(network, batch), batch.labels["depth"][:, 0])}

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        assert not batch.labels
        return _map(network, batch).mean((1, 2))


def _map(network: nn.Module, batch: Batch) -> torch.Tensor:
    found: torch.Tensor = network(batch.rgb[:, 0].float() / 255)[:, 0]
    return found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two list data sets whose names, ids and subjects coincide."""
    for name in ("one", "two"):
        write(tmp_path / name, [f"{n}" for n in range(8)])
        monkeypatch.setenv(f"FASHARNESS_{name.upper()}", str(tmp_path / name))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Recipe.seen.clear()
    return tmp_path


def plugins(*methods: type[Method], datasets: Sequence[type[Dataset]] = ()) -> Plugins:
    every = {d.name: d for d in (Pictures, Others, Both, *datasets)}

    @hookimpl
    def fasharness_methods() -> Mapping[str, Callable[[], type[Method]]]:
        return {m.name: (lambda m=m: m) for m in (Recipe, *methods)}  # type: ignore[misc]

    @hookimpl
    def fasharness_datasets() -> Mapping[str, Callable[[], type[Dataset]]]:
        return {n: (lambda d=d: d) for n, d in every.items()}  # type: ignore[misc]

    @hookimpl
    def fasharness_depth_estimators() -> Mapping[str, Callable[[str], Flat]]:
        return {"flat": lambda device: Flat()}

    hooks = SimpleNamespace(
        fasharness_methods=fasharness_methods,
        fasharness_datasets=fasharness_datasets,
        fasharness_depth_estimators=fasharness_depth_estimators,
    )
    return load([("own", hooks)])


def go(here: Path, protocol: str, found: Plugins, plugin: str = "recipe", **more: Any) -> Path:
    how = {"faces": "dataset", "jobs": 1, "out": here / "run", "max_failures": "0", **more}
    settings = Settings(plugin, protocol, **how)  # type: ignore[arg-type]
    return run(settings, found, Terminal(io.StringIO()), here / "store").folder


def result(folder: Path) -> Result:
    found = read(folder / "result.json")
    assert isinstance(found, Result)
    return found


def test_a_published_recipe_runs_on_a_protocol_over_two_list_data_sets(here: Path):
    folder = go(here, "both1", plugins())
    scores = read_csv(folder / "scores.csv")
    assert len({score.presentation for score in scores}) == len(scores) == 6 + 12
    assert {score.attributes for score in scores} == {(("light", "dim"),)}
    assert {s.presentation.split(":")[0] for s in scores if s.split == "test"} == {"one", "two"}
    assert {s.subject for s in scores if s.split == "test"} == {"one:3", "one:7", "two:3", "two:7"}
    assert len(Recipe.seen) == 3 * 3  # twelve presentations, one clip of each, in batches of 4
    assert {p.dataset for batch in Recipe.seen for p in batch.presentations} == {"one"}
    figures = {m.name: m.value for m in result(folder).evaluation.metrics}
    assert figures["bpcer"] == figures["apcer"] == 0  # brightness tells these classes apart
    with pytest.raises(OptionError, match="Both joins one, two, so --data cannot name one folder"):
        go(here, "both1", plugins(), data=here / "one")


def test_the_scale_is_drawn_once_for_both_sides():
    crop = Crop(8, scale=(1.2, 1.4), steps=2, draw="joint")
    drawn = [crop.factors(np.random.default_rng(seed)) for seed in range(60)]
    assert {round(x, 9) for x, _ in drawn} == {1.2, 1.3, 1.4}
    assert all(x == y for x, y in drawn)
    each = [Crop(8, scale=(1.2, 1.4)).factors(np.random.default_rng(seed)) for seed in range(20)]
    assert all(x != y and 1.2 <= x <= 1.4 and 1.2 <= y <= 1.4 for x, y in each)
    assert crop.factors(None) == (pytest.approx(1.3), pytest.approx(1.3))


class Changed(Pictures):
    """A data set whose protocol a test changes."""

    name = "changed"
    title = "Changed"
    folds: ClassVar = {"changed1": ("changed1",)}
    change: ClassVar[Callable[[Protocol], Protocol]]

    def protocol(self, name: str) -> Protocol:
        return type(self).change(super().protocol(name))


def changed(change: Callable[[Protocol], Protocol]) -> type[Dataset]:
    return type("Made", (Changed,), {"change": staticmethod(change)})


def run_changed(here: Path, change: Callable[[Protocol], Protocol], **more: Any) -> Path:
    found = plugins(datasets=[changed(change)])
    return go(here, "changed1", found, data=here / "one", **more)


def test_a_protocol_without_dev_takes_its_threshold_from_elsewhere_and_says_so(here: Path):
    def no_dev(protocol: Protocol) -> Protocol:
        convention = Convention("EER on test", "test:eer", "EER")
        return dataclasses.replace(protocol, dev=(), convention=convention)

    folder = run_changed(here, no_dev)
    found = result(folder)
    assert found.evaluation.threshold.leaks
    assert {s.split for s in read_csv(folder / "scores.csv")} == {"test"}
    assert found.provenance["protocol"]["rules"]["threshold"] == "test:eer"
    assert found.provenance["protocol"]["dev"] == "none"
    assert "LEAKS" in (folder / "report.html").read_text(encoding="utf-8")
    # a fixed threshold leaks nothing; a unit that the figures do not have is said
    by_clip = Convention(threshold="fixed=0.4", unit="clip")
    fixed = run_changed(
        here, lambda p: dataclasses.replace(p, dev=(), convention=by_clip), out=here / "fixed"
    )
    assert result(fixed).evaluation.threshold.value == 0.4
    assert any("the benchmark counts clips" in w for w in result(fixed).evaluation.warnings)
    assert "clip" not in " ".join(found.evaluation.warnings)


def test_no_dev_and_a_threshold_of_dev_are_refused(here: Path):
    with pytest.raises(DataError, match="has no dev, but its convention chooses the threshold"):
        run_changed(here, lambda protocol: dataclasses.replace(protocol, dev=()))


def test_a_carved_dev_is_named_in_the_result(here: Path):
    def carved(protocol: Protocol) -> Protocol:
        found = carve_dev((*protocol.train, *protocol.dev), 3)
        return dataclasses.replace(protocol, train=found.train, dev=found.dev, dev_rule=found.rule)

    folder = run_changed(here, carved)
    found = result(folder)
    assert "one in 3 subjects of train" in found.provenance["protocol"]["dev"]
    assert any("one in 3 subjects" in warning for warning in found.evaluation.warnings)
    assert {s.subject for s in read_csv(folder / "scores.csv") if s.split == "dev"} == {"2", "6"}


def test_a_carved_dev_shares_no_subject_with_train():
    shown = [Presentation(f"{n}", rgb(Path(f"{n}")), subject=f"{n % 5}") for n in range(20)]
    found = carve_dev(shown, 2)
    train, dev = ({p.subject for p in part} for part in (found.train, found.dev))
    assert (train, dev) == ({"0", "2", "4"}, {"1", "3"})
    assert {p.subject for p in carve_dev(shown, 6).dev} == {"4"}
    with pytest.raises(DataError, match="1 subjects are too few to take some as dev"):
        carve_dev([p for p in shown if p.subject == "1"], 6)


def test_presentations_of_unknown_class_are_scored_and_never_counted(here: Path):
    def hidden(protocol: Protocol) -> Protocol:
        first, *rest = protocol.test
        secret = dataclasses.replace(first, id="secret", species=None, known=False)
        return dataclasses.replace(protocol, test=(first, *rest, secret))

    folder = run_changed(here, hidden)
    assert "secret" not in {s.presentation for s in read_csv(folder / "scores.csv")}
    assert "secret" not in (folder / "clip_scores.csv").read_text(encoding="utf-8")
    with (folder / "unlabelled_scores.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    twin = next(s for s in read_csv(folder / "scores.csv") if s.presentation == "test_0_3")
    assert (row["presentation"], row["split"]) == ("secret", "test")
    assert float(row["score"]) == twin.value
    assert any("1 presentations of unknown class" in w for w in result(folder).evaluation.warnings)


def test_a_data_set_has_metrics_and_a_submission_of_its_own(here: Path):
    class Own(Changed):
        metrics: ClassVar = {"own": lambda given: float(given.weights.sum())}

        def write_submission(
            self, folder: Path, values: Mapping[str, float], threshold: float
        ) -> None:
            lines = (f"{name} {value >= threshold}\n" for name, value in values.items())
            (folder / "own.txt").write_text("".join(lines), encoding="utf-8")

    def hidden(protocol: Protocol) -> Protocol:
        live = next(p for p in protocol.test if p.bona_fide)
        secret = dataclasses.replace(live, id="secret", known=False)
        lost = dataclasses.replace(secret, id="lost", files=rgb(Path("nowhere.png")))
        return dataclasses.replace(protocol, test=(*protocol.test, secret, lost))

    made = type("Made", (Own,), {"change": staticmethod(hidden)})
    folder = go(here, "changed1", plugins(datasets=[made]), data=here / "one", max_failures="1")
    scored = sum(s.split == "test" for s in read_csv(folder / "scores.csv"))
    assert result(folder).evaluation.metric("own").value == scored
    # what could not be read has no decision
    assert (folder / "own.txt").read_text(encoding="utf-8") == "secret True\n"


def test_an_unknown_class_in_train_is_refused(here: Path):
    def hidden(protocol: Protocol) -> Protocol:
        first, *rest = protocol.train
        secret = dataclasses.replace(first, species=None, known=False)
        return dataclasses.replace(protocol, train=(secret, *rest))

    with pytest.raises(DataError, match=r"the class of .* is unknown; only dev and test may hold"):
        run_changed(here, hidden)


def test_a_one_class_protocol_trains_on_its_class(here: Path):
    def live(protocol: Protocol) -> Protocol:
        train = tuple(p for p in protocol.train if p.bona_fide)
        return dataclasses.replace(protocol, train=train, train_classes="bona fide")

    run_changed(here, live)
    assert all(bool(batch.bona_fide.all()) for batch in Recipe.seen)
    assert len(Recipe.seen) == 3 * 1


class Between(Fitted):
    """A brightness is compared with the middle between the classes' means."""

    name = "between"
    version = "1"

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        found = nn.Module()
        found.register_buffer("middle", torch.zeros(()))
        return found

    def scoring_clips(self) -> ClipSpec:
        return ClipSpec(Frames(pick=At((0,))), Crop(8, "floor"))

    def features(self, network: nn.Module, batch: Batch) -> torch.Tensor:
        return batch.rgb.float().mean((1, 2, 3, 4))[:, None]

    def fit(self, network: nn.Module, gathered: Gathered) -> None:
        values, live = gathered.features[:, 0], gathered.bona_fide
        network.middle.fill_((values[live].mean() + values[~live].mean()) / 2)

    def decide(self, network: nn.Module, features: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = features[:, 0] - network.middle
        return found


def test_a_method_without_gradients_is_fitted_kept_and_scores(here: Path):
    folder = go(here, "one1", plugins(Between), plugin="between")
    figures = {m.name: m.value for m in result(folder).evaluation.metrics}
    assert figures["bpcer"] == figures["apcer"] == 0
    again = go(
        here, "one1", plugins(Between), plugin="between", out=here / "scored",
        checkpoint=folder / "model.safetensors",
    )  # fmt: skip
    assert (again / "scores.csv").read_bytes() == (folder / "scores.csv").read_bytes()


def test_a_fit_on_both_classes_is_refused_where_train_has_one(here: Path):
    def live(protocol: Protocol) -> Protocol:
        train = tuple(p for p in protocol.train if p.bona_fide)
        return dataclasses.replace(protocol, train=train, train_classes="bona fide")

    found = plugins(Between, datasets=[changed(live)])
    words = "changed1: no attack presentation in train, and between is fitted on both"
    with pytest.raises(RunError, match=words):
        go(here, "changed1", found, plugin="between", data=here / "one")
    assert not list(here.glob("store/**/*.pack"))


def test_a_protocol_that_only_tests_needs_a_trained_model(here: Path):
    def only_test(protocol: Protocol) -> Protocol:
        return dataclasses.replace(protocol, train=())

    with pytest.raises(RunError, match="has no training part, and recipe must be trained"):
        run_changed(here, only_test)
    trained = go(here, "one1", plugins(), out=here / "trained")
    folder = run_changed(
        here, only_test, out=here / "scored", checkpoint=trained / "model.safetensors"
    )
    assert len(read_csv(folder / "scores.csv")) == 12


def test_a_person_who_is_shown_in_another_ones_attack_counts_as_a_subject(here: Path):
    def swapped(protocol: Protocol) -> Protocol:
        first, second, *rest = protocol.train
        mixed = dataclasses.replace(second, others=("3",))  # a subject of test
        return dataclasses.replace(protocol, train=(first, mixed, *rest))

    with pytest.raises(DataError, match="subject 3 is in both train and test"):
        run_changed(here, swapped)


def test_attributes_must_be_declared(here: Path):
    def odd(protocol: Protocol) -> Protocol:
        first, *rest = protocol.test
        return dataclasses.replace(
            protocol, test=(dataclasses.replace(first, attributes={"tone": "3"}), *rest)
        )

    with pytest.raises(DataError, match=r"attribute 'tone' is not declared by Changed.*light"):
        run_changed(here, odd)


def test_a_presentation_twice_and_no_test_are_refused(here: Path):
    with pytest.raises(DataError, match="listed more than once"):
        run_changed(here, lambda p: dataclasses.replace(p, test=(*p.test, p.dev[0])))
    with pytest.raises(DataError, match="no test presentation, so there is no figure"):
        run_changed(here, lambda p: dataclasses.replace(p, test=()))


class Long(Recipe):
    """Asks for more frames than a picture has."""

    name = "long"

    def scoring_clips(self) -> ClipSpec:
        return ClipSpec(Frames(5, 3), Crop(8))


def test_clips_that_no_picture_can_fill_are_refused_once(here: Path):
    with pytest.raises(RunError, match="consists of single pictures, and long scores clips that"):
        go(here, "one1", plugins(Long), plugin="long")


class Labelled(Recipe):
    """Learns a map of the data set's own, from whole frames."""

    name = "labelled"
    label: ClassVar[str] = "warmth"

    def stages(self) -> tuple[Stage, ...]:
        clips = ClipSpec(Frames(), Crop(8, faces="none"), labels=(Label(self.label, 4),))
        return (Stage("map", clips, clips, 1, 4),)

    def losses(self, stage, network, batch, companions):
        Recipe.seen.append(batch)
        return {"total": F.mse_loss(_map(network, batch), batch.labels[self.label][:, 0])}


def test_a_label_of_the_data_sets_own_and_whole_frames(here: Path):
    go(here, "one1", plugins(Labelled), plugin="labelled")
    (batch, *_) = Recipe.seen
    torch.testing.assert_close(batch.labels["warmth"], torch.full((4, 1, 4, 4), 128 / 255))
    picture = cv2.imread(str(batch.presentations[0].path))[..., ::-1]
    whole = cv2.resize(picture, (8, 8), interpolation=cv2.INTER_AREA).astype(int)
    found = batch.rgb[0, 0].permute(1, 2, 0).numpy()
    assert np.abs(whole - found).max() < 12  # another filter, the same part of the picture


class Choosy(Recipe):
    """Learns from no attacks on paper."""

    name = "choosy"

    def check_training(self, presentations: Sequence[Presentation]) -> None:
        if any(shown.species == "print" for shown in presentations):
            raise ValueError("choosy learns nothing from prints; leave them out")


def test_a_method_may_refuse_a_training_part_before_anything_long(here: Path):
    with pytest.raises(RunError, match=r"^one1: choosy learns nothing from prints"):
        go(here, "one1", plugins(Choosy), plugin="choosy")
    assert not Recipe.seen
    assert not list(here.rglob("*.pack"))


def test_a_label_that_nobody_has_fails_with_a_reason(here: Path):
    cold = type("Cold", (Labelled,), {"name": "cold", "label": "cold"})
    with pytest.raises(RunError, match="its data set brings no 'cold' maps"):
        go(here, "one1", plugins(cold), plugin="cold")


def film(path: Path, values: Sequence[int], shape: tuple[int, int] = (40, 48)) -> None:
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"FFV1"), 10.0, shape[::-1])
    for value in values:
        frame = np.full((*shape, 3), value, np.uint8)
        frame[: shape[0] // 2] //= 4  # the upper half is darker
        video.write(frame)
    video.release()


class Films(Pictures):
    """Videos with a window, an orientation and a second modality."""

    name = "films"
    title = "Films"
    folds: ClassVar = {"films1": ("films1",)}

    def protocol(self, name: str) -> Protocol:
        def moved(shown: Presentation) -> Presentation:
            path = self.root / f"{shown.id}.avi"
            files = {RGB: Source(path), "ir": Source(path.with_suffix(".ir.avi"))}
            return dataclasses.replace(shown, files=files, window=(2, 5), orientation=90)

        found = super().protocol(name)
        parts = {str(s): tuple(map(moved, found.split(s))) for s in Split}
        return dataclasses.replace(found, **parts)  # type: ignore[arg-type]


class Warm(Recipe):
    """Scores with two modalities on whole frames."""

    name = "warm"

    def stages(self) -> tuple[Stage, ...]:
        return ()

    def scoring_clips(self) -> ClipSpec:
        frames = Frames(pick=Spread(9))
        return ClipSpec(frames, Crop(8, faces="none"), modalities=(RGB, "ir"))

    def score(self, stage, network, batch):
        Recipe.seen.append(batch)
        return batch.images["ir"].float().mean((1, 2, 3, 4)) / 255


def test_a_window_an_orientation_and_a_second_modality(here: Path):
    for number, (_, shown) in enumerate(Pictures(here / "one").shown()):
        film(here / "one" / f"{shown.id}.avi", [10, 20, 100, 120, 140, 20, 10])
        film(here / "one" / f"{shown.id}.ir.avi", [0, 0, 200 - number, 200, 200, 0, 0])
    go(here, "films1", plugins(Warm, datasets=[Films]), plugin="warm", data=here / "one")
    (batch, *_) = Recipe.seen
    shown = list(batch.ids())
    assert shown[:4] == [shown[0]] * 3 + [shown[3]]  # of seven frames only those of the window
    bright = batch.rgb[:3, 0].float().mean((1, 2, 3))
    assert bright.diff().min() > 5
    # turned clockwise by a quarter: what was above is at the right
    left, right = batch.rgb[0, 0, :, :, 1].float(), batch.rgb[0, 0, :, :, -2].float()
    assert left.mean() > 3 * right.mean()
    film(here / "one" / "test_0_3.ir.avi", [200] * 4)
    with pytest.raises(RunError, match="4 ir frames, but 7 rgb frames in"):
        go(
            here, "films1", plugins(Warm, datasets=[Films]), plugin="warm", data=here / "one",
            out=here / "again",
        )  # fmt: skip


def test_a_fold_for_each_value_that_is_left_out():
    shown = [
        Presentation("a", rgb(Path("a"))), Presentation("b", rgb(Path("b")), species="print"),
        Presentation("c", rgb(Path("c")), species="mask"),
        Presentation("d", rgb(Path("d")), species="print"),
    ]  # fmt: skip
    folds = leave_one_out(shown, lambda item: item.species)
    assert [(f.value, [p.id for p in f.held]) for f in folds] == [
        ("mask", ["c"]),
        ("print", ["b", "d"]),
    ]
    assert [p.id for p in folds[1].rest] == ["a", "c"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"files": {"ir": Source(Path("a"))}}, "must name the modality 'rgb'"),
        ({"species": "print", "known": False}, "an unknown class has no species"),
        ({"orientation": 45}, "orientation must be 0, 90, 180 or 270, got 45"),
        ({"window": (5, 5)}, "0 <= first < after last"),
    ],
)
def test_a_presentation_that_contradicts_itself_is_refused(change: dict[str, Any], words: str):
    with pytest.raises(ValueError, match=words):
        Presentation(**{"id": "a", "files": rgb(Path("a")), **change})


class Mixing(Recipe):
    """Learns from generated pictures as well, cut as they are."""

    name = "mixing"

    def stages(self) -> tuple[Stage, ...]:
        (stage,) = super().stages()
        whole = ClipSpec(Frames(), Crop(8, faces="none"), labels=(Label("depth", 4),))
        sampling = Sampling(mix={"made": 0.25})
        return (dataclasses.replace(stage, sampling=sampling, auxiliary=whole),)


class Choosing(Mixing):
    """Learns from generated pictures as well where there are some."""

    name = "choosing"

    def stages(self) -> tuple[Stage, ...]:
        (stage,) = super().stages()
        sampling = dataclasses.replace(stage.sampling, optional=("made",))
        return (dataclasses.replace(stage, sampling=sampling),)


def generated(folder: Path, *trained_on: str, count: int = 5, **facts: Any) -> Path:
    """A folder of generated pictures, live ones and prints in turn."""
    facts = {"simulated": False, "model": "m", **facts}
    card = Card(1, "maker", "1", seed=3, count=count, trained_on=trained_on, **facts)

    def made(start: int) -> Iterator[Made]:
        for number in range(start, count):
            picture = np.full((20, 20, 3), 30 * number, np.uint8)
            yield Made(picture, "print" if number % 2 else None, "someone")

    write_generated(folder, card, made, lambda done, total: None)
    return folder


def mix(here: Path, folder: Path, name: str = "made", **more: Any) -> Path:
    found = plugins(Mixing)
    more = {"depth_estimator": "flat", **more}
    return go(here, "one1", found, plugin="mixing", auxiliary={name: str(folder)}, **more)


def test_generated_presentations_share_each_batch(here: Path):
    notes = {"simulated": True, "notes": ("it copied faces of a museum",)}
    folder = mix(here, generated(here / "pictures", "one:train_0_0", **notes))
    assert len(Recipe.seen) == 3 * 4  # twelve clips in threes
    for batch in Recipe.seen:
        assert (batch.own, batch.origins) == (3, ("", "", "", "made"))
        (name,) = (p.id for p in batch.presentations[3:])
        assert name.startswith("made:pictures/")
        assert batch.bona_fide[3] == (int(name[-5]) % 2 == 0)
    warned = " ".join(result(folder).evaluation.warnings)
    assert "trained also on 5 presentations generated by maker (made)" in warned
    assert "the generator of made was trained on SIMULATED data" in warned
    assert "the generator of made: it copied faces of a museum" in warned


def test_a_generator_that_saw_what_is_measured_is_refused(here: Path):
    leaking = generated(here / "pictures", "one:train_0_0", "one:test_1_3")
    words = r"maker was trained on 1 presentations of one1's dev and test, e\.g\. one:test_1_3 of"
    with pytest.raises(OptionError, match=words):
        mix(here, leaking)


def test_an_auxiliary_set_that_is_missing_spare_or_no_such_folder_is_refused_early(here: Path):
    with pytest.raises(OptionError, match=r"mixes the auxiliary set 'made' .*--auxiliary made=DIR"):
        go(here, "one1", plugins(Mixing), plugin="mixing")
    folder = generated(here / "pictures")
    with pytest.raises(OptionError, match=r"recipe has no use for the auxiliary set 'made'.* none"):
        go(here, "one1", plugins(), auxiliary={"made": str(folder)}, out=here / "2")
    (here / "empty").mkdir()
    with pytest.raises(DataError, match=r"no generated\.json, so nobody knows what its generator"):
        mix(here, here / "empty", out=here / "3")
    assert not (here / "store").exists()


def test_an_optional_set_is_used_where_it_is_given_and_the_model_tells_it(here: Path):
    def warned(folder: Path) -> list[str]:
        found = result(folder).evaluation.warnings
        return [one for one in found if "generated by" in one]

    found, made = plugins(Choosing), generated(here / "pictures")
    known = {"plugin": "choosing", "depth_estimator": "flat"}
    without = go(here, "one1", found, **known, out=here / "without")
    assert {batch.origins for batch in Recipe.seen} == {("",) * 4}
    Recipe.seen.clear()
    folder = go(here, "one1", found, **known, auxiliary={"made": str(made)}, out=here / "with")
    assert {batch.origins for batch in Recipe.seen} == {("", "", "", "made")}
    said = "trained also on 5 presentations generated by maker (made)"
    assert (warned(without), warned(folder)) == ([], [said])
    steps = [json.loads((f / "steps.json").read_text()) for f in (without, folder)]
    keys = [one["keys"]["train"].split(" ")[0] for one in steps]  # without the model's hash
    assert keys[0] != keys[1]
    model = folder / "model.safetensors"
    scored = go(here, "one1", found, **known, checkpoint=model, out=here / "scored")
    assert warned(scored) == [said]
    assert said in load_trained(model, found, device="cpu", detector="").notes
    more = {"checkpoint": model, "auxiliary": {"made": str(made)}, "out": here / "no"}
    with pytest.raises(OptionError, match="--auxiliary made: nothing is trained on it"):
        go(here, "one1", found, **known, **more)


def test_an_auxiliary_set_without_presentations_is_refused(here: Path):
    folder = generated(here / "pictures")
    card, rows = folder / "generated.json", folder / "list.csv"
    card.write_text(card.read_text().replace('"count": 5', '"count": 0'))
    rows.write_text(rows.read_text().splitlines()[0] + "\n")
    with pytest.raises(RunError, match="the auxiliary set 'made' holds no presentation"):
        go(here, "one1", plugins(Choosing), plugin="choosing", auxiliary={"made": str(folder)})
    assert not (here / "store").exists()


def test_damaged_generated_sets_are_named(here: Path):
    folder = generated(here / "pictures")
    rows = (folder / "list.csv").read_text(encoding="utf-8")
    for content, words in (
        (rows.rsplit("\n", 2)[0] + "\n", "4 of 5 pictures; generating was interrupted"),
        (
            rows.replace("pictures/000002", "../000002"),
            r"list\.csv, line 4: not a line of list\.csv",
        ),
        ("a,b\n", r"list\.csv, line 1: expected the columns file,species,subject,pair"),
    ):
        (folder / "list.csv").write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match=words):
            read_generated(folder, "made")
    (folder / "generated.json").write_text('{"format": 1}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"generated\.json: 'count' is missing"):
        read_generated(folder, "made")


def test_generating_that_is_interrupted_goes_on_where_it_stopped(here: Path):
    card = Card(1, "maker", "1", "m", 3, 250, False, ())
    started: list[int] = []

    def made(start: int, stop: int = 250) -> Iterator[Made]:
        started.append(start)
        for number in range(start, 250):
            if number == stop:
                raise KeyboardInterrupt
            yield Made(np.full((4, 4, 3), number, np.uint8), None)

    folder, whole = here / "pictures", here / "whole"
    with pytest.raises(KeyboardInterrupt):
        write_generated(folder, card, lambda start: made(start, 230), lambda *now: None)
    write_generated(folder, card, made, lambda *now: None)
    write_generated(whole, card, made, lambda *now: None)
    assert started == [0, 200, 0]
    one, other = ({p.name: p.read_bytes() for p in f.rglob("*.*")} for f in (folder, whole))
    assert one == other
    assert len(one) == 253
    with pytest.raises(DataError, match="holds other generated presentations"):
        write_generated(folder, dataclasses.replace(card, seed=4), made, lambda *now: None)


class Maker(Generator):
    """Learns one colour and makes pairs of pictures of it."""

    name = "maker"
    version = "1"

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        return nn.Linear(1, 3, bias=False)

    def stages(self) -> tuple[Stage, ...]:
        clips = ClipSpec(Frames(), Crop(8, faces="none"))
        return (Stage("colour", clips, clips, 1, 4),)

    def optimizers(self, stage: Stage, network: nn.Module) -> Sequence[torch.optim.Optimizer]:
        return [torch.optim.SGD(network.parameters(), lr=0.1)]

    def losses(self, stage, network, batch, companions):
        seen = batch.rgb.float().mean((0, 1, 3, 4)) / 255
        return {"total": F.mse_loss(network(torch.ones(1)), seen)}

    def notes(self) -> tuple[str, ...]:
        return ("colours are pale",)

    def generate(self, network: nn.Module, number: int, seed: int) -> Sequence[Made]:
        colour = (network(torch.ones(1)).clamp(0, 1) * 200).byte().numpy()
        noise = np.random.default_rng([seed, number]).integers(0, 50, (8, 8, 3), np.uint8)
        live = Made(colour + noise, None, f"{number}", f"{number}")
        return live, live._replace(picture=live.picture // 2, species="print")


def test_a_generator_is_trained_makes_pairs_and_feeds_another_method(here: Path):
    found = plugins(Mixing, Maker)
    settings = Settings("maker", "one1", data=here / "one", jobs=1, out=here / "maker")
    with pytest.raises(OptionError, match="maker is a generator and scores nothing"):
        run(settings, found, Terminal(io.StringIO()), here / "store")
    run(settings, found, Terminal(io.StringIO()), here / "store", last="train")
    how = {"count": 3, "seed": 5, "device": "cpu"}
    for name in ("pictures", "again"):
        card = generate(here / "maker", here / name, found, Terminal(io.StringIO()), **how)
    assert (card.count, card.generator, len(card.trained_on)) == (6, "maker", 12)
    assert card.trained_on[0] == "one:train_0_0"
    assert read_generated(here / "pictures", "made").card.notes == ("colours are pale",)
    one, other = (
        {p.name: p.read_bytes() for p in (here / n).rglob("*.*")} for n in ("pictures", "again")
    )
    assert one == other
    shown = read_generated(here / "pictures", "made").presentations
    assert [p.species for p in shown] == [None, "print"] * 3
    assert shown[0].subject == shown[1].subject != shown[2].subject
    folder = go(
        here, "one1", found, plugin="mixing", depth_estimator="flat", out=here / "mixed",
        auxiliary={"made": str(here / "pictures")},
    )  # fmt: skip
    with pytest.raises(OptionError, match="mixing is no generator; it scores presentations"):
        generate(folder, here / "no", found, Terminal(io.StringIO()), **how)

    def swapped(protocol: Protocol) -> Protocol:
        # The generator saw all of train; a protocol that tests on some of it may not use it.
        return dataclasses.replace(protocol, train=protocol.test, test=protocol.train)

    leaky = plugins(Mixing, Maker, datasets=[changed(swapped)])
    card_path = here / "pictures" / "generated.json"
    card_path.write_text(card_path.read_text().replace('"one:', '"changed:'))
    with pytest.raises(OptionError, match="was trained on 12 presentations of changed1's dev and"):
        go(
            here, "changed1", leaky, plugin="mixing", depth_estimator="flat", out=here / "leaky",
            auxiliary={"made": str(here / "pictures")}, data=here / "one",
        )  # fmt: skip
