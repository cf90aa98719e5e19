"""The outcome of a preparation: the stored clips of every presentation, and the failures."""

from pathlib import Path
from typing import NamedTuple

from fasharness.clips import ClipSpec
from fasharness.data import Presentation
from fasharness.prepare.store import StoredClips


class Older(NamedTuple):
    """What an earlier version left in the store.

    Attributes:
        root: the store.
        size: in bytes.
    """

    root: Path
    size: int


class Prepared:
    """Stored clips by presentation and specification.

    Args:
        older: what an earlier version left in the store, if that is to be said.

    Attributes:
        damaged: files of the store whose checksum was wrong, under the names they were given.
    """

    def __init__(self, older: Older | None = None) -> None:
        self._older = older
        self.damaged: tuple[Path, ...] = ()
        self._stored: dict[tuple[str, ClipSpec], StoredClips] = {}

    def add(self, spec: ClipSpec, stored: StoredClips) -> None:
        """Add the stored clips of a presentation."""
        self._stored[stored.presentation, spec] = stored

    def get(self, presentation: Presentation, spec: ClipSpec) -> StoredClips:
        """The stored clips of a presentation under a specification."""
        return self._stored[presentation.id, spec]

    def failures(self) -> dict[str, str]:
        """Presentations without clips, with reasons, sorted by name."""
        failed = {s.presentation: s.failure for s in self._stored.values() if s.failure}
        return dict(sorted(failed.items()))

    def words(self) -> str:
        """Return one line: what was prepared, and the names that failed."""
        facts = self.summary()
        line = (
            f"prepared {facts['presentations']} presentations: {facts['clips']} clips, "
            f"{facts['left_out']} left out (no face or no depth)"
        )
        failed = list(self.failures())
        if failed:
            more = f" and {len(failed) - 5} more" if len(failed) > 5 else ""
            line += f"; {len(failed)} failed: {', '.join(failed[:5])}{more} (preparation.json)"
        if self.damaged:
            line += (
                f"; {len(self.damaged)} damaged files of the clip store were set aside and made "
                f"again, e.g. {self.damaged[0]}"
            )
        if self._older is not None and self._older.size:
            root, size = self._older
            line += (
                f"; {size / 1e6:.0f} MB of clips of an earlier version are in {root} and are not "
                "used; `fasharness cache --clean` removes them"
            )
        return line

    def summary(self) -> dict[str, object]:
        """Counts, failures and the names of the packs that hold the clips, as plain data."""
        stored = self._stored.values()
        return {
            "presentations": len({item.presentation for item in stored}),
            "clips": sum(item.clips for item in stored),
            "face_crops": sum(item.frames for item in stored),
            "left_out": sum(item.left_out for item in stored),
            "failed": self.failures(),
            "packs": sorted({item.place.path.name for item in stored if item.key}),
        }
