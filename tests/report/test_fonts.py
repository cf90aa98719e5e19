"""Names of species are drawn as they are written."""

import warnings

import pytest

from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.report.drawing import figures, fonts
from fasharness.report.drawing.files import evaluation_plots
from fasharness.report.drawing.model import Heading
from fasharness.scores import Score

NAMES = (r"$\frac$", "price $5 and $6", "_hidden", "50%_mask & <glasses>")


@pytest.fixture(scope="module")
def rows() -> list[Score]:
    kinds = (None, None, *NAMES)
    return [
        Score(f"{split}{i}", split, f"{split}{i}", kind, None, i % 7 + (3 if kind is None else 0.5))
        for split in ("dev", "test")
        for i, kind in enumerate(kinds * 4)
    ]


@pytest.mark.parametrize("name", ["det", "density", "errors", "apcer", "histogram"])
def test_every_name_is_drawn_as_it_is_written(name: str, rows: list[Score]) -> None:
    found = evaluate(rows, EvaluationOptions(replicates=9))
    plot = evaluation_plots(found, rows, Heading(False, NAMES[0]))[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = figures.figure(plot)
        figures.encode(drawn, "png")
        figures.encode(drawn, "svg")
    legends = [legend for axes in drawn.axes if (legend := axes.get_legend())]
    texts = [text for legend in legends for text in legend.get_texts()]
    texts += [label for axes in drawn.axes for label in axes.get_yticklabels()]
    texts += [axes._left_title for axes in drawn.axes]  # type: ignore[attr-defined]
    for wanted in NAMES:
        mine = [text for text in texts if text.get_text().strip().startswith(wanted)]
        assert mine, wanted
        assert not any(text.get_parse_math() for text in mine)


def test_a_sign_that_no_font_has_is_written_as_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fonts.drawable("réplique") == "réplique"
    assert fonts.drawable("print") == "print"
    monkeypatch.setattr(fonts, "_others", lambda: ())
    fonts._sign.cache_clear()
    assert fonts.drawable("打印|2") == r"\u6253\u5370|2"
    fonts._sign.cache_clear()
