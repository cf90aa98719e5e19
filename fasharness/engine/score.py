"""Scoring: the clip scores of a presentation, and its own from them; resumable."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import nn

from fasharness.common.faults import concerning
from fasharness.common.files import digest, naming, write_text
from fasharness.common.formats import file_text, json_line
from fasharness.common.records import build
from fasharness.data import Batch
from fasharness.engine.clips import Chunk, ClipSource, scoring_batches, scoring_chunks, stack
from fasharness.errors import DataError, RunError
from fasharness.method import Method, Stage

_LARGEST_JOURNAL = 1 << 30  # bytes
_FLUSH_EVERY = 1.0  # seconds of scores that a kill may lose


class ClipScores(NamedTuple):
    """The scores of one presentation's clips.

    Attributes:
        presentation: its id.
        values: the scores in the order of the clips, higher = more bona fide; empty where the
            presentation failed.
        frames: face crops in these clips.
        failure: why there is no score; empty when there is.
        value: the presentation's score, NaN where it failed.
    """

    presentation: str
    values: tuple[float, ...]
    frames: int
    failure: str = ""
    value: float = math.nan


def score_sources(
    method: Method,
    stage: Stage | None,
    network: nn.Module,
    sources: Iterable[ClipSource],
    fabric: Fabric,
) -> Iterator[ClipScores]:
    """Score presentations, several in a batch where their clips fit.

    Args:
        method: the method.
        stage: the stage whose part of the network scores, None for the whole method.
        network: its network in evaluation mode, on the device.
        sources: the presentations' clips.
        fabric: the device.

    Yields:
        The scores, or the failure of preparation or of a score that is not finite.
    """
    part, most = _Part(method, stage, network), method.scoring_batch
    for chunk, batches in _ahead(scoring_chunks(sources, most), most):
        for (found,) in _score_together([part], chunk, batches, fabric):
            yield found


def _ahead(chunks: Iterable[Chunk], most: int) -> Iterator[tuple[Chunk, list[Batch]]]:
    """Read each chunk's clips while the one before is scored."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        waiting: tuple[Chunk, Future[list[Batch]]] | None = None
        for chunk in chunks:
            reading = reader.submit(scoring_batches, chunk, most)
            if waiting is not None:
                yield waiting[0], waiting[1].result()
            waiting = chunk, reading
        if waiting is not None:
            yield waiting[0], waiting[1].result()


class _Part(NamedTuple):
    """What scores."""

    method: Method
    stage: Stage | None
    network: nn.Module


def _score_together(
    parts: Sequence[_Part], chunk: Chunk, batches: Sequence[Batch], fabric: Fabric
) -> Iterator[list[ClipScores]]:
    """Score the presentations of a chunk by several methods, whose clips are read once."""
    values: list[list[float]] = [[] for _ in parts]
    # Without autocast: scores are float32, whatever the precision of the training.
    with torch.inference_mode():
        for batch in batches:
            shown = batch.to(fabric.device)
            for (method, stage, network), found in zip(parts, values, strict=True):
                with concerning(f"batch of {', '.join(dict.fromkeys(batch.ids()))}"[:200]):
                    made = method.score(stage, network, shown)
                found += _checked(method, made, len(batch)).double().cpu().tolist()
    start = 0
    for source in chunk:
        own = slice(start, start + source.stored.clips)
        start = own.stop
        pairs = zip(parts, values, strict=True)
        yield [_combined(part.method, source, found[own]) for part, found in pairs]


def _checked(method: Method, made: object, clips: int) -> torch.Tensor:
    """Refuse what is not one score for each clip, in at least 32 bits."""
    if isinstance(made, torch.Tensor):
        if made.shape == (clips,) and made.dtype in (torch.float32, torch.float64):
            return made
        got = f"{str(made.dtype).removeprefix('torch.')} {tuple(made.shape)}"
    else:
        got = type(made).__name__
    # One score for a batch would become that of every clip, and half precision makes clips equal.
    raise RunError(
        f"the method {method.name}: score must return one number for each clip, float32 "
        f"({clips},), and returned {got}"
    )


def _aggregated(method: Method, values: Sequence[float]) -> float:
    value = method.aggregate(values)
    if isinstance(value, bool) or not isinstance(value, float | int | np.float32 | np.integer):
        raise RunError(
            f"the method {method.name}: aggregate must return a float, and returned "
            f"{type(value).__name__}"
        )
    return float(value)


def _combined(method: Method, source: ClipSource, values: Sequence[float]) -> ClipScores:
    """Combine the scores of a presentation's clips; one that is not finite is a failure."""
    if source.stored.failure:
        return ClipScores(source.presentation.id, (), 0, source.stored.failure)
    name, value = source.presentation.id, _aggregated(method, values)
    # Counted as a failure. SGTD's published evaluation turns NaN into 0, i.e. an attack: a failed
    # attack is then a free success, a failed bona fide presentation an error.
    if not all(map(math.isfinite, [*values, value])):
        wrong = next(v for v in [*values, value] if not math.isfinite(v))
        return ClipScores(name, (), 0, f"the method gave the score {wrong}")
    return ClipScores(name, tuple(values), source.stored.frames, value=value)


