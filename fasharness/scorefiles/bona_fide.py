"""Rows of score files in which a word, not an empty species, means bona fide."""

from collections.abc import Callable, Mapping

from fasharness.common.keys import fold
from fasharness.scores import Score, score_of


def with_word(word: str) -> Callable[[Mapping[str, str]], Score]:
    """Return a function like `score_of` for tables that name bona fide presentations.

    Args:
        word: the species that means bona fide, e.g. ``live``, in any case.

    Returns:
        A function from a row (column to text) to its score. It raises a ValueError as `score_of`,
        and for an empty species, which could mean anything in such a table.
    """

    def score(row: Mapping[str, str]) -> Score:
        if not row["species"]:
            raise ValueError(
                f"the species is empty, but {word!r} is the word for bona fide; write the word, or "
                "the species of the attack"
            )
        if fold(row["species"]) != fold(word):
            return score_of(row)
        # The group often has the same word; any other group contradicts it and is refused.
        group = row.get("group", "")
        group = "" if fold(group) == fold(word) else group
        return score_of({**row, "species": "", "group": group})

    return score
