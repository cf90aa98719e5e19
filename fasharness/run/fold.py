"""One fold of a run: its steps from videos to a report, each done once under a content key."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fasharness import scores as score_files
from fasharness.common.files import digest, sha256, write_json
from fasharness.common.progress import Console
from fasharness.common.workers import default_jobs
from fasharness.data import ClipSpec, Presentation, Protocol, Split
from fasharness.dataset import Dataset
from fasharness.errors import RunError
from fasharness.method import Method
from fasharness.plugins import Plugins
from fasharness.result import Result
from fasharness.run.folder import Steps, mark_simulated
from fasharness.run.judge import judge
from fasharness.run.resume_keys import fit_key, score_key, training_specs
from fasharness.run.settings import Settings
from fasharness.scores import Score

if TYPE_CHECKING:
    from lightning_fabric import Fabric
    from torch import nn

    from fasharness.engine.clips import ClipSource
    from fasharness.engine.score import Scored
    from fasharness.engine.train import EpochRecord
    from fasharness.method import Stage
    from fasharness.prepare.pipeline import Recipe
    from fasharness.prepare.prepared import Prepared


@dataclass(frozen=True)
class Experiment:
    """What every fold of a run shares."""

    settings: Settings
    plugins: Plugins
    console: Console
    method: Method
    dataset: Dataset
    store: Path

    @property
    def jobs(self) -> int:
        """Processes to use."""
        return self.settings.jobs or default_jobs()


class Scoring(NamedTuple):
    """A presentation's score and those of its clips, none where it failed."""

    score: Score
    values: tuple[float, ...]

    def clips(self) -> Iterator[Score]:
        """One row for each clip, from which another aggregator can make the score."""
        score = self.score
        share = score.frames // max(1, score.clips)
        for number, value in enumerate(self.values or (score.value,), start=1):
            yield dataclasses.replace(
                score,
                presentation=f"{score.presentation}#{number}",
                value=value,
                clips=min(1, score.clips),
                frames=share,
                unit="clip",
                video=score.presentation,
            )