def map_source(
    method: Method, network: nn.Module, source: ClipSource, fabric: Fabric
) -> NDArray[np.float32] | None:
    """Return the map that a method predicts for the first clip of a presentation.

    Args:
        method: the method.
        network: its network in evaluation mode, on the device.
        source: the presentation's clips, at least one.
        fabric: the device.

    Returns:
        float32 (H, W), None where the method has no maps.

    Raises:
        ValueError: the method's maps have another shape.
    """
    batch = stack([source.load(0)]).to(fabric.device)
    with torch.inference_mode():
        maps = method.maps(network, batch)
    if maps is None:
        return None
    if maps.ndim != 3 or maps.shape[0] != 1:
        shape = tuple(maps.shape)
        raise ValueError(f"maps of {method.name} for one clip must be (1, H, W), got {shape}")
    return maps[0].float().cpu().numpy()


class Journal:
    """Scores kept as they are made, so that an interrupted scoring continues where it stopped.

    Args:
        path: the file, one JSON line for the key and one for each presentation.
        key: content key of the scoring; a journal of another key is replaced.

    Attributes:
        done: the scores that an earlier, interrupted scoring made, by presentation.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self.done: dict[str, ClipScores] = {}
        head = json.dumps({"key": key})
        whole = _whole_lines(path)
        if whole and whole[0] == head:
            self.done = {s.presentation: s for s in _read_lines(whole[1:])}
        # Written again before appending: a line appended to a cut-off one would be lost with it.
        text = "".join(f"{line}\n" for line in (head, *map(_write_line, self.done.values())))
        write_text(path, text)

    @contextmanager
    def appending(self) -> Iterator[Callable[[ClipScores], None]]:
        """Yield a function that adds scores; they reach the disk within seconds and at the end."""
        with self.path.open("a", encoding="utf-8") as file:
            last = time.monotonic()

            def add(found: ClipScores) -> None:
                nonlocal last
                with naming(self.path):
                    file.write(_write_line(found) + "\n")
                    # Not for each line: synchronising takes longer than scoring a small picture.
                    if time.monotonic() - last >= _FLUSH_EVERY:
                        _synchronise(file)
                        last = time.monotonic()

            try:
                yield add
            finally:
                with naming(self.path):
                    _synchronise(file)


class Scorer(NamedTuple):
    """A method that scores, with what keeps its scores.

    Attributes:
        journal: keeps them.
        method: the method.
        network: its network, on the device.
    """

    journal: Journal
    method: Method
    network: nn.Module


def score_all(
    scorers: Sequence[Scorer], sources: Iterable[ClipSource], fabric: Fabric
) -> Iterator[tuple[ClipScores, ...]]:
    """Score presentations by several methods, whose clips are read once for all of them.

    Args:
        scorers: the methods; the first decides how many clips are scored at once.
        sources: the clips of each presentation.
        fabric: the device.

    Yields:
        The scores of a presentation by each method, in the order of the sources; what a journal
        has is not computed.
    """
    most = scorers[0].method.scoring_batch
    for scorer in scorers:
        scorer.network.eval()
    with ExitStack() as stack:
        adding = [stack.enter_context(scorer.journal.appending()) for scorer in scorers]
        # A chunk of which a journal lacks anything is scored whole, for its rounding.
        chunks = [(chunk, _lacking(scorers, chunk)) for chunk in scoring_chunks(sources, most)]
        ready = _ahead((chunk for chunk, lacking in chunks if lacking), most)
        for chunk, lacking in chunks:
            parts = [_Part(scorers[n].method, None, scorers[n].network) for n in lacking]
            made = _score_together(parts, *next(ready), fabric) if lacking else [[]] * len(chunk)
            for source, values in zip(chunk, made, strict=True):
                name = source.presentation.id
                fresh = dict(zip(lacking, values, strict=True))
                found = [s.journal.done.get(name) or fresh[n] for n, s in enumerate(scorers)]
                for number in lacking:
                    if name not in scorers[number].journal.done:
                        adding[number](fresh[number])
                yield tuple(found)


def _lacking(scorers: Sequence[Scorer], chunk: Chunk) -> list[int]:
    """Numbers of the scorers whose journal lacks a presentation of a chunk."""
    names = [source.presentation.id for source in chunk]
    return [
        number
        for number, scorer in enumerate(scorers)
        if any(name not in scorer.journal.done for name in names)
    ]


def _synchronise(file: IO[str]) -> None:
    file.flush()
    # Without fsync a power cut could lose minutes of scores, not only the last seconds.
    os.fsync(file.fileno())


def _whole_lines(path: Path) -> list[str]:
    """Return the lines of a journal that are whole; a damaged one costs scoring again."""
    try:
        text = file_text(path, _LARGEST_JOURNAL) if path.exists() else ""
    except DataError:
        return []
    return text.split("\n")[:-1]  # text after the last line end was cut off


def _write_line(found: ClipScores) -> str:
    # JSON has no NaN.
    facts = found._asdict() | {"value": None if found.failure else found.value}
    return json.dumps(facts | {"check": digest(facts)})


def _read_lines(lines: Iterable[str]) -> Iterator[ClipScores]:
    """Yield scores up to the first line that a power cut left unreadable."""
    for line in lines:
        try:
            yield _read_line(line)
        except (ValueError, DataError):
            return


def _read_line(line: str) -> ClipScores:
    facts = json_line(line)
    # One changed digit would be another score.
    if facts.pop("check", None) != digest(facts):
        raise ValueError("damaged")
    kept = build(_Line, facts, "journal")
    value = math.nan if kept.value is None else kept.value
    return ClipScores(kept.presentation, kept.values, kept.frames, kept.failure, value)


@dataclass(frozen=True)
class _Line:
    """A line of a journal: `ClipScores`, whose value is null where it failed."""

    presentation: str
    values: tuple[float, ...]
    frames: int
    failure: str
    value: float | None
