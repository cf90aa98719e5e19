"""Species groups of the user's choice: by list, by pattern, each its own."""

from collections.abc import Callable

import pytest

from fasharness.errors import OptionError
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.evaluation.grouping import parse, regroup
from fasharness.scores import Score

Draw = Callable[..., tuple[Score, ...]]


def test_lists_and_patterns_name_groups() -> None:
    assert parse("a = x | y*, b=z") == {"a": ("x", "y*"), "b": ("z",)}


def test_every_attack_gets_the_group_of_its_species_and_bona_fide_none(oulu_like: Draw) -> None:
    scores = oulu_like()
    found = regroup(scores, "paper=print[12],screen=replay1|replay2")
    groups = {(s.species, s.group) for s in found}
    assert groups == {
        (None, None), ("print1", "paper"), ("print2", "paper"),
        ("replay1", "screen"), ("replay2", "screen"),
    }  # fmt: skip
    assert [s.value for s in found] == [s.value for s in scores]


def test_groupings_change_the_headline_as_they_should(oulu_like: Draw) -> None:
    scores, options = oulu_like(), EvaluationOptions(replicates=50)
    two = evaluate(regroup(scores, "paper=print*,screen=replay*"), options)
    each = evaluate(regroup(scores, "species"), options)
    one = evaluate(regroup(scores, "attack=*"), options)
    assert two.metric("acer").value == evaluate(scores, options).metric("acer").value
    assert two.metric("acer_species").value == each.metric("acer").value
    assert one.metric("apcer").value == one.metric("apcer_pooled").value
    assert [m.name for m in each.apcer_by_group] == ["print1", "print2", "replay1", "replay2"]
    assert one.metric("acer").value < two.metric("acer").value < each.metric("acer").value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("print", r"'print'; expected print=print\*"),
        ("=print1", "'=print1'; expected"),
        ("a=print1,,b=*", "''; expected"),
        ("a=print1|,b=*", r"'a=print1\|'; expected"),
        ("a=print1,a=*", "'a=*'; expected".replace("*", r"\*")),
        ("a=print*", "'replay1' is in none of a; name it in exactly one"),
        ("a=print*,b=*", "'print1' is in the groups a, b; name it in exactly one"),
        ("live=*", "'live=\\*': 'live' is no PAI species; leave the cell empty"),
        ("a=*,b=mask*", "no species is in the group 'b'; there are print1, print2, replay1"),
    ],
)
def test_groups_that_do_not_part_the_species_are_refused(
    oulu_like: Draw, text: str, message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        regroup(oulu_like(), text)
