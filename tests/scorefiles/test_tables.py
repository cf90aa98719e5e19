"""Any tool's CSV by the names of its columns, and the answers of black-box tests with a key."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fasharness import scorefiles
from fasharness.errors import DataError, OptionError
from fasharness.scorefiles import convert
from fasharness.scorefiles.tables import Table, pairs

Command = Callable[..., Any]
TABLE = (
    "id,set,kind,pad_score,tone\na,devel,live,0.25,dark\nb,eval,print,-1.5,\nc,eval,live,0,light\n"
)
COLUMNS = {"presentation": "id", "split": "set", "species": "kind", "score": "pad_score"}
LOG = 'id isPAD score returnCode decisionProperties\na 0 -0.5 0 ""\nb 1 0.75 0 "moire|0.9;x|1"\n'
KEY = "presentation,split,species,subject,x_tone\na,test,,s1,dark\nb,test,print,s2,\nc,dev,,s3,\n"


def test_columns_are_mapped_by_name_and_the_others_kept(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    table = Table(COLUMNS, "attack", bona_fide="live")
    found = convert.load_table(table, {"": tmp_path / "t.csv"}).scores
    assert [(s.presentation, s.split, s.species, s.value) for s in found] == [
        ("a", "dev", None, -0.25), ("b", "test", "print", 1.5), ("c", "test", None, 0.0),
    ]  # fmt: skip
    assert [s.attributes for s in found] == [(("tone", "dark"),), (), (("tone", "light"),)]
    assert str(found[2].value) == "0.0"
    straight = Table(COLUMNS, "bona-fide", bona_fide="live")
    assert convert.load_table(straight, {"": tmp_path / "t.csv"}).scores[1].value == -1.5


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (lambda: Table(COLUMNS), "say what a high score means: --higher bona-fide or"),
        (lambda: Table(COLUMNS, "up"), "say what a high score means"),
        (lambda: Table({"id": "presentation"}, "attack"), "--columns id=...: the harness's"),
        (lambda: Table({"score": "a", "species": "a"}, "attack"), "'a' is used twice"),
        (lambda: pairs("score", "--columns"), "--columns 'score': expected NAME=NAME"),
        (lambda: pairs("score=a,score=b", "--columns"), "expected NAME=NAME"),
    ],
)
def test_what_is_not_declared_is_refused(table: Callable[[], object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        table()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TABLE.replace("pad_score", "score"), "line 1: no column 'pad_score' in the header"),
        (
            TABLE.replace("print", ""),
            "line 3: the species is empty, but 'live' is the word for bona fide",
        ),
        (TABLE.replace("eval", "val"), "line 3: .*unknown split 'val'"),
        (TABLE.replace("-1.5", "-1,5"), "line 3: 6 fields, expected 5"),
        (TABLE.replace("b,", "a,"), "line 3: .*'a' is scored twice, as dev in .*line 2.*: LEAK"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_with_the_line(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        convert.load_table(Table(COLUMNS, "attack", "live"), {"": tmp_path / "t.csv"})


def test_the_command_maps_columns_of_a_file_or_of_one_for_each_split(
    command: Command, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(TABLE)
    names = "presentation=id,split=set,species=kind,score=pad_score"
    words = ("--columns", names, "--bona-fide", "live", "--to", "csv", "--out", tmp_path / "o")
    assert "--higher bona-fide or --higher attack" in command("convert", path, *words).error
    assert command("convert", path, *words, "--higher", "attack").code == 0
    text = (tmp_path / "o" / "scores.csv").read_text()
    assert text.splitlines()[0].endswith(",data,x_tone")
    assert "\nb,test,,print,,1.5,1,1,,,,real,\n" in text

    path.write_text("presentation,real,p\na,1,0.75\nb,0,0.5\n")
    other = tmp_path / "u.csv"
    other.write_text("presentation,real,p\nc,1,0.75\nd,0,0.5\n")
    words = ("--columns", "species=real,score=p", "--bona-fide", "1", "--species", "0=attack")
    words = (*words, "--higher", "bona-fide", "--to", "csv", "--out", tmp_path / "o2")
    assert command("convert", "--dev", path, "--eval", other, *words).code == 0
    found = scorefiles.read(tmp_path / "o2" / "scores.csv")
    assert [(s.split, s.species) for s in found] == [
        ("dev", None), ("dev", "attack"), ("test", None), ("test", "attack"),
    ]  # fmt: skip
    assert "goes with --from" in command("convert", path, "--key", other, "--to", "csv").error
    words = (*words[:-1], tmp_path / "o3")
    error = command("convert", "--dev", tmp_path / "t.parquet", *words).error
    assert "columns are mapped in CSV files only" in error
    error = command("convert", "--from", "oulu", "--dev", path, *words).error
    assert "describe a CSV that is of no named format" in error


def test_a_log_of_nist_is_read_with_its_key_and_turned_round(tmp_path: Path) -> None:
    (tmp_path / "pad.log").write_text(LOG)
    (tmp_path / "key.csv").write_text(KEY)
    found = convert.load("fate-pad", {"test": tmp_path / "pad.log"}, tmp_path / "key.csv").scores
    assert [(s.presentation, s.species, s.subject, s.value) for s in found] == [
        ("a", None, "s1", 0.5), ("b", "print", "s2", -0.75),
    ]  # fmt: skip
    assert found[0].attributes == (("tone", "dark"), ("is_pa", "0"))
    assert found[1].attributes == (("is_pa", "1"), ("pad", "moire|0.9;x|1"))


def test_an_error_in_a_log_is_a_failure_and_not_the_score_it_began_with(tmp_path: Path) -> None:
    # The program writes -1, "bona fide for certain", where the system returned an error.
    # Joined logs have several headers.
    text = LOG.replace("b 1 0.75 0", "b 0 -1 4") + LOG.splitlines()[0] + "\n"
    (tmp_path / "pad.log").write_text(text)
    (tmp_path / "key.csv").write_text(KEY)
    found = convert.load("fate-pad", {"test": tmp_path / "pad.log"}, tmp_path / "key.csv").scores
    assert found[1].failure == "return code 4"


def test_answers_of_the_mdtf_interface_are_read_with_their_key(tmp_path: Path) -> None:
    answers = (
        '{"presentation": "a", "PADOutcome": false, "PADScore": 0.125, "PADProperties": []}\n'
        '{"presentation": "b", "Code": 7, "Message": "no\\nface"}\n'
    )
    (tmp_path / "a.jsonl").write_text(answers)
    (tmp_path / "key.csv").write_text(KEY)
    found = convert.load("mdtf", {"test": tmp_path / "a.jsonl"}, tmp_path / "key.csv").scores
    assert (found[0].value, found[0].attributes) == (-0.125, (("tone", "dark"), ("is_pa", "False")))
    assert found[1].failure == "no face"


@pytest.mark.parametrize(
    ("style", "text", "message"),
    [
        ("fate-pad", LOG.replace("0.75", "1.25"), r"line 3: score 1.25 is not in \[-1, 1\]"),
        ("fate-pad", LOG.replace("b 1", "x 1"), "line 3: presentation 'x' is not in the key"),
        ("fate-pad", LOG.replace("b 1", "c 1"), "line 3: presentation 'c' is of dev in the key"),
        ("fate-pad", LOG + 'a 0 0 0 ""\n', "line 4: .*'a' is scored twice, in .*line 2"),
        ("fate-pad", "a 1\n", "line 1: 'a 1', expected id, isPA, score"),
        ("fate-pad", 'a 0 0.5 0 ""\n', "1 presentations of the key have no line, e.g. 'b'"),
        ("mdtf", "{}\n", "line 1: no text 'presentation' in the object"),
        ("mdtf", "[]\n", "line 1: .*expected a JSON object"),
        ("mdtf", "{\n", "line 1: not JSON"),
        ("mdtf", '{"presentation": "a", "PADScore": true}\n', "line 1: PADScore is True"),
        ("mdtf", '{"presentation": "a", "PADScore": -0.5}\n', r"score -0.5 is not in \[0, 1\]"),
        ("mdtf", '{"presentation": "a", "PADScore": NaN}\n', "not JSON: it holds NaN"),
        ("mdtf", '{"presentation": "a", "presentation": "b"}\n', "'presentation' occurs twice"),
    ],
)
def test_answers_that_do_not_fit_are_refused(
    tmp_path: Path, style: str, text: str, message: str
) -> None:
    (tmp_path / "a.txt").write_text(text)
    (tmp_path / "key.csv").write_text(KEY)
    with pytest.raises(DataError, match=message):
        convert.load(style, {"test": tmp_path / "a.txt"}, tmp_path / "key.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("presentation,split\na,test\n", "line 1: no column 'species'"),
        (KEY.replace("subject", "score"), "line 1: a key has no column 'score'"),
        (KEY + "a,dev,,s1,\n", "line 5: .*'a' is scored twice"),
        ("presentation,species\n", "no presentations in it"),
    ],
)
def test_a_key_that_is_none_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.txt").write_text(LOG)
    (tmp_path / "key.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        convert.load("fate-pad", {"test": tmp_path / "a.txt"}, tmp_path / "key.csv")


def test_a_key_goes_with_the_formats_that_need_one(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(LOG)
    (tmp_path / "key.csv").write_text(KEY)
    words = ("--test", path, "--to", "csv", "--out", tmp_path / "o")
    assert "give --key" in command("convert", "--from", "fate-pad", *words).error
    key = ("--key", tmp_path / "key.csv")
    assert "a key goes with" in command("convert", "--from", "oulu", *words, *key).error
    assert command("convert", "--from", "fate-pad", *words, *key).code == 0
    scores = tmp_path / "o" / "scores.csv"
    error = command("convert", scores, "--to", "mdtf").error
    assert "mdtf is only read" in error
