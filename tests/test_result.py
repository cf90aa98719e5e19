"""Results as JSON: deterministic, numbered, strict; folds with mean and sample deviation."""

import dataclasses
import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasharness import result as results
from fasharness.counts import Counts, Failure
from fasharness.errors import DataError, UnknownNameError
from fasharness.evaluation.folds import combine_folds
from fasharness.result import (
    Baseline,
    Evaluation,
    FoldMetric,
    IntervalRule,
    Metric,
    Result,
    Threshold,
    from_json,
    to_json,
)


def evaluation(acer: float | None = 0.25) -> Evaluation:
    metric = (
        Metric("acer", acer, 0.1, 0.4) if acer is not None else Metric("acer", None, reason="x")
    )
    return Evaluation(
        threshold=Threshold("eer", "words", "dev", 0.5),
        metrics=(metric, Metric("auc", 0.9, reason="none")),
        apcer_by_group=(Metric("print", 0.25, 0.1, 0.4, 8),),
        apcer_by_species=(Metric("print1", 0.25, 0.1, 0.4, 8),),
        counts=(Counts("test", 11, 10, (Failure("a", "no <face>"),), 2, {"print1": 8}, 3),),
        intervals=IntervalRule("words", "percentile", 0.95, 1000, 0, 3),
        warnings=("careful",),
        smallest_rate={"print": 0.3},
    )


def one(fold: str = "", acer: float | None = 0.25) -> Result:
    return Result(
        method="sgtd", method_version="1", preset="demo", options={"width": 0.5, "compat": False},
        dataset="oulu-npu", protocol="oulu3", fold=fold, simulated=True,
        aggregator="mean over clips", evaluation=evaluation(acer),
        baselines=(Baseline("constant", "one half", (), "no threshold"),),
        provenance={"seed": 0, "nested": {"torch": "2.13"}}, commands=("fasharness run",),
    )  # fmt: skip


def test_json_round_trip_and_determinism() -> None:
    text = to_json(one())
    assert from_json(text) == one()
    assert to_json(from_json(text)) == text
    content = json.loads(text)
    assert (content["schema"], content["kind"]) == (4, "protocol")
    assert list(content["result"]) == sorted(content["result"])
    shuffled = dataclasses.replace(one(), options={"compat": False, "width": 0.5})
    assert to_json(shuffled) == text


def test_folds_round_trip() -> None:
    folds = combine_folds("oulu3", [one("oulu3_1"), one("oulu3_2", 0.35)])
    assert from_json(to_json(folds)) == folds
    assert folds.simulated


def test_further_metrics_and_pooled_rates_survive() -> None:
    more = (Metric("tpr@fpr=0.001", None, reason="needs 1000"), Metric("d_prime", 2.5, 2.0, 3.0))
    rich = dataclasses.replace(evaluation(), more=more, unit="frame")
    folds = combine_folds(
        "oulu3",
        [dataclasses.replace(one(f"oulu3_{i}"), evaluation=rich) for i in (1, 2)],
        (Metric("acer", 0.3, 0.2, 0.4),),
    )
    again = from_json(to_json(folds))
    assert again == folds
    assert [(m.name, m.mean) for m in folds.more] == [("tpr@fpr=0.001", None), ("d_prime", 2.5)]
    assert folds.more[0].reason == "absent in every fold"
    assert folds.pooled[0].value == 0.3
    assert "each at its fold's own threshold" in folds.pooling
    assert rich.metric("d_prime").value == 2.5


def test_mean_and_sample_standard_deviation_by_hand() -> None:
    folds = combine_folds("oulu3", [one("1", 0.1), one("2", 0.2), one("3", 0.6)])
    acer, auc = folds.metrics
    assert acer.mean == pytest.approx(0.3)
    assert acer.std == pytest.approx(math.sqrt((0.04 + 0.01 + 0.09) / 2))
    assert (auc.mean, auc.std) == (0.9, 0.0)
    assert "n - 1" in folds.spread


