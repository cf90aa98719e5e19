"""The command cache: what is in the cache, and removing parts of it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fasharness.cli.command import add_command, show
from fasharness.errors import OptionError

if TYPE_CHECKING:
    from fasharness.run.cache import Item

_DAY = 86400.0
_AGES = ((1.0, "today"), (7.0, "week"), (30.0, "month"))


def add(commands: Any) -> None:
    """Add the command."""
    add_command(commands, "cache", _cache, "size of the cache by kind and age; clean it", _flags)


def _flags(parser: argparse.ArgumentParser) -> None:
    from fasharness.run.cache import KINDS

    add = parser.add_argument
    add("--store", type=Path, metavar="DIR", help="the clip store (default: in the cache)")
    add(
        "--clean",
        action="store_true",
        help="remove leftovers, and what --older-than, --unused-by and --kind choose",
    )
    add("--older-than", type=float, metavar="DAYS", help="what was not used for so many days")
    add(
        "--unused-by",
        type=Path,
        nargs="+",
        metavar="RUN",
        help="prepared clips that none of these runs uses",
    )
    kinds = [kind for kind in KINDS if kind != "leftovers"]
    add("--kind", nargs="+", choices=kinds, help="only these kinds (default: all)")
    add("--dry-run", action="store_true", help="only say what would be removed")


def _cache(options: argparse.Namespace) -> int:
    from fasharness.common.paths import cache_dir, clip_store_dir
    from fasharness.run import cache

    wishes = (options.older_than, options.unused_by, options.kind)
    if not options.clean and (options.dry_run or any(wish is not None for wish in wishes)):
        raise OptionError("say --clean to remove something")
    if options.older_than is not None and not options.older_than >= 0:
        raise OptionError(f"--older-than must not be negative, got {options.older_than:g}")
    if options.unused_by is not None and options.kind not in (None, ["clips"]):
        raise OptionError("--unused-by chooses clips; leave out --kind")
    store = options.store or clip_store_dir()
    found = cache.items(store)
    if not options.clean:
        _print_table(cache_dir(), found)
        return 0
    chosen = _chosen(options, found)
    if not options.dry_run:
        cache.remove(chosen, store)
    for kind in cache.KINDS:
        some = [item for item in chosen if item.kind == kind]
        if some:
            show(f"{'would remove' if options.dry_run else 'removed'} {_words(kind, some)}")
    if not chosen:
        show("nothing to remove")
    return 0


def _chosen(options: argparse.Namespace, found: Sequence[Item]) -> list[Item]:
    """What the flags choose, besides leftovers."""
    from fasharness.run.cache import KINDS, kept_by

    keep = None if options.unused_by is None else kept_by(options.unused_by)
    before = None if options.older_than is None else time.time() - options.older_than * _DAY
    kinds: Sequence[str] = options.kind or ()
    if keep is not None:
        kinds = ("clips",)
    elif before is not None and not kinds:
        kinds = KINDS

    def wanted(item: Item) -> bool:
        return item.kind == "leftovers" or (
            item.kind in kinds
            and (before is None or item.used < before)
            and (keep is None or item.path.name not in keep)
        )

    return [item for item in found if wanted(item)]


def _print_table(folder: Path, found: Sequence[Item]) -> None:
    """Print size by kind, and how much of it was last used when."""
    from fasharness.run.cache import KINDS

    show(f"cache: {folder}")
    columns = [*(name for _, name in _AGES), "older"]
    show(f"{'kind':<10} {'files':>7} {'MB':>9}  " + " ".join(f"{name:>9}" for name in columns))
    for kind in KINDS:
        some = [item for item in found if item.kind == kind]
        sizes = dict.fromkeys(columns, 0)
        for item in some:
            sizes[_age(item)] += item.size
        row = " ".join(f"{size / 1e6:>9.1f}" for size in sizes.values())
        show(f"{kind:<10} {len(some):>7} {sum(sizes.values()) / 1e6:>9.1f}  {row}")
    if found:
        show("Clips are prepared again and simulated data written again when a run wants them.")


def _age(item: Item) -> str:
    days = (time.time() - item.used) / _DAY
    return next((name for most, name in _AGES if days < most), "older")


def _words(kind: str, some: Sequence[Item]) -> str:
    size = sum(item.size for item in some)
    return f"{kind}: {len(some)} files or folders, {size / 1e6:.1f} MB"
