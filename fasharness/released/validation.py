"""Check a root against the names, counts and lists that its data set should have."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import NamedTuple

from fasharness.common.marks import DONE, simulation_of
from fasharness.data import Split
from fasharness.dataset import Finding, Validation
from fasharness.errors import DataError
from fasharness.released.items import Item, counted
from fasharness.released.layout import Layout

_PART = 256
"""Files that a thread opens before it takes others: a task for each costs more than opening it."""

_TRUTH = ".truth.npz"
"""Ending of what a simulator writes beside each video, in place of the video's own."""


class _Checked(NamedTuple):
    """What opening some files and their side files showed.

    Attributes:
        files: how many.
        findings: what is wrong, in their order.
        bare: how many have no side file.
        empty: rows of their side files without a face.
    """

    files: int
    findings: tuple[Finding, ...]
    bare: int = 0
    empty: int = 0


def validate(
    data: Layout, protocols: Sequence[str], progress: Callable[[int, int], None] | None = None
) -> Validation:
    """Check a root.

    Args:
        data: the data set at its root.
        protocols: folds whose lists and counts are checked.
        progress: called with (files opened, total).

    Returns:
        What is wrong, what is counted, and what each fold has of what it should have.
    """
    findings = [*_links(data), *_missing(data), *_extra(data), *_counts(data), *_subjects(data)]
    opened = _opened(data, progress)
    findings += opened.findings
    counts, notes = {}, list(_notes(data, opened))
    for fold in protocols:
        try:
            known = data.expected(fold)
            findings += [Finding("list", fold, n) for n in data.notes(fold) if n not in known]
            notes += known
        except DataError as error:
            findings.append(Finding("list", fold, str(error)))
        counts[fold] = _of_fold(data, fold)
    return Validation(opened.files, tuple(findings), counts, tuple(notes))


def _links(data: Layout) -> Iterator[Finding]:
    for path in data.walked.outside:
        yield Finding("link", path, "leads out of the root; nothing below it is used")


def _missing(data: Layout) -> Iterator[Finding]:
    """Yield each missing file, and one finding for each folder of which nothing is there."""
    wanted: dict[str, list[str]] = defaultdict(list)
    for path in data.items:
        wanted[path.rpartition("/")[0]].append(path)
    present = {path.rpartition("/")[0] for path in data.there}
    for folder, paths in wanted.items():
        if folder not in present:
            yield Finding("missing", folder, f"none of its {len(paths)} files is there")
        else:
            for path in paths:
                if path not in data.there:
                    yield Finding("missing", path, "no such file")


def _extra(data: Layout) -> Iterator[Finding]:
    """Yield files below the tops that are neither items nor side files of items."""
    sides = set()
    if data.boxes is not None:
        sides = {place for path in data.items for place in data.boxes.places(path)}
    sides |= {item.path for item in data.there.values() if item.role}
    simulated = data.simulated
    for path in data.walked.files:
        # A simulator writes beside the videos what it knows of them.
        if (
            path not in data.items
            and path not in sides
            and not (simulated and path.endswith(".npz"))
        ):
            alike = data.alike.get(path.casefold().rpartition(".")[0])
            hint = f"; the name is {alike}" if alike and alike not in data.there else ""
            yield Finding("extra", path, f"no name of {data.title}{hint}")


def _counts(data: Layout) -> Iterator[Finding]:
    """Yield parts that hold neither what was published nor what others saw."""
    if data.simulated:  # a simulation writes a part of the set
        yield from _of_simulation(data)
        return
    for part in data.parts:
        found = counted(item for item in data.there.values() if not item.role and part.holds(item))
        if found not in (part.published, part.seen):
            seen = f" ({part.seen} in {part.where})" if part.seen else ""
            wanted = f"expected {part.published} (bona fide + attack){seen}"
            yield Finding("count", part.name, f"{found}, {wanted}")


def _of_simulation(data: Layout) -> Iterator[Finding]:
    """Yield what a simulated root lacks: its mark gives the number of files, their names nobody."""
    stems = {path.rpartition(".")[0] for path in data.there}
    for path in data.walked.files:
        if path.endswith(_TRUTH) and (stem := path.removesuffix(_TRUTH)) not in stems:
            yield Finding("missing", stem, "only what the simulator wrote beside it is there")
    wrote = (simulation_of(data.root) or {}).get("videos", len(data.there))
    if wrote != len(data.there):
        yield Finding("count", DONE, f"{len(data.there)} files, the simulator wrote {wrote}")


def _subjects(data: Layout) -> Iterator[Finding]:
    for subject, splits in _shared(data).items():
        if subject not in data.shared:
            yield Finding("subject", subject, f"is in {' and '.join(sorted(splits))}")


def _shared(data: Layout) -> dict[str, set[Split]]:
    """Return subjects in two splits of the data set's own."""
    found: dict[str, set[Split]] = defaultdict(set)
    for item in data.there.values():
        if item.part is not None and item.subject and not item.role:
            found[item.subject].add(item.part)
    return {subject: splits for subject, splits in sorted(found.items()) if len(splits) > 1}


def _opened(data: Layout, progress: Callable[[int, int], None] | None) -> _Checked:
    """Open each file and its side file."""
    items = list(data.there.values())
    parts = (items[start : start + _PART] for start in range(0, len(items), _PART))
    done, count = [], 0
    with ThreadPoolExecutor() as pool:
        for checked in pool.map(lambda part: _sum(_open(data, item) for item in part), parts):
            done.append(checked)
            count += checked.files
            if progress is not None:
                progress(count, len(items))
    return _sum(done)


def _sum(checked: Iterable[_Checked]) -> _Checked:
    every = list(checked)
    return _Checked(
        sum(each.files for each in every),
        tuple(chain.from_iterable(each.findings for each in every)),
        sum(each.bare for each in every),
        sum(each.empty for each in every),
    )


def _open(data: Layout, item: Item) -> _Checked:
    """Read at most one frame of a file, and its whole side file."""
    from fasharness.prepare.decode import check_readable

    found, media = [], data.root / item.path
    try:
        check_readable(media)
    except DataError as error:
        found.append(Finding("file", item.path, str(error)))
    if data.boxes is None or item.role:
        return _Checked(1, tuple(found))
    side = data.boxes.find(data.root, item.path)
    if side is None:
        return _Checked(1, tuple(found), bare=1)
    try:
        return _Checked(1, tuple(found), empty=data.boxes.read(side, media).empty)
    except DataError as error:
        return _Checked(1, (*found, Finding("boxes", item.path, str(error))))


def _of_fold(data: Layout, fold: str) -> str:
    """Return what each split has of what it should have, by the rule."""
    parts = []
    outline = data.outline(fold)
    for split in Split:
        ruled = data.by_rule(fold, split)
        found = counted(item for item in ruled if item.path in data.there)
        whole = counted(ruled)
        if not data.simulated and outline is not None:
            whole = outline.counts.get(split, whole)
        if any(whole) or any(found):
            parts.append(f"{split} {found} of {whole}")
    return ", ".join(parts)


def _notes(data: Layout, opened: _Checked) -> Iterator[str]:
    """Yield what is counted and not wrong."""
    known = sorted(_shared(data).keys() & data.shared)
    if known:
        yield f"{len(known)} subjects are in two splits, as known: {', '.join(known)}"
    roles = Counter(item.role for item in data.there.values() if item.role)
    for role, count in sorted(roles.items()):
        yield f"{count} files for {role}, which no protocol takes"
    if data.boxes is not None:
        yield (
            f"face boxes: {opened.bare} files without a side file, {opened.empty} rows without a "
            "face"
        )
