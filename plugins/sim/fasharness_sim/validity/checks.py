"""The verdicts: what each check asks, and whether the figures meet it."""

from collections.abc import Iterator, Mapping, Sequence

from fasharness.report.numbers import interval, percent
from fasharness_sim.validity.records import (
    Check,
    DetectionRow,
    Identity,
    ParallaxRow,
    ScorerRow,
    SpectrumRow,
    Validity,
)
from fasharness_sim.validity.summary import BONA_FIDE, OVERLAP

LEAST_TRIVIAL = 0.25
CLASSIC = (0.05, 0.35)
LEAST_FOUND = 0.98
LEAST_PARALLAX = 0.75
LEAST_TRACE = 0.7
STILL = ("print", "warped", "cut")
"""How the names of species begin that show one picture on paper."""


def verdicts(found: Validity, protocols: Mapping[str, str]) -> tuple[Check, ...]:
    """Judge a report by all checks.

    Args:
        found: the report, whose own verdicts are not looked at.
        protocols: see `classic`.

    Returns:
        The verdicts; a check that needs a protocol which was not asked for is left out.
    """
    return (
        trivial(found.scorers),
        *classic(found.scorers, protocols),
        detection(found.detection),
        *parallax(found.parallax),
        traces(found.spectra),
        identity(found.identity),
    )


def trivial(rows: Sequence[ScorerRow]) -> Check:
    """Check that no single number separates the classes."""
    mine = sorted((r for r in rows if r.kind == "trivial"), key=_acer)
    below = [r for r in mine if _acer(r) < LEAST_TRIVIAL]
    sure = [r for r in below if r.acer.high is not None and r.acer.high < LEAST_TRIVIAL]
    lowest = mine[0]
    found = f"the lowest is {_named(lowest)}"
    if below:
        found = (
            f"{len(below)} of {len(mine)} are below, {len(sure)} of them with their whole "
            f"interval: {', '.join(_named(r) for r in below[:6])}"
        )
    rule = (
        "no trivial scorer has an ACER under 25 % on any protocol (threshold and direction from "
        "dev; all folds of a protocol together)"
    )
    return Check("trivial", "No cheap trick works", not below, rule, found)


def classic(rows: Sequence[ScorerRow], protocols: Mapping[str, str]) -> Iterator[Check]:
    """Check that classic baselines do as well, and get worse, as on real data.

    Args:
        rows: the scorers.
        protocols: the data set's protocols, each in words; the first is judged, and the last
            should be harder.

    Yields:
        A check of each baseline; none where the first protocol was not asked for.
    """
    names = tuple(protocols)
    plain, hardest = names[0], names[-1]
    for name in dict.fromkeys(r.name for r in rows if r.kind == "classic"):
        mine = {r.protocol: r for r in rows if r.name == name}
        if plain not in mine:
            continue
        first, last = mine[plain], mine.get(hardest) if hardest != plain else None
        inside = CLASSIC[0] <= _acer(first) <= CLASSIC[1]
        harder = last is None or _acer(last) > _acer(first)
        rule = f"ACER between 5 and 35 % on {protocols[plain]}" + (
            f", and higher on {protocols[hardest]} than on {protocols[plain]}" if last else ""
        )
        found = ", ".join(_figure(row) for row in mine.values())
        title = f"Classic baseline {name.replace('_', ' ')} is as good as on real data"
        yield Check(f"classic_{name}", title, inside and harder, rule, found)


def detection(rows: Sequence[DetectionRow]) -> Check:
    """Check that a detector finds the bona fide faces."""
    live = next(row for row in rows if row.species == BONA_FIDE).found
    found = "; ".join(
        f"{row.species} {percent(row.found.value or 0.0)} % of {row.found.count} frames"
        for row in rows
    )
    rule = (
        f"in at least 98 % of bona fide frames the main face found has an overlap of {OVERLAP} "
        "or more with the true one"
    )
    holds = (live.value or 0.0) >= LEAST_FOUND
    return Check("detection", "Faces look like faces to a machine", holds, rule, found)


def parallax(rows: Sequence[ParallaxRow]) -> Iterator[Check]:
    """Check that bona fide faces are not planes, and that prints are; nothing without prints."""
    # Prints alone: a replay carries its user's parallax, which no homography explains either.
    prints = [row for row in rows if row.species.startswith(STILL)]
    if not prints:
        return
    holds = all(row.auc is not None and row.auc >= LEAST_PARALLAX for row in prints)
    found = "AUC of bona fide against " + ", ".join(
        f"{row.species} {'–' if row.auc is None else f'{row.auc:.2f}'}"
        for row in rows
        if row.species != BONA_FIDE
    )
    rule = (
        "what one homography leaves of the movement is more for bona fide faces than for each "
        "kind of print (AUC at least 0.75). A replayed video carries the movement of its user in "
        "depth, which no homography of the screen explains either: its AUC is shown, not judged"
    )
    yield Check("parallax", "Depth shows in the movement", holds, rule, found)


def traces(rows: Sequence[SpectrumRow]) -> Check:
    """Check that every instrument leaves its pattern."""
    best: dict[str, float] = {}
    for row in rows:
        for value in (row.auc_peak, row.auc_level):
            if value is not None:
                best[row.species] = max(best.get(row.species, 0.0), value)
    rule = (
        "in the luma spectrum of the face or of the wall beside it, each species has a stronger "
        "peak or more power than bona fide videos (the best of these four AUCs at least 0.7)"
    )
    found = ", ".join(f"{species} {value:.2f}" for species, value in best.items())
    holds = all(value >= LEAST_TRACE for value in best.values())
    return Check("traces", "Dots and screen pixels leave traces", holds, rule, found)


def identity(found: Identity) -> Check:
    """Check that no person is in two splits under two names."""
    nearest = found.nearest[0]
    usual = found.within[1] if found.within else 0.0
    words = (
        f"nearest are {nearest.first} ({nearest.first_split}) and {nearest.second} "
        f"({nearest.second_split}), {nearest.distance:.3f} apart; the halves of a person's videos "
        f"are {usual:.3f} apart (median)"
    )
    rule = (
        "no two persons of different splits are nearer to each other than one half of a person's "
        "videos usually is (median) to the other half"
    )
    holds = bool(found.within) and nearest.distance > usual
    return Check("identity", "No person is in two splits", holds, rule, words)


def _acer(row: ScorerRow) -> float:
    return row.acer.value if row.acer.value is not None else 0.0


def _figure(row: ScorerRow) -> str:
    return f"{row.protocol} {percent(_acer(row))} % ({interval(row.acer)})"


def _named(row: ScorerRow) -> str:
    return f"{row.name} on {_figure(row)}"
