"""Checks, before anything long starts, that a protocol has what a method needs."""

from __future__ import annotations

from fasharness.errors import OptionError, RunError
from fasharness.prepare.images import is_image
from fasharness.run.fold import Fold


def check_feasible(fold: Fold) -> None:
    """Refuse what cannot end well, before the long preparation.

    Raises:
        RunError: the protocol lacks what the method needs.
        OptionError: an auxiliary set is missing or of no use.
    """
    protocol, name = fold.protocol, fold.method.name
    trains = fold.settings.checkpoint is None and bool(fold.method.stages())
    if trains and not protocol.train:
        raise RunError(
            f"{protocol.name} has no training part, and {name} must be trained; score a trained "
            "model with --checkpoint"
        )
    if trains:
        try:
            fold.method.check_training(protocol.train)
        except ValueError as error:
            raise RunError(f"{protocol.name}: {error}") from None
    _check_auxiliary(fold)
    span = fold.scoring_clips.frames.span
    scored = [*protocol.dev, *protocol.test]
    if span > 1 and all(is_image(shown.path) for shown in scored):
        raise RunError(
            f"{protocol.name} consists of single pictures, and {name} scores clips that span "
            f"{span} frames; choose a method, or options, for single frames"
        )


def _check_auxiliary(fold: Fold) -> None:
    """Refuse auxiliary sets that are needed but missing, empty, or given for nothing."""
    name, given = fold.method.name, fold.protocol.auxiliary
    if fold.settings.checkpoint is not None:
        if asked := sorted(fold.settings.auxiliary):
            raise OptionError(
                f"--auxiliary {asked[0]}: nothing is trained on it, since --checkpoint gives the "
                "model; leave one of the two out"
            )
        return
    mixes = [stage.sampling for stage in fold.method.stages()]
    mixed = {one for sampling in mixes for one in sampling.mix}
    needed = {one for sampling in mixes for one in sampling.mix.keys() - {*sampling.optional}}
    if missing := sorted(needed - given.keys()):
        raise OptionError(
            f"{name} mixes the auxiliary set {missing[0]!r} into its batches, and there is none; "
            f"give its folder with --auxiliary {missing[0]}=DIR"
        )
    if spare := sorted(given.keys() - mixed):
        raise OptionError(
            f"{name} has no use for the auxiliary set {spare[0]!r}; it mixes in: "
            f"{', '.join(sorted(mixed)) or 'none'}"
        )
    # An optional one would pass for one that is not given.
    if empty := [one for one, shown in given.items() if not shown]:
        raise RunError(f"the auxiliary set {empty[0]!r} holds no presentation")
