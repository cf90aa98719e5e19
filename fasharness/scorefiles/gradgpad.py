"""Real scores of five approaches on 13 data sets, as published in the package gradgpad."""

import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fasharness.common.fetch import fetch, quiet
from fasharness.common.files import sha256
from fasharness.common.formats import json_file
from fasharness.common.packages import Member, Wheel
from fasharness.common.paths import cache_dir
from fasharness.errors import DataError
from fasharness.scores import Score

if TYPE_CHECKING:
    from fasharness.common.progress import Advance

WHEEL = Wheel(
    "gradgpad",
    "2.1.0",
    "3168eb9c00a49959decae8161776ac64460d6b83603940f03606631ba1ca85e5",
    16_311_541,
)
LICENCE = "MIT, Copyright (c) 2020+ ALiCE Biometrics"

_LARGEST = 256 << 20  # bytes of a file of the package
# Of the names and digests of the files that are used, as `_digest` computes it.
_CONTENT = "c931b321269caa877f29d37e10712e3cfaa1ee84524aea42113533f42fc57ede"
_ANNOTATIONS = "gradgpad/data/gradgpad_annotations.json"
_SETS = (
    "casia_fasd", "csmad", "hkbu", "hkbuv2", "msu_mfsd", "oulu_npu", "replay_attack",
    "replay_mobile", "rose_youtu", "siw_m", "siw", "threedmad", "uvad",
)  # fmt: skip
_CROSS = tuple(f"cross_dataset_{name}" for name in _SETS)
_ONE_OUT = tuple(f"lodo_{name}" for name in _SETS)
_DEVICES = tuple(f"cross_device_{name}" for name in ("digital_camera", "mobile_tablet", "webcam"))
_UNSEEN = tuple(
    f"unseen_attack_{name}" for name in ("makeup", "mask", "partial", "print", "replay")
)
_COMMON = ("grandtest", *_CROSS, *_DEVICES, *_ONE_OUT, *_UNSEEN)
_SEXES = ("grandtest_sex_50_50", "grandtest_sex_80_20", "grandtest_sex_90_10")
_PROTOCOLS: Mapping[str, tuple[str, ...]] = {
    "auxiliary": (*_COMMON, *_SEXES, "grandtest_type_i_and_ii"),
    "continual_learning_auxiliary": ("grandtest_type_i_and_ii",),
    "quality_linear": _COMMON,
    "quality_rbf": (*_COMMON, *_SEXES, *(f"intradataset_{name}" for name in _SETS)),
    "quality_rbf_balanced": ("grandtest", "grandtest_sex_50_50"),
}
_NORMALISED = (
    "not_norm_quality_rbf_grandtest", "znorm_quality_rbf_grandtest",
    "znorm_quality_rbf_grandtest_sex_50_50",
)  # fmt: skip
_FOLDERS: Mapping[str, str] = {
    **{f"{folder}_{name}": folder for folder, names in _PROTOCOLS.items() for name in names},
    **dict.fromkeys(_NORMALISED, "quality_rbf"),
}
NAMES = tuple(sorted(_FOLDERS))

# What the package's code calls the numbers of its annotations. The coarse kinds are not read: its
# code and its data disagree about which of 5 and 6 is makeup and which partial.
_SPECIES = (
    "", "print low quality", "print medium quality", "print high quality", "replay low quality",
    "replay medium quality", "replay high quality", "mask paper", "mask rigid", "mask silicone",
    "makeup cosmetic", "makeup impersonation", "makeup obfuscation", "partial funny eyes",
    "partial periocular", "partial paper glasses", "partial upper half", "partial lower half",
)  # fmt: skip
_DEVICE = (
    "webcam low quality", "webcam high quality", "mobile/tablet low quality",
    "mobile/tablet high quality", "digital camera low quality", "digital camera high quality",
)  # fmt: skip
_LIGHTING = ("controlled", "adverse")
_SEX = ("male", "female")
_AGE = ("young", "adult", "senior")
_SKIN_TONE = (
    "", "light pink", "light yellow", "medium pink brown", "medium yellow brown",
    "medium dark brown", "dark brown",
)  # fmt: skip
_SCENARIO = ("", "I", "II", "III")
# The subject in a name of each data set. SiW-M and UVAD number videos, not subjects; a mask attack
# of CSMAD, HKBU and 3DMAD is of the person whose face the mask has.
_SUBJECT = {
    "casia-fasd": re.compile(r"casia-fasd_(test|train)_release/(\d+)/"),
    "csmad": re.compile(r"csmad_(?:attack/(?:STAND|WEAR)|bonafide)/([A-Z])/"),
    "hkbu": re.compile(r"hkbu_s\d/(\d+)_"),
    "hkbuv2": re.compile(r"hkbuV2_(?:attack|real)/(\d+)/"),
    "msu-mfsd": re.compile(r"_client(\d+)_"),
    "oulu-npu": re.compile(r"_files/\d_\d_(\d+)_\d\.avi"),
    "replay-attack": re.compile(r"client(\d+)_"),
    "replay-mobile": re.compile(r"client(\d+)_"),
    "rose-youtu": re.compile(r"rose-youtu_(\d+)/"),
    "siw": re.compile(r"/(?:live|spoof)/(\d+)/"),
    "threedmad": re.compile(r"_Data/(\d+)_"),
}


class Pair(NamedTuple):
    """The scores of one approach and protocol.

    ``leaked`` are the presentations that the package has in both dev and test; they are left out
    of dev, so that test is what was published.
    """

    scores: tuple[Score, ...]
    leaked: tuple[str, ...]


