"""The validity report as one page that opens offline."""

from collections.abc import Sequence

from fasharness.report.html import Html, join, section, table, tag
from fasharness.report.numbers import percent
from fasharness.report.page import document
from fasharness_sim.validity import drawing
from fasharness_sim.validity.checks import LEAST_TRIVIAL
from fasharness_sim.validity.records import ScorerRow, Validity
from fasharness_sim.validity.spectra import REGIONS
from fasharness_sim.validity.summary import OVERLAP

_TRIVIAL = (
    "One number a video, its direction and its threshold (dev's EER) chosen on dev, judged on "
    "test. The test presentations of all folds of a protocol are counted together, each at its "
    "own fold's threshold; below each ACER stands its 95 % interval over subjects. 50 % is "
    "chance; more than 50 % is a direction that dev suggested and test refutes. The mark is 25 %. "
    "The other direction is shown, not judged, since choosing it would look at test."
)
_CLASSIC = (
    "A support vector machine on features standardised on train, both fitted on train alone. "
    "Colour texture: histograms of uniform local binary patterns in YCbCr and HSV (Boulkenafet et "
    "al. 2015), which reached 13.5 and 14.2 % on the real protocols 1 and 2 (OULU-NPU paper, 2017)."
    " Image quality: what a slight blur changes (Galbally et al. 2014), reflection, blur, colour "
    "moments and diversity (Wen et al. 2015)."
)
_DETECTION = (
    f"MTCNN on some frames of each video: found means that its main face overlaps the true face's "
    f"box (from the exact depth) by {OVERLAP} or more, intersection over union."
)
_PARALLAX = (
    "Corners of the face are followed through the video and one homography is fitted to each "
    "frame; the residual is the part of what is left that all frames share. In per cent of the "
    "face's width; three numbers are quartiles over videos."
)
_SPECTRA = (
    "Power spectra of luma in squares of 96 pixels, in 24 rings from 0.08 to 0.5 cycles a pixel. "
    "Peak: the strongest frequency above the median of its ring. The plots show how much more "
    "power each species has than bona fide videos."
)
_IDENTITY = (
    "Each video is signed by its mean face, 48 x 48 pixels: the fine detail of luma and chroma, "
    "local brightness and contrast taken out; a person by the mean over the bona fide videos, or "
    "over all where there is but one. A distance is 1 minus the correlation of two signatures."
)


def page(found: Validity) -> str:
    """Compose the whole page.

    Args:
        found: the report.

    Returns:
        An HTML document without a reference to anything outside it.
    """
    parts = (
        section("Verdicts", _checks(found), anchor="checks"),
        section("Single numbers", *_scorers(found, "trivial", _TRIVIAL), anchor="trivial"),
        section("Classic baselines", *_scorers(found, "classic", _CLASSIC), anchor="classic"),
        section("Detection", *_detection(found), anchor="detection"),
        section("Movement in depth", *_parallax(found), anchor="parallax"),
        section("Dots and screen pixels", *_spectra(found), anchor="spectra"),
        section("Persons across splits", *_identity(found), anchor="identity"),
        section("Presentations", _counts(found), anchor="counts"),
    )
    return document(_title(found), join([_top(found), tag("main", *parts)]), simulated=True)


def _title(found: Validity) -> str:
    return f"Validity of the simulated {found.dataset}"


def _top(found: Validity) -> Html:
    """Compose the head of the page."""
    told = (key for key in sorted(found.simulation) if key not in ("data", "videos"))
    settings = " · ".join(f"{key} {found.simulation[key]}" for key in told)
    lede = f"{settings} · {found.videos} videos judged on {', '.join(found.protocols)}"
    failed = sum(not check.holds for check in found.checks)
    verdict = (
        f"All {len(found.checks)} checks hold."
        if found.holds
        else f"{failed} of {len(found.checks)} checks do not hold."
    )
    parts = (
        tag("h1", _title(found)),
        tag("p", lede, class_="lede"),
        tag("p", tag("strong", verdict)),
        tag("p", found.notice, class_="lede"),
    )
    return tag("header", *parts, class_="top")


def _checks(found: Validity) -> Html:
    rows = [
        (
            join([check.title, tag("small", check.name)]),
            tag("strong", check.verdict),
            tag("span", check.found, class_="wrap"),
            tag("span", check.rule, class_="wrap"),
        )
        for check in found.checks
    ]
    return table("What was asked of the data", ("check", "verdict", "found", "rule"), rows)