class Fold:
    """One fold: a protocol, a folder and the steps from videos to a report."""

    def __init__(self, experiment: Experiment, name: str, folder: Path) -> None:
        self.experiment = experiment
        self.settings = experiment.settings
        self.method = experiment.method
        self.folder = folder
        self.steps = Steps(folder / "steps.json")
        self.protocol = experiment.dataset.protocol(name).limited(self.settings.limit)
        self.spec = self.method.scoring_clips()

    def run(self, last: str) -> Result | None:
        """Do the steps up to `last`; what is there under the same key is not done again."""
        self._tell_notes()
        if self.protocol.simulated:
            mark_simulated(self.folder)
        prepared = self.prepare()
        model: Path | None = None
        scores: tuple[Score, ...] = ()
        if last != "prepare":
            model = self.train(prepared)
        if last in ("score", "run"):
            scores = self.score(prepared, model)
        self._check_failures(prepared, scores)
        return judge(self, prepared, scores, model) if last == "run" else None

    @property
    def model(self) -> Path | None:
        """The model file, which may have to be trained first; None if nothing is learnt."""
        if self.settings.checkpoint is not None or not self.method.stages():
            return self.settings.checkpoint
        return self.folder / "model.safetensors"

    def recipe(self) -> Recipe:
        """How faces and depth are found."""
        from fasharness.prepare.pipeline import Recipe

        settings, dataset = self.settings, self.experiment.dataset
        return Recipe(
            dataset.name,
            dataset.root,
            settings.faces,
            settings.detector,
            settings.depth_folder,
            settings.depth_estimator,
            "cpu" if settings.device == "auto" else settings.device,
        )

    def prepare(self) -> Prepared:
        """Clips of every presentation that this fold needs."""
        from fasharness.prepare.pipeline import prepare
        from fasharness.prepare.store import ClipStore

        experiment = self.experiment
        with self.steps.timed("prepare"), experiment.console.bar("prepare", "videos") as advance:
            prepared = prepare(
                self._wanted(),
                self.recipe(),
                ClipStore(experiment.store),
                experiment.plugins,
                jobs=experiment.jobs,
                progress=lambda done, total: advance(done, total, ""),
            )
        write_json(self.folder / "preparation.json", prepared.summary())
        experiment.console.say(prepared.words())
        return prepared

    def train(self, prepared: Prepared) -> Path | None:
        """The model file: given, trained before, or trained now; None if nothing is learnt."""
        path = self.model
        if path is None or path == self.settings.checkpoint:
            return path
        key = fit_key(self.method, self.settings, self.protocol, prepared)
        if not self.steps.current("train", key, path):
            with self.steps.timed("train"):
                self._fit(prepared, path, key)
            self.steps.finish("train", key)
        return path

    def score(self, prepared: Prepared, model: Path | None) -> tuple[Score, ...]:
        """Scores of dev and test, and their files."""
        path, of_clips = self.folder / "scores.csv", self.folder / "clip_scores.csv"
        key = digest([self.score_key(prepared, self.method), sha256(model) if model else ""])
        written = sha256(path) if path.is_file() else ""
        if not self.steps.current("score", f"{key} gave {written}", path, of_clips):
            with self.steps.timed("score"):
                found = self._score(prepared, model, key)
                scores = [each.score for each in found]
                score_files.write_csv(of_clips, [clip for each in found for clip in each.clips()])
                score_files.write_csv(path, scores)
                self.experiment.dataset.write_official_scores(self.folder, scores)
                self._journal.unlink()
            self.steps.finish("score", f"{key} gave {sha256(path)}")
        return score_files.read_csv(path)

    @property
    def _journal(self) -> Path:
        """Scores of a scoring that is not finished."""
        return self.folder / "scoring.jsonl"

    def _wanted(self) -> dict[Presentation, list[ClipSpec]]:
        wanted: dict[Presentation, list[ClipSpec]] = {}
        for split, presentation in self.protocol.items():
            if split is not Split.TRAIN:
                wanted[presentation] = [self.spec]
            elif self.settings.checkpoint is None and self.method.stages():
                wanted[presentation] = training_specs(self.method, presentation)
        return wanted

    def _fit(self, prepared: Prepared, path: Path, key: str) -> None:
        from fasharness.engine import train
        from fasharness.engine.checkpoint import save_model

        fabric, network = self._network()

        def finished(history: Sequence[EpochRecord]) -> None:
            records = [dataclasses.asdict(record) for record in history]
            write_json(self.folder / "training.json", records)
            save_model(path, self.method, network, key)

        with self.experiment.console.bar("train", "batches") as advance:
            plan = train.Plan(
                method=self.method,
                sources={s.name: self._training(prepared, s) for s in self.method.stages()},
                validate=lambda net, stage: self._dev_eer(net, prepared, fabric, stage),
                seed=self.settings.seed,
                key=key,
                state=self.folder / "training.safetensors",
                save_every=self.settings.save_every,
                workers=self.settings.workers,
                progress=lambda p: advance(p.done, p.total, p.words()),
                finished=finished,
            )
            train.fit(plan, network, fabric)

    def _network(self) -> tuple[Fabric, nn.Module]:
        """The device and a network with fresh weights on it, both decided by the seed."""
        import torch

        from fasharness.engine.device import make_fabric

        fabric = make_fabric(self.settings.device, self.settings.precision)
        torch.manual_seed(self.settings.seed)
        return fabric, fabric.to_device(self.method.network())

    def _training(self, prepared: Prepared, stage: Stage) -> list[ClipSource]:
        return [self.source(prepared, p, stage.clips(p.bona_fide)) for p in self.protocol.train]

    def source(self, prepared: Prepared, presentation: Presentation, spec: ClipSpec) -> ClipSource:
        """Where the clips of a presentation lie and how they are cut."""
        from fasharness.engine.clips import ClipSource

        rule = self.experiment.plugins.make("crop", spec.crop)
        return ClipSource(presentation, prepared.get(presentation, spec), spec, rule)

    def _dev_eer(
        self, network: nn.Module, prepared: Prepared, fabric: Fabric, stage: Stage
    ) -> float:
        """EER on dev, by which a stage's weights are chosen."""
        from fasharness.engine.score import score_source
        from fasharness.metrics.curves import eer, error_curve

        network.eval()
        values: dict[bool, list[float]] = {True: [], False: []}
        for presentation in self.protocol.dev:
            source = self.source(prepared, presentation, self.spec)
            scored = score_source(self.method, network, source, fabric, stage)
            if not scored.failure:
                values[presentation.bona_fide].append(scored.value)
        if not all(values.values()):
            raise RunError("a class of dev has no score to choose by; see preparation.json for why")
        return float(eer(error_curve(values[True], values[False])))

    def loaded(self, model: Path | None) -> tuple[Fabric, nn.Module]:
        """The device and the network with its weights on it."""
        from fasharness.engine.checkpoint import load_model

        fabric, network = self._network()
        if model is not None:
            load_model(model, self.method, network)
        return fabric, network

    def _score(self, prepared: Prepared, model: Path | None, key: str) -> list[Scoring]:
        fabric, network = self.loaded(model)
        return list(self.scored(prepared, self.method, network, fabric, self._journal, key))

    def scored(
        self,
        prepared: Prepared,
        method: Method,
        network: nn.Module,
        fabric: Fabric,
        journal: Path,
        key: str,
    ) -> Iterator[Scoring]:
        """Score dev and test with a method on this run's clips."""
        from fasharness.engine.score import Journal

        items = [item for item in self.protocol.items() if item[0] is not Split.TRAIN]
        sources = [self.source(prepared, presentation, self.spec) for _, presentation in items]
        with self.experiment.console.bar(f"score {method.name}", "presentations") as advance:
            book = Journal(journal, key)
            done = book.score_all(method, network, sources, fabric)
            for number, ((split, item), scored) in enumerate(zip(items, done, strict=True), 1):
                score = _score(self.protocol, split, item, scored)
                if method is self.method and item.id not in book.done:
                    self.experiment.plugins.hook.fasharness_presentation_scored(
                        folder=self.folder, score=score
                    )
                advance(number, len(items), "")
                yield Scoring(score, scored.values)

    def score_key(self, prepared: Prepared, method: Method) -> str:
        """Content key of scoring with a method."""
        return score_key(method, self.settings, self.protocol, prepared, self.spec)

    def _check_failures(self, prepared: Prepared, scores: Sequence[Score]) -> None:
        failures = prepared.failures() | {s.presentation: s.failure for s in scores if s.failure}
        allowed = self.settings.allowed_failures(len(self._wanted()))
        if len(failures) > allowed:
            name, reason = next(iter(sorted(failures.items())))
            raise RunError(
                f"{len(failures)} of {len(self._wanted())} presentations failed, {allowed} are "
                f"allowed (--max-failures {self.settings.max_failures}); the first is {name}: "
                f"{reason}; all are in {self.folder / 'preparation.json'}, the scores of the "
                f"others in {self.folder / 'scores.csv'}"
            )

    def _tell_notes(self) -> None:
        notes = self.experiment.dataset.notes(self.protocol.name)
        for note in notes[:3]:
            self.experiment.console.say(f"note: {note}")
        if len(notes) > 3:
            self.experiment.console.say(
                f"note: {len(notes) - 3} more differences between the lists and the published "
                f"rule: fasharness validate --protocol {self.protocol.name}"
            )


def _score(protocol: Protocol, split: Split, presentation: Presentation, scored: Scored) -> Score:
    return Score(
        presentation=presentation.id,
        split=str(split),
        subject=presentation.subject,
        species=presentation.species,
        group=protocol.group_of(presentation.species),
        value=scored.value,
        clips=scored.clips,
        frames=scored.frames,
        failure=scored.failure,
        device=presentation.device,
        session=presentation.session,
        simulated=protocol.simulated,
    )
