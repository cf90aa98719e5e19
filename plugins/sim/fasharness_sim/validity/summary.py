"""From the findings of videos to rows by species: detection, parallax, spectra, identity."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fasharness.data import Presentation, Split
from fasharness.metrics import binomial
from fasharness.metrics.curves import auc, error_curve
from fasharness.protocol import Protocol
from fasharness.result import Metric
from fasharness_sim.validity import spectra
from fasharness_sim.validity.identity import neighbours
from fasharness_sim.validity.measuring import Measured
from fasharness_sim.validity.records import (
    DetectionRow,
    Identity,
    IdentityPair,
    ParallaxRow,
    SpectrumRow,
    SplitCounts,
)
from fasharness_sim.validity.video import Floats

BONA_FIDE = "bona fide"
OVERLAP = 0.6
NEAREST = 8
_QUARTERS = (25, 50, 75)
BySpecies = Mapping[str, Sequence[Measured]]
Singles: TypeAlias = NDArray[np.float32]


def counts(folds: Iterable[Protocol]) -> tuple[SplitCounts, ...]:
    """Count the presentations of every fold and split."""
    return tuple(_count(fold, split) for fold in folds for split in Split)


def _count(fold: Protocol, split: Split) -> SplitCounts:
    shown = fold.split(split)
    attacks = Counter(p.species for p in shown if p.species is not None)
    return SplitCounts(
        protocol=fold.name,
        split=split,
        bona_fide=sum(p.bona_fide for p in shown),
        attacks=dict(sorted(attacks.items())),
        subjects=len({p.subject for p in shown}),
    )


def by_species(
    presentations: Iterable[Presentation], findings: Mapping[str, Measured]
) -> BySpecies:
    """Sort findings by species, bona fide first."""
    sorted_out: dict[str, list[Measured]] = {BONA_FIDE: []}
    for shown in sorted(presentations, key=lambda p: (p.species or "", p.id)):
        sorted_out.setdefault(shown.species or BONA_FIDE, []).append(findings[shown.id])
    return sorted_out


def detection(found: BySpecies) -> tuple[DetectionRow, ...]:
    """Compute how often the detector finds the true face."""
    return tuple(_detected(species, videos) for species, videos in found.items())


def _detected(species: str, videos: Sequence[Measured]) -> DetectionRow:
    frames = np.concatenate([video.overlaps for video in videos])
    hits, count = int((frames[:, 0] >= OVERLAP).sum()), len(frames)
    # Exact, as the share of frames is near 1, where a normal interval would reach beyond 1.
    low, high = binomial.clopper_pearson(hits, count, 0.95)
    seen = frames[frames[:, 1] > 0, 0]
    return DetectionRow(
        species=species,
        found=Metric("found", hits / count, low, high, count),
        several=int((frames[:, 1] > 1).sum()),
        overlap=float(np.median(seen)) if seen.size else None,
    )


def parallax(found: BySpecies) -> tuple[ParallaxRow, ...]:
    """Compute how much of each species' movement a plane explains."""
    ways = {species: np.array([video.parallax for video in v]) for species, v in found.items()}
    live = _relative(ways[BONA_FIDE])
    return tuple(
        ParallaxRow(
            species=species,
            videos=len(way),
            unmeasured=int(np.isnan(way[:, 0]).sum()),
            residual=_quartiles(100 * way[:, 0]),
            movement=_quartiles(100 * way[:, 1]),
            relative=_quartiles(_relative(way)),
            auc=None if species == BONA_FIDE else _above(live, _relative(way)),
        )
        for species, way in ways.items()
    )


def _relative(way: Floats) -> Floats:
    """Residual over movement of the videos that have one."""
    known = way[np.isfinite(way[:, 0]) & (way[:, 1] > 0)]
    return np.asarray(known[:, 0] / known[:, 1])


def _quartiles(values: Floats) -> tuple[float, ...]:
    known = values[np.isfinite(values)]
    return tuple(float(q) for q in np.percentile(known, _QUARTERS)) if known.size else ()


def _above(first: Floats, second: Floats) -> float | None:
    """Chance that one of the first values is above one of the second."""
    if not first.size or not second.size:
        return None
    return auc(error_curve(np.sort(first), np.sort(second)))


def spectrum(found: BySpecies) -> tuple[SpectrumRow, ...]:
    """Compare each species' spectra with those of bona fide videos."""
    rows: list[SpectrumRow] = []
    for number, region in enumerate(spectra.REGIONS):
        live = _traces(found[BONA_FIDE], number)
        usual = _mean_rings(found[BONA_FIDE], number)
        for species, videos in found.items():
            traces = _traces(videos, number)
            aucs = [_above(traces[:, k], live[:, k]) for k in (0, 1)]
            peak, level = np.median(traces, axis=0)
            attack = species != BONA_FIDE
            rows.append(
                SpectrumRow(
                    species=species,
                    region=region,
                    peak=float(peak),
                    level=float(level),
                    auc_peak=aucs[0] if attack else None,
                    auc_level=aucs[1] if attack else None,
                    excess=tuple(map(float, _mean_rings(videos, number) - usual)) if attack else (),
                )
            )
    return tuple(rows)


def _traces(videos: Sequence[Measured], region: int) -> Floats:
    return np.stack([video.traces[region] for video in videos])


def _mean_rings(videos: Sequence[Measured], region: int) -> Floats:
    return np.asarray(np.mean([video.rings[region] for video in videos], axis=0))


def identity(folds: Sequence[Protocol], findings: Mapping[str, Measured]) -> Identity:
    """Compare the persons of different splits, by bona fide videos where they have two."""
    splits: dict[str, str] = {}
    live: dict[str, dict[str, Singles]] = {}
    every: dict[str, dict[str, Singles]] = {}
    for split, shown in chain.from_iterable(fold.items() for fold in folds):
        splits[shown.subject] = split
        every.setdefault(shown.subject, {})[shown.id] = findings[shown.id].signature
        if shown.bona_fide:
            live.setdefault(shown.subject, {})[shown.id] = findings[shown.id].signature
    signed = {
        who: [mine[name] for name in sorted(mine)]
        for who in every
        for mine in (live[who] if len(live.get(who, ())) > 1 else every[who],)
    }
    found = neighbours(signed, splits)
    nearest = tuple(
        IdentityPair(p.first, splits[p.first], p.second, splits[p.second], p.distance)
        for p in found.pairs[:NEAREST]
    )
    return Identity(len(signed), _quartiles(found.within), nearest)