def _scorers(found: Validity, kind: str, words: str) -> tuple[Html, ...]:
    """List ACER by scorer and protocol, and that of each fold."""
    mine = [row for row in found.scorers if row.kind == kind]
    names = dict.fromkeys(row.name for row in mine)
    limit = LEAST_TRIVIAL if kind == "trivial" else None
    by_place = {(row.name, row.protocol): row for row in mine}
    rows = [
        (
            name.replace("_", " "),
            *(_acer(by_place[name, p], limit) for p in found.protocols),
        )
        for name in names
    ]
    folds = [
        (f"{row.name.replace('_', ' ')}, {fold.fold}", f"{percent(fold.acer)} %")
        for row in mine
        if len(row.folds) > 1
        for fold in row.folds
    ]
    parts = [tag("p", words), table("ACER on test", ("scorer", *found.protocols), rows)]
    if folds:
        listed = table("ACER of each fold by itself", ("scorer and fold", "ACER"), folds)
        parts.append(tag("details", tag("summary", "Each fold by itself"), listed))
    return tuple(parts)


def _acer(row: ScorerRow, limit: float | None) -> Html:
    """Show the ACER, and what the direction that dev did not choose would reach."""
    shown = drawing.rate(row.acer, limit)
    if row.other_way is None:
        return shown
    return join([shown, tag("small", f"other direction {percent(row.other_way)}")])


def _detection(found: Validity) -> tuple[Html, ...]:
    rows = [
        (
            row.species,
            drawing.rate(row.found, None),
            str(row.found.count),
            str(row.several),
            _number(row.overlap, 2),
        )
        for row in found.detection
    ]
    head = ("species", "found", "frames", "more than one face", "median overlap")
    return tag("p", _DETECTION), table("Faces found", head, rows)


def _parallax(found: Validity) -> tuple[Html, ...]:
    rows = [
        (
            row.species,
            _quartiles(row.residual, 2),
            _quartiles(row.movement, 1),
            _quartiles(row.relative, 3),
            _number(row.auc, 3),
            f"{row.videos - row.unmeasured} of {row.videos}",
        )
        for row in found.parallax
    ]
    head = ("species", "residual %", "movement %", "residual / movement", "AUC of bona fide above")
    return tag("p", _PARALLAX), table("What no plane explains", (*head, "videos"), rows)


def _spectra(found: Validity) -> tuple[Html, ...]:
    """Draw the excess of each region and list the figures."""
    rows = [
        (
            f"{row.species}, {row.region}",
            _number(row.peak, 1),
            _number(row.auc_peak, 3),
            _number(row.level, 1),
            _number(row.auc_level, 3),
        )
        for row in found.spectra
    ]
    plots = []
    for region in REGIONS:
        mine = [row for row in found.spectra if row.region == region]
        words = f"Power of each species over bona fide, {region}"
        plot = drawing.excess(mine, found.frequencies, words)
        plots.append(tag("div", tag("h3", region), plot))
    head = ("species and region", "peak dB", "AUC of peak", "level dB", "AUC of level")
    listed = table("Medians over videos; AUC: chance to be above a bona fide video", head, rows)
    return tag("p", _SPECTRA), tag("div", *plots, class_="pair"), listed


def _identity(found: Validity) -> tuple[Html, ...]:
    persons = found.identity
    rows = [
        (f"{p.first} ({p.first_split})", f"{p.second} ({p.second_split})", f"{p.distance:.3f}")
        for p in persons.nearest
    ]
    words = (
        f"{persons.persons} persons. The two halves of a person's videos are "
        f"{_quartiles(persons.within, 3)} apart (quartiles)."
    )
    listed = table("The nearest pairs of different splits", ("person", "person", "distance"), rows)
    return tag("p", _IDENTITY), tag("p", words), listed


def _counts(found: Validity) -> Html:
    rows = [
        (
            f"{row.protocol}, {row.split}",
            str(row.bona_fide),
            ", ".join(f"{name} {count}" for name, count in row.attacks.items()),
            str(row.subjects),
        )
        for row in found.counts
    ]
    head = ("fold and split", "bona fide", "attacks", "subjects")
    return table("Presentations of each fold", head, rows)


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _quartiles(values: Sequence[float], digits: int) -> str:
    return " · ".join(f"{value:.{digits}f}" for value in values) or "–"
