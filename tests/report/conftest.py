"""A whole result with its scores, for the report's tests."""

import dataclasses
import math

import numpy as np
import pytest

from fasharness.evaluate import EvaluationOptions, baseline, evaluate
from fasharness.result import Result
from fasharness.scores import Score

SPECIES = {1: None, 2: "print1", 3: "print2", 4: "replay1", 5: "replay2"}
GROUPS = {"print1": "print", "print2": "print", "replay1": "display", "replay2": "display"}


def draw(
    seed: int = 0, dev_users: int = 6, test_users: int = 8, simulated: bool = False
) -> tuple[Score, ...]:
    """Draw scores of every presentation of some users, on two phones in two sessions."""
    generator = np.random.default_rng(seed)
    found = []
    for split, first, count in (("dev", 21, dev_users), ("test", 36, test_users)):
        for user in range(first, first + count):
            shift = generator.normal(0, 0.4)
            for phone in (1, 2):
                for session in (1, 3):
                    for file, species in SPECIES.items():
                        centre = {1: 2.0, 4: 0.6, 5: 0.6}.get(file, 0.0)
                        value = float(round(generator.normal(centre, 1.0) + shift, 3))
                        found.append(
                            Score(
                                f"{phone}_{session}_{user:02d}_{file}", split, f"{user:02d}",
                                species, GROUPS.get(species or ""), value, 6, 30, "",
                                str(phone), str(session), simulated,
                            )
                        )  # fmt: skip
    return tuple(found)


@pytest.fixture(scope="session")
def scores() -> tuple[Score, ...]:
    drawn = draw(simulated=True)
    failed = dataclasses.replace(drawn[-1], value=math.nan, failure="no <b>face</b>")
    return (*drawn[:-1], failed)


@pytest.fixture(scope="session")
def result(scores: tuple[Score, ...]) -> Result:
    constant = [dataclasses.replace(s, value=0.5, failure="") for s in scores]
    return Result(
        method="sgtd", method_version="1", preset="demo", options={"width": 0.25},
        dataset="oulu-npu", protocol="oulu1", fold="", simulated=True,
        aggregator="mean over clips",
        evaluation=evaluate(scores, EvaluationOptions(replicates=100, compat=True)),
        baselines=(baseline("constant", "always one half", constant),),
        provenance={"versions": {"torch": "2.13"}, "seed": 0},
        commands=("fasharness run --plugin sgtd --protocol oulu1",),
    )  # fmt: skip
