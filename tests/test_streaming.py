"""Files walked over twice: the same figures as in memory, within the stated error."""

from pathlib import Path

import numpy as np
import pytest

from fasharness import streaming
from fasharness.errors import DataError
from fasharness.metrics import curves
from fasharness.scores import Score, write_csv


def draw(count: int) -> list[Score]:
    values = np.random.default_rng(0).normal(size=count).tolist()
    return [
        Score(f"p{i}", "test", "", None if i % 3 else "print", None, value + (1.5 if i % 3 else 0))
        for i, value in enumerate(values)
    ]


def test_the_figures_are_those_of_the_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "_PARCEL", 64)
    scores = draw(1000)
    path = tmp_path / "scores.csv"
    lost = Score("lost", "test", "", None, None, float("nan"), failure="no face")
    write_csv(path, [*scores, lost, Score("other", "dev", "", None, None, 99.0)])
    counts = streaming.count_file(path)
    assert (counts.bona_fide.sum(), counts.attack.sum()) == (666, 334)
    live, fake = ([s.value for s in scores if s.bona_fide is kind] for kind in (True, False))
    exact = curves.error_curve(live, fake)
    eer, auc = counts.eer(), counts.auc()
    assert abs(eer.value - curves.eer(exact)) <= eer.error + 1e-12
    assert abs(auc.value - curves.auc(exact)) <= auc.error + 1e-12
    assert streaming.words(eer, auc).startswith(f"EER {100 * eer.value:.4f} % (within ")


def test_files_without_a_curve_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    write_csv(path, [s for s in draw(30) if s.bona_fide])
    with pytest.raises(DataError, match="no attack score"):
        streaming.count_file(path)
    with pytest.raises(DataError, match="no two different scores"):
        streaming.count_file(path, split="dev")
