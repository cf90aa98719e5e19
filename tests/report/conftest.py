"""A whole result with its scores, for the report's tests."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

from fasharness.evaluation.evaluate import EvaluationOptions, baseline, evaluate
from fasharness.result import FoldsResult, Result
from fasharness.result import write as write_result
from fasharness.scores import Score, write_csv

VOID = {"meta", "link", "input", "br", "img"}


class Outline(HTMLParser):
    """Checks that tags nest, and collects what a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "action", "data", "srcset"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text += data


def _outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    found.close()
    assert not found.open
    return found


@pytest.fixture(scope="session")
def outline() -> Callable[[str], Outline]:
    """A function that checks a page's nesting and collects its text, anchors and references."""
    return _outline


@pytest.fixture(scope="session")
def words() -> Callable[[str], str]:
    """A function that checks a page's nesting and gives its text."""
    return lambda page: _outline(page).text


@pytest.fixture(scope="session")
def scores(oulu_like: Callable[..., tuple[Score, ...]]) -> tuple[Score, ...]:
    drawn = oulu_like(simulated=True)
    failed = dataclasses.replace(drawn[-1], value=math.nan, failure="no <b>face</b>")
    return (*drawn[:-1], failed)


@pytest.fixture(scope="session")
def result(scores: tuple[Score, ...]) -> Result:
    constant = [dataclasses.replace(s, value=0.5, failure="") for s in scores]
    return Result(
        method="sgtd", method_version="1", preset="demo", options={"width": 0.25},
        dataset="oulu-npu", protocol="oulu1", fold="", simulated=True,
        aggregator="mean over clips",
        evaluation=evaluate(scores, EvaluationOptions(replicates=100, published=True, more=True)),
        baselines=(baseline("constant", "always one half", constant),),
        provenance={"versions": {"torch": "2.13"}, "seed": 0},
        commands=("fasharness run --plugin sgtd --protocol oulu1",),
    )  # fmt: skip


@pytest.fixture(scope="session")
def finish() -> Callable[..., Path]:
    """A function that writes a finished run: (folder, result, scores)."""

    def write(folder: Path, result: Result | FoldsResult, scores: Sequence[Score]) -> Path:
        write_result(folder / "result.json", result)
        parts = [f.fold for f in result.folds] if isinstance(result, FoldsResult) else ["."]
        for part in parts:
            write_csv(folder / part / "scores.csv", scores)
        return folder

    return write


@pytest.fixture(scope="session")
def worst(result: Result, scores: tuple[Score, ...]) -> list[Score]:
    """The test presentations on the wrong side, farthest first, found the slow way."""
    cut = result.evaluation.threshold.value
    test = [s for s in scores if s.split == "test" and not s.failed]
    errors = [s for s in test if (s.value >= cut) != (s.species is None)]
    return sorted(errors, key=lambda s: (-abs(s.value - cut), s.presentation))