def test_a_fold_without_a_metric_leaves_no_average() -> None:
    folds = combine_folds("oulu3", [one("oulu3_1"), one("oulu3_2", None)])
    assert folds.metrics[0] == FoldMetric("acer", None, None, "absent in oulu3_2")


def test_one_fold_has_no_deviation_and_none_is_refused() -> None:
    only = combine_folds("oulu3", [one()]).metrics[0]
    assert (only.mean, only.std) == (0.25, None)
    assert only.reason
    with pytest.raises(ValueError, match="at least one fold"):
        combine_folds("oulu3", [])


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "run" / "result.json"
    results.write(path, one())
    assert results.read(path) == one()
    assert [p.name for p in path.parent.iterdir()] == ["result.json"]
    with pytest.raises(DataError, match="cannot be read"):
        results.read(tmp_path / "missing.json")


def change(text: str, *place: str | int, to: object) -> str:
    content = json.loads(text)
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = to
    return sealed(content)


def sealed(content: dict[str, Any]) -> str:
    """JSON with the checksum that fits it."""
    rest = {name: part for name, part in content.items() if name != "checksum"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return json.dumps({**rest, "checksum": hashlib.sha256(text.encode()).hexdigest()[:32]})


@given(st.data())
def test_no_changed_byte_becomes_another_result(data: st.DataObject) -> None:
    content = bytearray(to_json(one()).encode())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    try:
        found = from_json(content.decode())
    except (DataError, UnicodeDecodeError):
        return
    assert found == one()  # white space for white space


@pytest.mark.parametrize(
    ("place", "to", "message"),
    [
        (("schema",), 1, "schema 1, expected 4; .* repeat the run"),
        (("kind",), "protocols", "kind 'protocols'"),
        (("kind",), ["protocol"], "kind"),
        (("result",), [], "expected exactly"),
        (("extra",), 1, "expected exactly"),
        (("result", "method"), 3, "result.method: expected str, got 3"),
        (("result", "simulated"), "yes", "result.simulated: expected bool"),
        (("result", "colour"), "red", "unknown entry 'colour'"),
        (("result", "evaluation", "threshold", "value"), "0.5", "threshold.value: expected float"),
        (("result", "evaluation", "metrics", 0, "value"), None, "neither a value nor a reason"),
        (("result", "evaluation", "counts", 0, "scored"), True, "scored: expected int, got True"),
        (("result", "evaluation", "counts", 0, "scored"), 1.5, r"counts\[0\].scored: expected int"),
        (("result", "evaluation", "counts", 0, "attacks"), {"a": "b"}, "attacks.a: expected int"),
        (("result", "commands"), "fasharness", "commands: expected list"),
    ],
)
def test_anything_else_is_refused_by_place(
    place: tuple[str | int, ...], to: object, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        from_json(change(to_json(one()), *place, to=to))


def test_missing_entries_bad_json_and_nan_are_refused() -> None:
    content = json.loads(to_json(one()))
    del content["result"]["dataset"]
    with pytest.raises(DataError, match="'dataset' is missing"):
        from_json(sealed(content))
    with pytest.raises(DataError, match="not JSON"):
        from_json(to_json(one())[:-20])
    with pytest.raises(DataError, match="expected a JSON object"):
        from_json("[]")
    with pytest.raises(DataError, match="holds NaN"):
        from_json(change(to_json(one()), "result", "options", to=math.nan))


def test_what_json_cannot_hold_is_refused_when_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(dataclasses.replace(one(), options={"rate": math.nan}))
    with pytest.raises(TypeError, match="JSON cannot hold"):
        to_json(dataclasses.replace(one(), options={"dtype": object()}))


def test_metrics_are_looked_up_by_name() -> None:
    assert evaluation().metric("auc").value == 0.9
    with pytest.raises(UnknownNameError, match="no metric 'acr'; did you mean 'acer'"):
        evaluation().metric("acr")
    with pytest.raises(ValueError, match="neither a value nor a reason"):
        Metric("acer", None)
