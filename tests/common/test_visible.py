"""Text on its way to a person: what cannot be printed is written as its code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasharness.common.visible import lines, one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("print1 é 漢字 😀 ", "print1 é 漢字 😀 "),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x9b2J", r"\x9b2J"),
        ("a\u202egpj.exe", r"a\u202egpj.exe"),
        ("half \ud83d", r"half \ud83d"),
        ("wide\u3000and fixed\xa0space", "wide\u3000and fixed\xa0space"),
    ],
)
def test_texts_by_hand(text: str, shown: str):
    assert one_line(text) == shown
    assert (
        lines(f"{text}\n")
        == "".join(map(one_line, text.partition("\n")[0]))
        + ("\n" + lines(text.partition("\n")[2]) if "\n" in text else "")
        + "\n"
    )


@given(st.text(st.characters(codec=None)))
def test_nothing_is_left_that_moves_a_cursor(text: str):
    shown = one_line(text)
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown
    shown.encode()