def get(progress: "Advance" = quiet) -> Path:
    """Fetch the score files and annotations into the cache, unless they are there unharmed.

    Args:
        progress: called with bytes done, bytes in total and an empty text.

    Returns:
        The folder; the package's code is neither stored nor run.

    Raises:
        FetchError: the package cannot be fetched or is not the one described.
    """
    folder = cache_dir() / "scores" / f"gradgpad-{WHEEL.version}"
    if _digest(folder) != _CONTENT:
        fetch(WHEEL, [Member(path, folder / Path(path).name) for path in _files()], progress)
    return folder


def _files() -> Iterator[str]:
    """Yield the paths of the files in the wheel."""
    yield _ANNOTATIONS
    for name in NAMES:
        for part in ("devel", "test"):
            yield f"gradgpad/data/scores/{_FOLDERS[name]}/{name}_{part}.json"


def _digest(folder: Path) -> str | None:
    """Compute a digest of all files; None if one is missing."""
    whole = hashlib.sha256()
    for path in _files():
        file = folder / Path(path).name
        if not file.is_file():
            return None
        whole.update(f"{file.name} {sha256(file)}\n".encode())
    return whole.hexdigest()


def read_facts(folder: Path) -> dict[str, Score]:
    """Read what the package knows of each video.

    Args:
        folder: as `get` returns it.

    Returns:
        The video's id in small letters to a score that lacks only its split and value. Facts that
        the package does not know are absent.

    Raises:
        DataError: the annotations have another form.
    """
    path = folder / Path(_ANNOTATIONS).name
    try:
        return {row["id"].lower(): _fact(row) for row in _json(path)["annotations"]}
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        raise DataError(f"{path}: not gradgpad's annotations ({error!r:.80})") from error


def _fact(row: Mapping[str, Any]) -> Score:
    """Turn an annotation into a score that has failed."""
    name, dataset = row["id"], row["dataset"]
    person, conditions = row["attributes"]["person"], row["attributes"]["conditions"]
    species = _SPECIES[row["categorization"]["fine_grained_pai"]]
    facts = {
        "dataset": dataset,
        # The package calls it sex for some data sets and gender for the others.
        "sex": _word(_SEX, person.get("sex", person.get("gender"))),
        "age": _word(_AGE, person.get("age")),
        "skin_tone": _word(_SKIN_TONE, person.get("skin_tone")),
        "lighting": _word(_LIGHTING, conditions.get("lighting")),
        "pas_type": _word(_SCENARIO, row["categorization"]["pas_type"]),
    }
    return Score(
        name, "test", _subject(dataset, name), species or None,
        species.split()[0] if species else None, math.nan, failure="no score",
        device=_word(_DEVICE, conditions.get("capture_device")),
        attributes=tuple((key, text) for key, text in facts.items() if text),
    )  # fmt: skip


def _word(words: tuple[str, ...], number: int | None) -> str:
    """Look a number up; empty for the numbers that mean that nothing is known."""
    return words[number] if number is not None and 0 <= number < len(words) else ""


def _subject(dataset: str, name: str) -> str:
    """Return the subject of a video; empty where names do not tell."""
    rule = _SUBJECT.get(dataset)
    found = rule.search(name) if rule else None
    if rule and not found:
        raise ValueError(f"no subject in {name!r}")
    return f"{dataset}/{'-'.join(found.groups())}" if found else ""


def read_pair(folder: Path, facts: Mapping[str, Score], name: str) -> Pair:
    """Read the dev and test scores of an approach and protocol.

    Args:
        folder: as `get` returns it.
        facts: as `read_facts` returns them.
        name: one of `NAMES`.

    Returns:
        The scores; the package's high scores mean attack, so they are negated.

    Raises:
        DataError: a file has another form, or a video no annotation.
    """
    dev, test = ({s.presentation: s for s in read_split(folder, facts, name, part)}
                 for part in ("devel", "test"))  # fmt: skip
    leaked = tuple(presentation for presentation in dev if presentation in test)
    kept = [score for score in dev.values() if score.presentation not in test]
    return Pair((*kept, *test.values()), leaked)


def read_split(folder: Path, facts: Mapping[str, Score], name: str, part: str) -> Iterator[Score]:
    """Read one file as it was published.

    Args:
        folder: as `get` returns it.
        facts: as `read_facts` returns them.
        name: one of `NAMES`.
        part: ``devel`` or ``test``.

    Yields:
        The scores, negated.

    Raises:
        DataError: the file has another form, or a video no annotation.
    """
    path = folder / f"{name}_{part}.json"
    split = "dev" if part == "devel" else "test"
    for video, value in _json(path).items():
        fact = facts.get(video.lower())
        if fact is None or not isinstance(value, float) or not math.isfinite(value):
            raise DataError(
                f"{path}: {video!r:.80}: {value!r:.40} without an annotation, or no score"
            )
        # 0.0 minus the number and not its negative, which would print a score of 0 as -0.0.
        yield Score(
            fact.presentation, split, fact.subject, fact.species, fact.group, 0.0 - value,
            device=fact.device, attributes=fact.attributes,
        )  # fmt: skip


def _json(path: Path) -> dict[str, Any]:
    """Read a JSON object."""
    try:
        return json_file(path, _LARGEST)
    except DataError as error:
        raise DataError(f"{error}; fetch the scores again") from error
