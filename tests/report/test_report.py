"""The report: whole, self-contained, escaped, deterministic, and right in a real browser."""

import dataclasses
import json
import math
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from fasharness import report
from fasharness.metrics import rates
from fasharness.report import curves
from fasharness.report.numbers import figure, percent
from fasharness.result import Result, combine_folds
from fasharness.scores import Score

VOID = {"meta", "link", "input", "br", "img"}


class Outline(HTMLParser):
    """Checks that tags nest, and collects what a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "action", "data", "srcset"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text += data


def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    found.close()
    assert not found.open
    return found


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, result: Result, scores: tuple[Score, ...]
) -> Path:
    folder = tmp_path_factory.mktemp("run")
    assert report.write(folder, result, scores) == folder / "report.html"
    return folder


def test_files_are_whole_and_the_same_again(
    folder: Path, tmp_path: Path, result: Result, scores: tuple[Score, ...]
) -> None:
    assert sorted(p.name for p in folder.iterdir()) == ["det.png", "histogram.png", "report.html"]
    report.write(tmp_path, result, scores)
    for name in ("det.png", "histogram.png", "report.html"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert (folder / "det.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_nests_names_once_and_refers_to_nothing_outside(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    found = outline(page)
    assert found.links == ["data:,"]
    assert len(found.ids) == len(set(found.ids))
    assert not re.findall(r"https?://(?!www\.w3\.org)", page)
    assert "default-src 'none'" in page


def test_the_page_shows_every_figure_of_the_result(folder: Path, result: Result) -> None:
    text = outline((folder / "report.html").read_text()).text
    for metric in result.evaluation.metrics:
        assert figure(metric.name, metric.value) in text
    for metric in (*result.evaluation.apcer_by_group, *result.evaluation.apcer_by_species):
        assert metric.name in text
        assert f"{percent(metric.value or 0)} %" in text
    for words in (
        "compat.sgtd.acer", "yes: chosen on test", "SIMULATED DATA", "constant",
        "always one half", "versions.torch", "2.13",
        "fasharness run --plugin sgtd", "mean over clips", "device", "session",
    ):  # fmt: skip
        assert words in text


def test_failures_are_named_and_escaped(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "no &lt;b&gt;face&lt;/b&gt;" in page
    assert "<b>" not in page


def test_names_cannot_break_out_of_the_page(
    tmp_path: Path, result: Result, scores: tuple[Score, ...]
) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    hostile = tuple(
        dataclasses.replace(
            s, presentation=evil + s.presentation, group=s.group and evil + s.group, device=evil,
            subject=evil + s.subject,
        )
        for s in scores
    )  # fmt: skip
    named = dataclasses.replace(
        result, method=evil, dataset=evil, options={evil: evil}, provenance={evil: {evil: 1}},
        commands=(evil,), aggregator=evil, protocol=evil, preset=evil,
    )  # fmt: skip
    page = report.write(tmp_path, named, hostile).read_text()
    found = outline(page)
    assert found.links == ["data:,"]
    assert page.count("<script") == 2
    assert "<img" not in page


def test_the_gallery_shows_the_worst_errors(
    folder: Path, tmp_path: Path, result: Result, scores: tuple[Score, ...]
) -> None:
    asked = []
    png = (folder / "det.png").read_bytes()

    def picture(name: str) -> bytes | None:
        asked.append(name)
        return None if len(asked) == 2 else png if len(asked) == 1 else b"\xff\xd8 a JPEG file"

    page = report.write(tmp_path, result, scores, picture).read_text()
    outline(page)
    cut = result.evaluation.threshold.value
    test = [s for s in scores if s.split == "test" and not s.failed]
    errors = [s for s in test if (s.value >= cut) != s.bona_fide]
    errors.sort(key=lambda s: (-abs(s.value - cut), s.presentation))
    assert asked == [s.presentation for s in errors[:12]]
    assert page.count("data:image/png;base64,") == 1
    assert page.count("data:image/jpeg;base64,") == len(asked) - 2
    assert f'alt="{asked[0]}: ' in page
    assert f'alt="{asked[1]}: ' not in page


def test_real_data_carry_no_band(tmp_path: Path, result: Result, scores: tuple[Score, ...]) -> None:
    real = dataclasses.replace(result, simulated=False)
    page = report.write(tmp_path, real, scores).read_text()
    assert "SIMULATED" not in page
    assert 'class="simulated"' not in page


def test_simulated_plots_differ_from_real_ones(
    folder: Path, tmp_path: Path, result: Result, scores: tuple[Score, ...]
) -> None:
    report.write(tmp_path, dataclasses.replace(result, simulated=False), scores)
    for name in ("det.png", "histogram.png"):
        assert (tmp_path / name).read_bytes() != (folder / name).read_bytes()


def test_folds(tmp_path: Path, result: Result, scores: tuple[Score, ...]) -> None:
    folds = combine_folds("oulu3", [dataclasses.replace(result, fold=f"oulu3_{i}") for i in (1, 2)])
    page = report.write(tmp_path, folds, scores).read_text()
    text = outline(page).text
    assert "oulu3_2" in text
    assert "standard deviation (divided by n - 1)" in text
    assert "± 0.00 %" in text


def test_without_scores_there_are_no_plots_but_a_page(tmp_path: Path, result: Result) -> None:
    page = report.write(tmp_path, result, ()).read_text()
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    outline(page)


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0, "0.00"), (1, "100.00"), (1 / 3, "33.33"), (2 / 3, "66.67"), (0.00005, "0.01")],
)
def test_percent(rate: float, text: str) -> None:
    assert percent(rate) == text


def test_det_corners_are_on_the_curve_and_marks_on_their_lines(
    result: Result, scores: tuple[Score, ...]
) -> None:
    found = curves.classes(scores)
    assert [c.name for c in found] == ["bona fide", "display", "print"]
    lines = curves.det(found)
    assert [line.name for line in lines] == ["display", "print", "all attacks"]
    marks = curves.marks(found, result.evaluation.threshold.value)
    groups = {m.name: m.value for m in result.evaluation.apcer_by_group}
    assert marks[0][0] == groups["display"]
    assert marks[2][0] == result.evaluation.metric("apcer_pooled").value
    for line, (apcer, bpcer) in zip(lines, marks, strict=True):
        on_line = np.interp(bpcer, line.bpcer, line.apcer)
        beside = line.apcer[np.isclose(line.bpcer, bpcer)]
        assert np.isclose(on_line, apcer) or beside.min() <= apcer <= beside.max()
        assert len(line.apcer) <= len(found[0].values) * 2 + 2


PROBE = """
<script>
addEventListener("load", () => {
  const out = [];
  const slider = document.getElementById("cut");
  const read = (id) => document.getElementById(id).textContent;
  const note = () => out.push(["cut-value", "live-acer", "live-apcer", "live-bpcer",
    "live-group-0", "live-group-1"].map(read).concat(
    [document.querySelector("#histogram .cut").getAttribute("x1"),
     document.querySelector("#det .mark").getAttribute("cx")]));
  note();
  for (let i = 0; i <= Number(slider.max); i += 7) {
    slider.value = String(i);
    slider.dispatchEvent(new Event("input"));
    note();
  }
  document.getElementById("reset").click();
  note();
  const head = document.querySelectorAll("table.sortable thead button")[3];
  const column = () => [...document.querySelectorAll("table.sortable tbody tr")].map(
    (row) => row.cells[3].textContent);
  head.click();
  const rising = column();
  head.click();
  const pre = document.createElement("pre");
  pre.id = "probe";
  pre.textContent = JSON.stringify({out, rising, falling: column(), errors: window.failures,
    requests: performance.getEntriesByType("resource").length});
  document.body.append(pre);
});
</script>
"""
CATCH = "<script>window.failures = []; addEventListener('error', (e) => failures.push(e.message));"


@pytest.mark.browser
def test_the_slider_prints_the_numbers_that_python_prints(
    folder: Path, tmp_path: Path, result: Result, scores: tuple[Score, ...]
) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("needs Chromium")
    page = (folder / "report.html").read_text()
    probed = page.replace("<body>", f"<body>{CATCH}</script>{PROBE}")
    (tmp_path / "probed.html").write_text(probed)
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--virtual-time-budget=5000", "--dump-dom",
    ]  # fmt: skip
    command = [chromium, *flags, f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [*command, (tmp_path / "probed.html").as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    found = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found is not None
    probe = json.loads(found[1])
    assert probe["errors"] == []
    assert probe["requests"] == 0
    test = [s for s in scores if s.split == "test" and not s.failed]
    live = [s.value for s in test if s.bona_fide]
    attacks = {k: [s.value for s in test if s.group == k] for k in ("display", "print")}
    cuts = sorted({s.value for s in test} | {result.evaluation.threshold.value})
    home = result.evaluation.threshold.value
    for cut, row in zip([home, *cuts[::7], home], probe["out"], strict=True):
        by = rates.apcer_by(attacks, cut)
        worst, refused = max(by.values()), rates.bpcer(live, cut)
        expected = [(worst + refused) / 2, worst, refused, by["display"], by["print"]]
        assert row[1:6] == [f"{percent(rate)} %" for rate in expected]
        assert float(row[0]) == pytest.approx(cut, rel=1e-5)
    assert f"{percent(result.evaluation.metric('acer').value or math.nan)} %" == probe["out"][0][1]
    assert len({row[6] for row in probe["out"]}) > 5
    assert len({row[7] for row in probe["out"]}) > 5
    numbers = [float(x) for x in probe["rising"]]
    assert numbers == sorted(numbers)
    assert [float(x) for x in probe["falling"]] == sorted(numbers, reverse=True)
