"""What the steps of a run share: the experiment, and one fold of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fasharness.clips import ClipSpec
from fasharness.common.progress import Console
from fasharness.data import Presentation, Split
from fasharness.dataset import Dataset, JointDataset
from fasharness.errors import DataError
from fasharness.method import Method
from fasharness.plugins import Plugins
from fasharness.protocol import Protocol
from fasharness.run.folder import Steps
from fasharness.run.generated import Generated, open_all, refuse_leaks
from fasharness.run.settings import Settings

if TYPE_CHECKING:
    from fasharness.engine.clips import ClipSource
    from fasharness.prepare.prepared import Prepared


@dataclass(frozen=True)
class Experiment:
    """What every fold of a run shares.

    Attributes:
        settings: resolved: data folder and number of processes are filled in.
        plugins: the plugins in use.
        console: receives messages and progress.
        method: the method with its options.
        dataset: the data set at its root.
        store: folder of the clip store.
        weights: named weights that the network starts from; empty where a model is given.
    """

    settings: Settings
    plugins: Plugins
    console: Console
    method: Method
    dataset: Dataset
    store: Path
    weights: Mapping[str, Path] = field(default_factory=dict)

    @property
    def parts(self) -> Mapping[str, Dataset]:
        """The data sets that presentations come from, by name: the data set itself, or several."""
        if isinstance(self.dataset, JointDataset):
            return self.dataset.parts
        return {self.dataset.name: self.dataset}


@dataclass(frozen=True)
class Fold:
    """One fold of an experiment; a protocol without folds is its own only fold.

    Attributes:
        experiment: the experiment.
        protocol: the fold's presentations.
        folder: folder of its files.
        steps: which of its steps are done.
        generated: the generated sets among the protocol's auxiliary ones, by name.
    """

    experiment: Experiment
    protocol: Protocol
    folder: Path
    steps: Steps
    generated: Mapping[str, Generated] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The settings of the run."""
        return self.experiment.settings

    @property
    def method(self) -> Method:
        """The method with its options."""
        return self.experiment.method

    @property
    def scoring_clips(self) -> ClipSpec:
        """The clips that dev and test are scored on."""
        return self.method.scoring_clips()

    @property
    def model(self) -> Path | None:
        """The model file, which may not be trained yet; None if nothing is learnt."""
        if self.settings.checkpoint is not None or not self.method.stages():
            return self.settings.checkpoint
        return self.folder / "model.safetensors"

    def source(self, prepared: Prepared, presentation: Presentation, spec: ClipSpec) -> ClipSource:
        """Return where the clips of a presentation are stored and how they are cut."""
        from fasharness.engine.clips import ClipSource

        rule = self.experiment.plugins.make("crop", spec.crop.rule)
        return ClipSource(presentation, prepared.get(presentation, spec), spec, rule)


def _attributed(presentation: Presentation, experiment: Experiment) -> Presentation:
    """Name the data set of a presentation, and refuse attributes that nobody declared."""
    dataset = experiment.parts.get(presentation.dataset, experiment.dataset)
    unknown = sorted(presentation.attributes.keys() - dataset.attributes.keys())
    if unknown:
        raise DataError(
            f"{presentation.id}: attribute {unknown[0]!r} is not declared by {dataset.title}; "
            f"declared: {', '.join(sorted(dataset.attributes)) or 'none'}"
        )
    return presentation if presentation.dataset else replace(presentation, dataset=dataset.name)


def open_fold(experiment: Experiment, name: str, folder: Path) -> Fold:
    """Open a fold for work.

    Args:
        experiment: the experiment.
        name: of the fold, or of a protocol without folds.
        folder: folder of its files; it may not exist yet.

    Raises:
        DataError: the data set's lists are missing or broken.
    """
    protocol = experiment.dataset.protocol(name).limited(experiment.settings.limit)
    parts = {str(s): tuple(_attributed(p, experiment) for p in protocol.split(s)) for s in Split}
    generated = open_all(experiment.settings.auxiliary)
    made = {name: found.presentations for name, found in generated.items()}
    # At once: a protocol checks all its presentations whenever it is made.
    protocol = replace(
        protocol,
        **parts,  # type: ignore[arg-type]
        auxiliary={**protocol.auxiliary, **made},
        # Simulated data must never pass for real, even if the data set's author forgot the mark.
        simulated=protocol.simulated or experiment.dataset.simulated,
    )
    refuse_leaks(generated, protocol)
    steps = Steps(folder / "steps.json", experiment.console.say)
    return Fold(experiment, protocol, folder, steps, generated)
