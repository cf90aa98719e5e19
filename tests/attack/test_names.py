"""Names out of files: none becomes a path outside its folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness import result as results
from fasharness.common.places import inside
from fasharness.errors import DataError
from fasharness.evaluation.evaluate import evaluate
from fasharness.evaluation.folds import combine_folds
from fasharness.evaluation.stored import nameless
from fasharness.prepare.depth import DepthMapFolder
from fasharness.run import generated
from fasharness.scores import Score, write_csv

OUTSIDE = ["../x", "a/../../x", "/abs", "..", ".", "", "a//b", "a\nb", "a\0b", "\x1b[2J", "x" * 300]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_stays_in_its_folder(name: str, tmp_path: Path):
    with pytest.raises(DataError, match=r"list: .* is no name of anything in") as caught:
        inside(tmp_path, name, "list")
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()
    with pytest.raises(DataError, match="is no name of anything in"):
        DepthMapFolder(tmp_path, name)


def scored() -> list[Score]:
    return [
        Score(f"{split}{n}", split, f"{split}{n}", None if n % 2 else "print", None, n % 2 + n / 50)
        for split in ("dev", "test")
        for n in range(20)
    ]


@pytest.mark.parametrize("name", ["../../x", "/abs", ".."])
def test_a_report_writes_nowhere_but_where_it_is_told(
    name: str,
    here: Path,
    command: Callable[..., "Ended"],  # noqa: F821
):
    evaluation = evaluate(scored())
    folds = [nameless(evaluation, False, fold) for fold in (name, "b")]
    run = here / "deep" / "er" / "run"
    for fold in ("x", "b"):
        write_csv(run / fold / "scores.csv", scored())
    write_csv(run.parents[1] / "x" / "scores.csv", scored())
    results.write(run / "result.json", combine_folds("oulu3", folds))
    before = sorted(here.rglob("*"))
    error = command("report", run, "--plots", here / "plots", "--out", here / "a.html").error
    assert "result.json: " in error
    assert "is no name of anything in" in error
    assert sorted(here.rglob("*")) == before
    # Of figures without scores too, whose plots are written below their names.
    from fasharness.report import write_plots
    from fasharness.report.runs import Part, Run, read_exhibit

    result = combine_folds("oulu3", folds)
    parts = tuple(Part(one, scored(), lambda name: read_exhibit(run, name)) for one in folds)
    with pytest.raises(DataError, match="is no name of anything in"):
        write_plots([Run("run", result, parts)], here / "plots")


@pytest.mark.parametrize(
    "file", ["../000000.png", "pictures/../../000000.png", "/etc/passwd", "pictures/a.png"]
)
def test_a_list_of_generated_pictures_names_its_own_alone(file: str, tmp_path: Path):
    (tmp_path / generated.LIST).write_text(f"file,species,subject,pair\n{file},,,\n")
    with pytest.raises(DataError, match=r"list\.csv, line 2: not a line of"):
        generated._read_rows(tmp_path)
