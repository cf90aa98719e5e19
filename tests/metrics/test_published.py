"""Published codes' figures, digit for digit from their own outputs (arrays in ``data``)."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as sklearn

from fasharness.metrics import published

DATA = Path(__file__).parent / "data"
ARRAYS = np.load(DATA / "published.npz")
CURVES = np.load(DATA / "curves.npz")
PRINTED = json.loads((DATA / "published.json").read_text())


def sets(code: str) -> list[str]:
    return sorted({name.split("/")[1] for name in ARRAYS if name.startswith(f"{code}/")})


@pytest.mark.parametrize("name", sets("sgtd"))
def test_sgtd(name: str) -> None:
    parts = ("dev", "dev_labels", "test", "test_labels")
    dev, dev_labels, test, test_labels = (ARRAYS[f"sgtd/{name}/{part}"] for part in parts)
    if "no_attack" in name:
        with pytest.raises(ValueError, match="class is missing"):
            published.sgtd(dev, dev_labels, test, test_labels)
        return
    found = published.sgtd(dev, dev_labels, test, test_labels)
    assert list(found) == ARRAYS[f"sgtd/{name}/result"].tolist()
    clean = np.nan_to_num(dev, nan=0, posinf=0, neginf=0)
    curve = np.stack(published.roc(clean, dev_labels == 1))
    np.testing.assert_array_equal(curve, ARRAYS[f"sgtd/{name}/dev_roc"])
    for part, scores, labels in (("dev", dev, dev_labels), ("test", test, test_labels)):
        seen = np.nan_to_num(scores, nan=0, posinf=0, neginf=0)
        assert published.cdcn_threshold(seen, labels) == CURVES[f"sgtd/{name}/{part}_threshold"]


def test_sgtd_knows_two_kinds_of_attack() -> None:
    with pytest.raises(ValueError, match=r"got \[-3, -2, -1\]"):
        published.sgtd([1, 0], [1, -1], [1, 0, 0, 0], [1, -1, -2, -3])


@pytest.mark.parametrize("name", sets("cdcn"))
def test_cdcn_and_dum(name: str) -> None:
    parts = ("dev", "dev_labels", "test", "test_labels")
    dev, dev_labels, test, test_labels = (ARRAYS[f"cdcn/{name}/{part}"] for part in parts)
    golden = PRINTED["cdcn"][name]
    found = published.cdcn(dev, dev_labels, test, test_labels)
    assert found.dev.threshold == golden["val_threshold"]
    assert (found.dev.accuracy, found.dev.acer) == (golden["val_ACC"], golden["val_ACER"])
    assert list(found.test[1:]) == [
        golden[f"test_{rate}"] for rate in ("ACC", "APCER", "BPCER", "ACER")
    ]
    assert found.test_own.threshold == golden["best_test_threshold"]
    assert found.test_own.acer == golden["test_threshold_ACER"]
    assert (
        list(found.test[1:])
        == golden["test_threshold_based(val_threshold,test): ACC,APCER,BPCER,ACER"]
    )
    assert list(found.dev) == golden["SiW_EER(val): threshold,ACC,APCER,BPCER,ACER"]
    cross = published.cdcn_cross(dev, dev_labels)
    siwm = golden["SiWM_EER(val): threshold,err,ACC,APCER,BPCER,ACER"]
    assert [found.dev.threshold, cross.fpr, *found.dev[1:]] == siwm
    casia = [cross.accuracy, cross.fpr, cross.frr, cross.hter]
    assert casia == golden["CASIA_Replay(val) cdcn: ACC,FPR,FRR,HTER"]
    assert [*casia, cross.threshold] == golden["CASIA_Replay(val) dum: ACC,FPR,FRR,HTER,threshold"]
    assert [cross.accuracy, cross.auc, cross.hter] == golden["ZeroShot(val): ACC,AUC,HTER"]
    best = published.cdcn_best(dev, dev_labels)
    assert list(best) == golden["get_threshold(val): thr,ACC,APCER,BPCER,ACER"]


@pytest.mark.parametrize("name", sets("lgsc"))
def test_lgsc_and_ssdg(name: str) -> None:
    scores, labels = ARRAYS[f"lgsc/{name}/scores"], ARRAYS[f"lgsc/{name}/labels"]
    golden = PRINTED["lgsc"][name]
    for rule, by_accuracy, by_acer in (
        (
            "auto",
            published.lgsc_auto(scores, labels, False),
            published.lgsc_auto(scores, labels, True),
        ),
        ("mid", published.lgsc_mid(scores, labels), published.lgsc_mid(scores, labels)),
        ("0.85", published.lgsc_at(scores, labels, 0.85), published.lgsc_at(scores, labels, 0.85)),
    ):
        accuracy, acer = golden[f"acc|{rule}"], golden[f"acer|{rule}"]
        assert (by_accuracy.accuracy, 100 - by_acer.acer) == (accuracy["value"], acer["value"])
        assert f"{by_accuracy.accuracy:.2f}  {by_accuracy.accepted}" in accuracy["printed"]
        rates = f"{by_acer.apcer:.4f}   {by_acer.bpcer:.4f}   {by_acer.acer:.4f}"
        assert rates in acer["printed"]
        if rule != "0.85":
            assert f"Best Threshold: {by_accuracy.threshold:.4f}" in accuracy["printed"]
            assert f"Best Threshold: {by_acer.threshold:.4f}" in acer["printed"]
    grid = published.ssdg(scores, labels)
    assert (1 - grid.hter) * 100 == golden["hter|auto"]["value"]
    assert (grid.eer, grid.threshold) == (golden["EER"], golden["EER_thr"])
    assert (grid.hter, grid.auc) == (golden["HTER_at_thr"], golden["AUC"])
    half = published.lgsc_at(scores, labels, 0.5)
    shares = [half.apcer / 100, half.bpcer / 100, half.acer / 100, half.accuracy / 100]
    assert shares == pytest.approx(golden["calculate@0.5 APCER,NPCER,ACER,ACC"])
    errors = published.grid_errors(scores, labels)
    np.testing.assert_array_equal(errors.frr, CURVES[f"lgsc/{name}/frr"])
    np.testing.assert_array_equal(errors.far, CURVES[f"lgsc/{name}/far"])


@pytest.mark.parametrize("digits", [0, 1, 6])
def test_the_thinned_roc_is_scikit_learns(digits: int) -> None:
    generator = np.random.default_rng(digits)
    live = generator.random(400) < 0.3
    values = (generator.normal(size=400) + live).round(digits)
    outside = sklearn.roc_curve(live, values)
    for ours, theirs in zip(published.roc(values, live), outside, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_labels_and_scores_must_belong_together() -> None:
    with pytest.raises(ValueError, match="must be"):
        published.ssdg([0.1, 0.2], [1])
    with pytest.raises(ValueError, match="class is missing"):
        published.ssdg([0.1, 0.2], [1, 1])
