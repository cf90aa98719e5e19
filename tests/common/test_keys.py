"""Texts as keys: what is normalised, what is refused, and what stays apart."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasharness.common.keys import clean, fold, refuse_spellings, words_for_nothing
from fasharness.errors import DataError


def place(row: int) -> str:
    return f"row {row + 1}"


@given(st.text())
def test_cleaning_is_done_once_and_knows_no_unicode_form(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert clean(f" \t{unicodedata.normalize('NFD', text)}\u00a0") == cleaned


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Print1", "print1"), ("print01", "print1"), ("S007", "s7"), ("print  1", "print 1"),
        ("１", "1"), ("STRASSE", "straße"), ("00", "0"), ("6_03_20_1", "6_3_20_1"),
    ],
)  # fmt: skip
def test_two_spellings_of_a_name_are_refused_with_both_rows(one: str, other: str) -> None:
    with pytest.raises(DataError) as error:
        refuse_spellings("subject", ["x", one, None, "", one, other], place)
    assert str(error.value) == (
        f"row 6: subject {other!r}, but {one!r} in row 2; write one name in one way, or rename one "
        "of the two"
    )


@pytest.mark.parametrize(
    ("one", "other"), [("print1", "print10"), ("1", "11"), ("a", "b"), ("1.0", "10"), ("a b", "ab")]
)
def test_other_names_stay_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)
    refuse_spellings("subject", [one, other, one, "", ""], place)


@pytest.mark.parametrize(
    "word",
    [
        "live", "Real", "bonafide", "bona_fide", "Bona Fide", "bona-fide", "GENUINE", "nan", "NaN",
        "None", "null", "0", "<NA>",
    ],
)  # fmt: skip
def test_words_for_bona_fide_and_for_nothing_are_no_species(word: str) -> None:
    (problem,) = words_for_nothing("", word, None)
    assert problem.startswith(f"{word!r} is no PAI species; leave the cell empty if")
    assert len(words_for_nothing("", "print", word)) == 1


def test_a_subject_may_be_called_0_but_not_nan() -> None:
    assert words_for_nothing("0", "print1", "print") == ()
    (problem,) = words_for_nothing("NaN", None)
    assert problem == "the subject 'NaN' is no name; leave the cell empty if it is unknown"


printable = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" ") | st.just("0"))


@given(st.lists(printable.map(clean)))
def test_refused_is_exactly_what_has_one_fold_and_two_texts(texts: list[str]) -> None:
    named = {text for text in texts if text}
    if len({fold(text) for text in named}) == len(named):
        refuse_spellings("subject", texts, place)
    else:
        with pytest.raises(DataError, match="write one name in one way"):
            refuse_spellings("subject", texts, place)
