"""Errors that a user sees: their words, and that they survive the way out of a worker."""

import pickle

import pytest

from fasharness import errors

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.FasharnessError)
]


def test_an_unknown_name_comes_with_the_nearest_and_all_names():
    text = str(errors.UnknownNameError("method", "sgdt", ["sgtd", "cdcn"]))
    assert text == "no method 'sgdt'; did you mean 'sgtd'? available: cdcn, sgtd"
    assert str(errors.UnknownNameError("metric", "x", [])) == "no metric 'x'; available: none"


def test_of_very_many_names_a_few_are_told():
    """Those of all protocols filled several screens."""
    text = str(errors.UnknownNameError("protocol", "oulo1", ["oulu1", *map(str, range(100, 180))]))
    assert text.startswith("no protocol 'oulo1'; did you mean 'oulu1'? available: 100, 101, ")
    assert text.endswith(", 119 and 61 more (see `fasharness ls`)")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_errors_survive_pickling(kind: type[errors.FasharnessError]):
    arguments = ("crop", "pilow", ["pillow"]) if kind is errors.UnknownNameError else ("words",)
    error = kind(*arguments)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
