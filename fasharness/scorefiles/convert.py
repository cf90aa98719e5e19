"""Read and write score files of other tools: bob's, OULU-NPU's, laboratories', any CSV."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fasharness import scorefiles
from fasharness.common.files import write_text
from fasharness.errors import DataError, OptionError
from fasharness.scorefiles import bob, columns, laboratories
from fasharness.scorefiles.loading import Loaded, each_once, overlap
from fasharness.scorefiles.official_lists import oulu_list, read_oulu_list
from fasharness.scorefiles.tables import Table
from fasharness.scores import Numbered, Score

OWN = ("csv", "parquet")

_OULU_SPECIES: Mapping[str, tuple[str | None, str | None]] = {
    "1": (None, None),
    "2": ("print1", "print"),
    "3": ("print2", "print"),
    "4": ("display1", "display"),
    "5": ("display2", "display"),
}

Files = Mapping[str, Path]


@dataclass(frozen=True)
class Format:
    """A file format for the scores of one split.

    Attributes:
        read: function from split to file to the scores of all files.
        write: function from the scores of a split to the text of a file.
        file: function from a split to the name of its file.
    """

    read: Callable[[Files], Loaded]
    write: Callable[[Sequence[Score]], str]
    file: Callable[[str], str]


def read_oulu(path: Path, split: str) -> Numbered:
    """Read an OULU-NPU list, or SGTD's score files, which have the same form.

    Args:
        path: ``name,score`` lines with plain or coded names.
        split: which split it holds.

    Yields:
        Scores, numbered, with subject, species, phone and session taken from the names.

    Raises:
        DataError: naming file and line, or the name.
    """
    found = read_oulu_list(path)
    for number, (name, value, failure) in enumerate(found.scores, start=1):
        phone, session, user, file = name.split("_")
        if file not in _OULU_SPECIES:
            raise DataError(f"{path}: {name}: OULU-NPU has the files 1 to 5")
        species, group = _OULU_SPECIES[file]
        yield number, Score(
            name, split, user, species, group, value, failure=failure, device=phone,
            session=session, simulated=found.simulated,
        )  # fmt: skip


def _each(read: Callable[[Path, str], Numbered]) -> Callable[[Files], Loaded]:
    """Read the files of the splits one by one."""
    return lambda files: Loaded(each_once(files, read))


def _bob_file(ending: str) -> Callable[[str], str]:
    """Name files as bob does, where test is called eval."""
    return lambda split: f"scores-{'eval' if split == 'test' else split}.{ending}"


FORMATS: Mapping[str, Format] = {
    "bob-csv": Format(bob.read_csv, bob.write_csv, _bob_file("csv")),
    "four-column": Format(
        _each(columns.read_four_columns), columns.write_four_columns, _bob_file("txt")
    ),
    "five-column": Format(
        _each(columns.read_five_columns), columns.write_five_columns, _bob_file("txt")
    ),
    "oulu": Format(_each(read_oulu), oulu_list, lambda split: f"{split.capitalize()}_scores.txt"),
    "labelled": Format(_each(columns.read_labelled), columns.write_labelled, "{}.txt".format),
}
# Formats of systems that do not know what was presented; these are read with a key.
ANSWERS = {"fate-pad": laboratories.of_fate_pad, "mdtf": laboratories.of_mdtf}


def load(style: str, files: Files, key: Path | None = None) -> Loaded:
    """Read the files of another tool.

    Args:
        style: one of `FORMATS`, of `ANSWERS`, or of `OWN` for the harness's own.
        files: split to file; any key for the harness's own files, which name the split themselves.
        key: what was presented, for the formats of `ANSWERS` and no others; see
            `fasharness.scorefiles.laboratories.read_key`.

    Returns:
        The scores of all files, and notes: how ids were made, which subjects are in two splits.

    Raises:
        DataError: when a file is damaged or two files score one presentation.
        OptionError: when there is no such format, or a key is missing or not wanted.
    """
    if (key is not None) is not (style in ANSWERS):
        if key is None:
            raise OptionError(f"{style} does not say what was presented: give --key FILE.csv")
        raise OptionError(f"a key goes with the formats {', '.join(ANSWERS)}")
    _refuse_same(files)
    if style in OWN:
        found = Loaded(each_once(files, lambda path, _: scorefiles.numbered(path)))
    elif key is not None:
        found = laboratories.read_answers(files, laboratories.read_key(key), ANSWERS[style])
    else:
        found = _format(style).read(files)
    return Loaded(found.scores, (*found.notes, *overlap(found.scores)))


def _refuse_same(files: Files) -> None:
    """Refuse a file that is given for two splits."""
    seen: dict[Path, str] = {}
    for split, path in files.items():
        first = seen.setdefault(path.resolve(), split)
        if first != split:
            raise OptionError(f"{path} is given for both {first} and {split}; name two files")


def load_table(table: Table, files: Files) -> Loaded:
    """Read any tool's CSV files.

    Args:
        table: what their columns and scores mean.
        files: split to file; an empty split for a file with a column of splits.

    Returns:
        The scores, and notes as of `load`.

    Raises:
        DataError: when a file is damaged or two files score one presentation.
    """
    _refuse_same(files)
    for path in files.values():
        if path.suffix.lower() == ".parquet":
            raise OptionError(f"{path}: columns are mapped in CSV files only; save it as CSV")
    scores = each_once(files, table.read)
    if table.bona_fide and not any(score.bona_fide for score in scores):
        named = ", ".join(map(str, files.values()))
        raise DataError(f"{named}: no row has the species {table.bona_fide!r}; what is bona fide?")
    return Loaded(scores, overlap(scores))


def save(
    style: str, folder: Path, scores: Sequence[Score], keep: Collection[Path] = ()
) -> tuple[Path, ...]:
    """Write the files of another tool, each atomically.

    Args:
        style: one of `FORMATS`, or of `OWN` for the harness's own.
        folder: where they go.
        scores: the scores.
        keep: files that must not be overwritten.

    Returns:
        The files written, one for each split that has scores; one for the harness's own.

    Raises:
        DataError: when the format cannot hold a name, or has no clips and frames.
        OptionError: when there is no such format, a file that must be kept would be overwritten,
            or the folder holds a run.
    """
    if style in OWN:
        target = folder / f"scores.{style}"
        scorefiles.refuse_overwriting([target], keep)
        scorefiles.write(target, scores)
        return (target,)
    chosen = _format(style)
    if any(score.unit != "video" for score in scores):
        raise DataError(f"{style} has whole videos only; convert to {' or '.join(OWN)}")
    splits = dict.fromkeys(score.split for score in scores)
    texts = {
        folder / chosen.file(split): chosen.write([s for s in scores if s.split == split])
        for split in splits
    }
    # All files are composed and checked before the first one is written.
    scorefiles.refuse_overwriting(texts, keep)
    for path, text in texts.items():
        write_text(path, text)
    return tuple(texts)


def _format(style: str) -> Format:
    """Find a format by its name."""
    if style in ANSWERS:
        raise OptionError(f"{style} is only read: it has no place for what was presented")
    if style not in FORMATS:
        raise OptionError(f"no score format {style!r}; there are {', '.join((*OWN, *FORMATS))}")
    return FORMATS[style]
