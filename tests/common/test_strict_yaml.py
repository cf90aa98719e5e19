"""Strict YAML: what YAML 1.1 reads by guess is refused with its line."""

import time

import pytest

from fasharness.common.strict_yaml import yaml_object
from fasharness.errors import DataError

GUESSES = [
    "010", "0o10", "0x10", "1_000", "1:30", "-1:30:00", "2024-01-01", ".nan", "-.inf", "+5", ".5",
    "yes", "No", "on", "OFF", "y", "True", "NULL", "1e999", "1" * 30,
]  # fmt: skip


@pytest.mark.parametrize("text", GUESSES)
def test_what_can_be_read_in_two_ways_is_refused_unless_quoted(text: str):
    with pytest.raises(DataError, match=r"\Aa\.yaml, line 2: not YAML: .* can be read in two ways"):
        yaml_object(f"first: 1\nkey: {text}", "a.yaml")
    assert yaml_object(f"key: '{text}'", "a.yaml") == {"key": text}


def test_plain_values_are_what_they_look_like():
    text = (
        "a: 7\nb: -2.5e3\nc: true\nd: null\ne:\nf: some text, 5%\ng: [1, x]\nh: {i: 0}\n"
        "j: 32-true\nk: /a/1.5\n"
    )
    assert yaml_object(text, "a.yaml") == {
        "a": 7, "b": -2500.0, "c": True, "d": None, "e": None, "f": "some text, 5%", "g": [1, "x"],
        "h": {"i": 0}, "j": "32-true", "k": "/a/1.5",
    }  # fmt: skip
    assert yaml_object("", "a.yaml") == {}


BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "line 2: not YAML: an alias"),
        ("a: " + "[" * 3000 + "]" * 3000, "nested too deeply"),
        ("a:\n" + "".join(" " * n + "b:\n" for n in range(1, 300)), "nested too deeply"),
        ("a: {b: 1, b: 2}", "'b' occurs twice"),
        ("1: 2", "a name must be a text"),
        ("[1, 2]: 2", "a name must be a text"),
        ("- a", "expected names and values, got list"),
        ("a: !!python/object/apply:os.system [ls]", "the tag"),
        ("a: !!binary aGk=", "the tag"),
        ("a: !!set {b}", "the tag"),
        ("a: 1\n---\nb: 2", "another document"),
        ('a: "\\ud800"', "a line break or a control character"),
        ('a: "b\\nc"', "a line break or a control character"),
        ("a: \0", "not YAML"),
        ("a: [", "not YAML"),
    ],
)
def test_hostile_and_broken_yaml_is_one_line_at_once(text: str, words: str):
    start = time.monotonic()
    with pytest.raises(DataError, match=r"\Aa\.yaml") as caught:
        yaml_object(text, "a.yaml")
    assert time.monotonic() - start < 1
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
