"""Any tool's CSV of scores: its columns are mapped by name, and its direction is declared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fasharness.common.cells import to_number
from fasharness.common.csv_rows import check_names
from fasharness.common.keys import clean
from fasharness.errors import OptionError
from fasharness.scorefiles.bona_fide import with_word
from fasharness.scores import (
    COLUMNS,
    EXTRA_PREFIX,
    REQUIRED_COLUMNS,
    UNIT_COLUMNS,
    Numbered,
    Score,
    score_of,
    walk_csv,
)

HIGHER = ("bona-fide", "attack")
OWN_COLUMNS = (*COLUMNS, *UNIT_COLUMNS)


@dataclass(frozen=True)
class Table:
    """How a foreign CSV is to be read.

    Attributes:
        columns: the harness's name of a column to the table's; an empty one says that there is
            none. Columns of the harness's own names need not be here.
        higher: one of `HIGHER`: what a high score means; scores of attacks are negated, which
            keeps all digits.
        bona_fide: the word in the column ``species`` that means bona fide; empty if none does.
        species: other words in that column to the PAI species that they mean.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    higher: str = ""
    bona_fide: str = ""
    species: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.higher not in HIGHER:
            raise OptionError(
                "say what a high score means: --higher bona-fide or --higher attack (a wrong "
                "direction turns every figure round, so it is never guessed)"
            )
        unknown = [name for name in self.columns if name not in OWN_COLUMNS]
        if unknown:
            known = ", ".join(OWN_COLUMNS)
            raise OptionError(f"--columns {unknown[0]}=...: the harness's columns are {known}")
        used = [name for name in self.columns.values() if name]
        if len(set(used)) < len(used):
            raise OptionError(f"--columns: {max(used, key=used.count)!r} is used twice")

    def read(self, path: Path, split: str) -> Numbered:
        """Read a file.

        Args:
            path: a UTF-8 CSV file with commas and a header.
            split: which split it holds; empty if its column ``split`` says so.

        Yields:
            Scores with their lines; columns without a meaning here are attributes.

        Raises:
            DataError: naming file and line.
        """

        def check(names: Sequence[str]) -> None:
            needed = [n for n in REQUIRED_COLUMNS if self.columns.get(n, n) and n != "split"]
            if not split:
                needed.append("split")
            elif self._of("split") in names:
                problem = f"the column {self._of('split')!r} names splits"
                raise ValueError(f"{problem}; give the file without --dev and --test")
            check_names(names, [self._of(n) for n in needed], [self._of(n) for n in OWN_COLUMNS])

        return walk_csv(path, check, lambda row: self._score(row, split))

    def _of(self, name: str) -> str:
        """Return the table's name of one of the harness's columns."""
        return self.columns.get(name, name)

    def _score(self, row: Mapping[str, str], split: str) -> Score:
        """Turn a row into a score."""
        own = {name: row[self._of(name)] for name in OWN_COLUMNS if self._of(name) in row}
        own["split"] = split or own["split"]
        if self.higher == "attack":
            # 0.0 minus the number and not its negative, which would print a score of 0 as -0.0.
            own["score"] = repr(0.0 - to_number(own["score"]))
        used = {self._of(name) for name in OWN_COLUMNS}
        others = {n: text for n, text in row.items() if n not in used}
        extra = {EXTRA_PREFIX + n.removeprefix(EXTRA_PREFIX): t for n, t in others.items()}
        own["species"] = self.species.get(own["species"], own["species"])
        score = with_word(self.bona_fide) if self.bona_fide else score_of
        return score(own | extra)


def pairs(text: str, flag: str) -> dict[str, str]:
    """Read ``NAME=TEXT,NAME=TEXT``.

    Args:
        text: as the user wrote it.
        flag: the flag, for the message.

    Returns:
        Name to text.

    Raises:
        OptionError: a part has no equals sign or no name, or a name occurs twice.
    """
    found: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = map(clean, part.partition("="))
        if not (name and equals) or name in found:
            raise OptionError(f"{flag} {text!r}: expected NAME=NAME,... with each name once")
        found[name] = value
    return found
