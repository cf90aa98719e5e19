"""Tables of errors by factor, and the worst errors with their pictures."""

import base64
from collections.abc import Sequence
from html import escape

from fasharness.report import decisions
from fasharness.report.decisions import Decision, Level, decide, errors, levels
from fasharness.report.html import Html, join, table, tag
from fasharness.report.numbers import beside, percent
from fasharness.report.runs import Part
from fasharness.scores import Score

WORST = 12
_SHOWN_ROWS = 12
_MOST_ROWS = 300


def factors(parts: Sequence[Part]) -> Html:
    """List error rates by phone, session, instrument, subject and attributes.

    Args:
        parts: the protocol, or the folds, each at its own threshold.

    Returns:
        A sortable table for each factor that occurs in the scores.
    """
    decided = decide(parts)
    possible = decisions.factors(one.score for one in decided)
    found = [
        _factor(name, _most(rows)) for name, of in possible.items() if (rows := levels(decided, of))
    ]
    words = (
        "APCER is that of the species group that does worst among the presentations of the row, "
        "so rows of few presentations look worse than the whole. There is no interval: the "
        "fewer presentations, the less a rate says."
    )
    return join([tag("p", words, class_="soft"), *found]) if found else Html("")


def _most(rows: Sequence[Level]) -> Sequence[Level]:
    """Keep the rows with most errors if there are too many for a page."""
    if len(rows) <= _MOST_ROWS:
        return rows
    # By number, not rate: of few presentations one error is already a rate of 100 %.
    worst_first = sorted(rows, key=lambda one: -one.refused - sum(one.accepted.values()))
    return worst_first[:_MOST_ROWS]


def _factor(name: str, rows: Sequence[Level]) -> Html:
    """Format one factor as a table; a long one is collapsed."""
    # An instrument has attacks alone, so two thirds of the columns would be empty.
    live = any(level.bona_fide for level in rows)
    head = (
        "APCER %",
        "attacks",
        "accepted",
        *(("BPCER %", "bona fide", "refused") if live else ()),
    )
    cells = [
        (
            level.name,
            *([_rate(level.acer)] if live else []),
            _rate(level.apcer),
            str(sum(level.attacks.values())),
            str(sum(level.accepted.values())),
            *([_rate(level.bpcer), str(level.bona_fide), str(level.refused)] if live else []),
        )
        for level in rows
    ]
    title = f"Errors by {name}"
    if len(rows) == _MOST_ROWS:
        title = f"Errors by {name}, the {_MOST_ROWS} rows with most errors"
    whole = table(title, (name, *(["ACER %"] if live else []), *head), cells, class_="sortable")
    if len(rows) <= _SHOWN_ROWS:
        return whole
    return tag("details", tag("summary", f"{len(rows)} rows by {name}"), whole)


def _rate(rate: float | None) -> Html:
    """Format a rate with a bar; a dash if there is none."""
    if rate is None:
        return join(["–"])
    bar = f'<i class="rate" style="--rate:{rate:.4f}" aria-hidden="true"></i>'
    return join([percent(rate), Html(bar)])


def worst(parts: Sequence[Part]) -> Html:
    """Show the errors that are farthest from the threshold, with their pictures if there are any.

    Args:
        parts: the protocol, or the folds, each at its own threshold.

    Returns:
        Pictures and a table, or a sentence when there is no error.
    """
    wrong = errors(decide(parts))
    if not wrong:
        return tag("p", "No test presentation is on the wrong side of the threshold.")
    shown = wrong[:WORST]
    figures = [figure for one in shown if (figure := _figure(one))]
    gallery = tag("div", *figures, class_="gallery") if figures else Html("")
    return join([gallery, _listed(shown, len(wrong), folds=len(parts) > 1)])


def _listed(shown: Sequence[Decision], count: int, folds: bool) -> Html:
    """List errors as a table."""
    rows = [
        (
            s.presentation,
            s.species or "bona fide",
            "refused" if s.bona_fide else "accepted",
            beside(s.value, one.threshold),
            repr(one.threshold),
            s.subject,
            s.device,
            s.session,
            *((one.part.name,) if folds else ()),
        )
        for one in shown
        for s in (one.score,)
    ]
    head = ("presentation", "what it is", "but was", "score", "threshold", "subject", "device")
    title = f"The {len(rows)} of {count} errors that lie farthest from the threshold"
    return table(title, (*head, "session", *(("fold",) if folds else ())), rows)


def _figure(one: Decision) -> Html:
    """Show one error: frames, the method's map, the true depth and the decision."""
    s, exhibit = one.score, one.exhibit
    words = f"{s.presentation}: {s.species or 'bona fide'}"
    pictures = [
        _picture(exhibit.strip, f"{words}, frames of a clip", "frames of a clip", "frames"),
        _picture(exhibit.predicted, f"{words}, predicted map", "the method's map", "map"),
        _picture(exhibit.truth, f"{words}, true depth", _truth(s), "map"),
    ]
    if not any(pictures):
        return Html("")
    decision = "refused" if s.bona_fide else "accepted"
    facts = f"score {beside(s.value, one.threshold)}, threshold {one.threshold!r}"
    caption = tag(
        "figcaption", tag("b", s.presentation), f" {s.species or 'bona fide'}, {decision}"
    )
    under = tag("p", facts, class_="soft")
    return tag("figure", caption, tag("div", *pictures, class_="pictures"), under)


def _truth(score: Score) -> str:
    """Name the true depth; that of an attack is a label, since paper and glass are no faces."""
    return "true depth" if score.bona_fide else "true depth: flat"


def _picture(content: bytes | None, words: str, name: str, style: str) -> Html:
    """Embed a picture in the page."""
    if content is None:
        return Html("")
    kind = "png" if content.startswith(b"\x89PNG") else "jpeg"
    # Embedded as data, since the page must open offline and its policy forbids requests.
    source = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    image = Html(f'<img src="{source}" alt="{escape(words)}">')
    return tag("div", image, tag("small", name), class_=style)
