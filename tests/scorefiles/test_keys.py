"""Texts that act as keys, at every door: files, fused and compared runs, manifests, tasks."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fasharness import scorefiles
from fasharness.data import Presentation, rgb
from fasharness.errors import DataError
from fasharness.evaluation.compare import compare
from fasharness.evaluation.evaluate import evaluate
from fasharness.evaluation.fusion import fuse
from fasharness.protocol import Protocol
from fasharness.scorefiles.convert import load
from fasharness.scores import Score, write_csv

HEADER = "presentation,split,subject,species,group,score\n"
# Two bona fide presentations and two attacks in each split; at 0.5 one of two attacks is accepted.
ROWS = (
    "d1,dev,1,,,0.8\nd2,dev,2,,,0.6\nd3,dev,1,print,p,0.4\nd4,dev,2,print,p,0.2\n"
    "t1,test,3,,,0.8\nt2,test,4,,,0.6\nt3,test,3,print,p,0.7\nt4,test,4,print,p,0.2\n"
)


def written(folder: Path, text: str, name: str = "s.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def rows(folder: Path, *changes: tuple[str, str]) -> Path:
    text = ROWS
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return written(folder, HEADER + text)


def figures(path: Path) -> tuple[float | None, ...]:
    found = evaluate(scorefiles.read(path))
    return tuple(found.metric(name).value for name in ("acer", "apcer", "bpcer"))


@pytest.mark.parametrize(
    "change",
    [
        ("0.8\nd2", "0.8\nd2"),
        ("d1,dev,1,,,", "d1,dev,1, ,,"),
        ("d1,dev,1,,,", "d1,dev,1,  , ,"),
        ("t3,test,3,print,p", "t3,test,3,print ,p"),
        ("t3,test,3,print,p", "t3,test,3,print,\u00a0p"),
        ("t3,test,3,", "t3,test, 3 ,"),
        ("t3,test", " t3,test "),
    ],
)
def test_outer_blanks_change_no_figure(change: tuple[str, str], tmp_path: Path) -> None:
    assert figures(rows(tmp_path, change)) == (0.25, 0.5, 0.0)


def test_two_unicode_forms_of_a_species_are_one(tmp_path: Path) -> None:
    composed, parts = "re\u0301sine", "r\u00e9sine"
    path = rows(tmp_path, ("3,print", f"3,{composed}"), ("4,print", f"4,{parts}"))
    found = evaluate(scorefiles.read(path))
    assert [m.name for m in found.apcer_by_species] == ["print", "r\u00e9sine"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("t3,test,3,print", "t3,test,3,Print"), "line 8: species 'Print', but 'print' in "),
        (("print,p,0.7", "print,P,0.7"), "line 8: group 'P', but 'p' in "),
        (("t3,test,3", "t3,test,03"), "line 8: subject '03', but '3' in "),
        (("t3,test,3", "t3,test,02"), "line 8: subject '02', but '2' in "),
        (("t3,test", "T1,test"), "line 8: presentation 'T1', but 't1' in "),
    ],
)
def test_spellings_are_refused_with_both_lines(
    change: tuple[str, str], message: str, tmp_path: Path, command: Callable[..., Any]
) -> None:
    path = rows(tmp_path, change)
    error = command("evaluate", path).error
    assert error.startswith(f"{path}, {message}{path}, line ")
    assert error.endswith("; write one name in one way, or rename one of the two")
    scores = [dataclasses.replace(s) for s in scorefiles.read(rows(tmp_path))]
    scores[0] = dataclasses.replace(scores[0], subject="03")
    with pytest.raises(DataError, match="row 5: subject '3', but '03' in row 1"):
        evaluate(scores)


@pytest.mark.parametrize("word", ["live", "nan", "None", "0", "bona_fide", "Real"])
def test_a_word_for_bona_fide_is_no_species(
    word: str, tmp_path: Path, command: Callable[..., Any]
) -> None:
    path = rows(tmp_path, ("t1,test,3,", f"t1,test,3,{word}"))
    error = command("evaluate", path).error
    assert error.startswith(f"{path}, line 6: presentation 't1': {word!r} is no PAI species")
    assert f"convert --bona-fide {word}" in error


def test_convert_takes_the_word_for_bona_fide(tmp_path: Path, command: Callable[..., Any]) -> None:
    text = HEADER + ROWS.replace(",,,", ",Live,live,")
    path, out = written(tmp_path, text), tmp_path / "out"
    done = command("convert", path, "--bona-fide", "live", "--to", "csv", "--out", out)
    assert done.code == 0
    assert figures(out / "scores.csv") == figures(rows(tmp_path))
    error = command("convert", path, "--bona-fide", "live", "--to", "csv").error
    assert "line 2: the species is empty, but 'live' is the word for bona fide" in error
    path = written(tmp_path, HEADER + ROWS.replace(",,,", ",alive,,"))
    error = command("convert", path, "--bona-fide", "life", "--to", "csv").error
    assert "no row has the species 'life', so none would be bona fide" in error
    files = ("--from", "labelled", "--dev", path, "--to", "csv")
    assert (
        "describe a CSV that is of no named format"
        in command("convert", *files, "--bona-fide", "x").error
    )


def test_convert_takes_the_word_in_parquet(tmp_path: Path, command: Callable[..., Any]) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = {
        "presentation": ["a", "b"], "split": ["dev", "dev"], "score": [0.5, 0.25],
        "species": [0, 1],
    }  # fmt: skip
    parquet.write_table(arrow.table(columns), tmp_path / "s.parquet")
    with pytest.raises(DataError, match="row 1: presentation 'a': '0' is no PAI species"):
        scorefiles.read(tmp_path / "s.parquet")
    one, other = scorefiles.read_naming_bona_fide(tmp_path / "s.parquet", "0")
    assert (one.species, other.species) == (None, "1")


def test_parquet_has_the_same_door(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = {
        "presentation": ["a", "b "], "split": ["dev", "dev"], "score": [0.5, 0.25],
        "species": [" ", "print"], "subject": [1, 2],
    }  # fmt: skip
    parquet.write_table(arrow.table(columns), tmp_path / "s.parquet")
    one, other = scorefiles.read(tmp_path / "s.parquet")
    assert (one.species, other.presentation) == (None, "b")
    columns["subject"] = ["1", "01"]
    parquet.write_table(arrow.table(columns), tmp_path / "s.parquet")
    with pytest.raises(DataError, match=r"row 2: subject '01', but '1' in .*, row 1"):
        scorefiles.read(tmp_path / "s.parquet")


def test_files_of_other_tools_are_compared_with_each_other(tmp_path: Path) -> None:
    head = "claimed_id,test_label,is_bonafide,attack_type,score\n"
    dev = written(tmp_path, f"{head}1,a,True, ,0.5\n1,b,False, print,0.25\n", "dev.csv")
    test = written(tmp_path, f"{head}01,c,True,,0.5\n", "eval.csv")
    assert [s.species for s in load("bob-csv", {"dev": dev}).scores] == [None, "print"]
    with pytest.raises(DataError) as error:
        load("bob-csv", {"dev": dev, "test": test})
    assert str(error.value).startswith(f"{test}, line 2: subject '01', but '1' in {dev}, line 2;")
    columns = written(tmp_path, "07 7 a 0.5\n", "c.txt")
    with pytest.raises(DataError, match="line 1: real '7' and claimed '07': one name in two"):
        load("four-column", {"dev": columns})


def test_fused_and_compared_runs_spell_names_alike(tmp_path: Path) -> None:
    scores = scorefiles.read(rows(tmp_path))
    other = scorefiles.read(rows(tmp_path, ("t3,test", "T3,test")))
    message = r"run 2, row 7: presentation 'T3', but 't3' in run 1, row 7"
    with pytest.raises(DataError, match=message):
        fuse([scores, other])
    with pytest.raises(DataError, match=message):
        compare(scores, other)


def test_a_manifest_spells_names_like_the_scores(
    tmp_path: Path, command: Callable[..., Any]
) -> None:
    path, manifest = rows(tmp_path), tmp_path / "m.csv"
    manifest.write_text("presentation,split\n" + "".join(f" t{i} ,test \n" for i in range(1, 5)))
    assert command("evaluate", path, "--manifest", manifest, "--replicates", 9).code == 0
    manifest.write_text(manifest.read_text().replace("t3", "T3"))
    error = command("evaluate", path, "--manifest", manifest).error
    assert "the scores: presentation 't3', but 'T3' in the protocol; write one name" in error


def test_tasks_spell_data_sets_alike(tmp_path: Path, command: Callable[..., Any]) -> None:
    tasks = written(tmp_path, "train,test,scores\nO+C,o,s.csv\n", "t.csv")
    assert "line 2: the test set 'o' is among the training ones" in command("cross", tasks).error
    write_csv(tmp_path / "s.csv", scorefiles.read(rows(tmp_path)))
    tasks.write_text("train,test,scores\nO,M,s.csv\nC,m,s.csv\n")
    assert "task 2: test 'm', but 'M' in" in command("cross", tasks).error


def test_a_protocol_is_checked_before_anything_is_trained() -> None:
    def protocol(subject: str, species: str) -> Protocol:
        def shown(split: str, who: str) -> tuple[Presentation, ...]:
            one = Presentation(f"{split}1 ", rgb(Path("a")), subject=who)
            two = Presentation(f"{split}2", rgb(Path("b")), subject=who, species=species)
            return one, two

        parts = {"train": shown("a", "1"), "dev": shown("b", "2"), "test": shown("c", subject)}
        return Protocol("p", "set", "v", **parts, groups={"all": (species,)})

    assert protocol("3", "print").test[0].id == "c1"
    with pytest.raises(DataError, match=r"p, presentation 'c1': subject '02', but '2' in prot"):
        protocol("02", "print")
    with pytest.raises(DataError, match=r"presentation 'a2': 'live' is no PAI species"):
        protocol("3", "live")


def test_a_failed_score_keeps_its_place() -> None:
    lost = Score(" a ", " test", " 1", "print ", None, math.nan, failure=" no face\n")
    assert lost == dataclasses.replace(lost)
    assert (lost.presentation, lost.split, lost.failure) == ("a", "test", "no face")
