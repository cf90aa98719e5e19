"""The page in a real headless Chromium: numbers equal to Python's, keys, sorting, no request."""

import json
import math
import re
import shutil
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from fasharness import report
from fasharness.metrics import rates
from fasharness.report.numbers import percent
from fasharness.result import Result
from fasharness.scores import Score

PROBE = """
<script>
addEventListener("load", () => {
  const out = [];
  const root = document.querySelector(".explore.moving");
  const slider = root.querySelector("input[type=range]");
  const histogram = root.querySelector("svg.histogram");
  const read = (name) => root.querySelector(`[data-live="${name}"]`).textContent;
  const marks = [];
  const note = () => {
    root.querySelectorAll("svg.rates").forEach((plot) => plot.querySelectorAll(".mark").forEach(
      (mark) => marks.push([plot.dataset.kind, Number(mark.dataset.line),
        Number(mark.getAttribute("cx")), Number(mark.getAttribute("cy"))])));
    return push();
  };
  const push = () => out.push(["cut", "acer", "apcer", "bpcer", "group-0", "group-1"].map(read)
    .concat([histogram.querySelector(".cut").getAttribute("x1")],
      [...root.querySelectorAll("svg.rates")].map(
        (plot) => plot.querySelector(".mark").getAttribute("cx"))));
  note();
  for (let i = 0; i <= Number(slider.max); i += 7) {
    slider.value = String(i);
    slider.dispatchEvent(new Event("input"));
    note();
  }
  root.querySelector("button.plain").click();
  note();

  const box = histogram.getBoundingClientRect();
  histogram.dispatchEvent(new PointerEvent("pointerdown",
    {clientX: box.left + box.width / 2, clientY: box.top + 9, buttons: 1}));
  const pressed = [read("cut"), slider.value, slider.getAttribute("aria-valuetext")];

  const table = document.querySelector("#factors table.sortable");
  const head = table.querySelectorAll("thead th")[2];
  const column = () => [...table.querySelectorAll("tbody tr")].map(
    (row) => row.cells[2].textContent);
  const button = head.querySelector("button");
  button.focus();
  button.click();
  const rising = [head.getAttribute("aria-sort"), column()];
  button.click();
  const falling = [head.getAttribute("aria-sort"), column()];

  const instrument = document.querySelectorAll("#factors table.sortable")[2];
  instrument.querySelectorAll("thead button")[1].click();
  const key = document.querySelector("ul.legend button");
  key.click();
  const hidden = [key.getAttribute("aria-pressed"),
    document.querySelectorAll("#plots .off").length];
  key.click();

  const pre = document.createElement("pre");
  pre.id = "probe";
  pre.textContent = JSON.stringify({out, marks, pressed, rising, falling, hidden,
    focused: document.activeElement === button, errors: window.failures,
    shown: document.querySelectorAll("#plots .off").length,
    stops: [...document.querySelectorAll("svg [tabindex], a:not([href])")].length,
    requests: performance.getEntriesByType("resource").length,
    ready: performance.now(), wide: document.documentElement.scrollWidth - innerWidth});
  document.body.append(pre);
});
</script>
"""
CATCH = "<script>window.failures = []; addEventListener('error', (e) => failures.push(e.message));"


@pytest.fixture(scope="module")
def browse(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("needs Chromium")

    def go(page: Path, probe: str, width: int = 1280) -> Any:
        folder = tmp_path_factory.mktemp("browser")
        probed = page.read_text().replace("<body>", f"<body>{CATCH}</script>{probe}")
        (folder / "probed.html").write_text(probed)
        flags = [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--virtual-time-budget=5000", "--dump-dom", f"--window-size={width},900",
        ]  # fmt: skip
        command = [chromium, *flags, f"--user-data-dir={folder / 'profile'}"]
        done = subprocess.run(
            [*command, (folder / "probed.html").as_uri()],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        found = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.DOTALL)
        assert found is not None
        return json.loads(found[1])

    return go


@pytest.fixture(scope="module")
def page(
    tmp_path_factory: pytest.TempPathFactory,
    finish: Callable[..., Path],
    result: Result,
    scores: tuple[Score, ...],
) -> Path:
    return report.write(finish(tmp_path_factory.mktemp("run"), result, scores))


@pytest.fixture(scope="module")
def probe(browse: Callable[..., Any], page: Path) -> Any:
    return browse(page, PROBE)


@pytest.mark.browser
def test_no_error_no_request_no_sideways_scrolling(probe: Any) -> None:
    assert probe["errors"] == []
    assert probe["requests"] == 0
    assert probe["wide"] <= 0
    assert probe["stops"] == 0


@pytest.mark.browser
def test_the_slider_prints_the_numbers_that_python_prints(
    probe: Any, result: Result, scores: tuple[Score, ...]
) -> None:
    test = [s for s in scores if s.split == "test" and not s.failed]
    live = [s.value for s in test if s.bona_fide]
    attacks = {k: [s.value for s in test if s.group == k] for k in ("display", "print")}
    home = result.evaluation.threshold.value
    cuts = sorted({s.value for s in test} | {home})
    for cut, row in zip([home, *cuts[::7], home], probe["out"], strict=True):
        by = rates.apcer_by(attacks, cut)
        worst, refused = max(by.values()), rates.bpcer(live, cut)
        expected = [(worst + refused) / 2, worst, refused, by["display"], by["print"]]
        assert row[1:6] == [f"{percent(rate)} %" for rate in expected]
        assert float(row[0]) == pytest.approx(cut, rel=1e-5)
    assert f"{percent(result.evaluation.metric('acer').value or math.nan)} %" == probe["out"][0][1]
    for moving in (6, 7, 8):  # the histogram's line and the marks on both plots
        assert len({row[moving] for row in probe["out"]}) > 5


def distance(x: float, y: float, corners: list[tuple[float, float]]) -> float:
    """From a point to a line through corners."""
    found = []
    for (x0, y0), (x1, y1) in pairwise(corners):
        length = (x1 - x0) ** 2 + (y1 - y0) ** 2 or 1
        share = min(max(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0), 1)
        found.append(math.hypot(x - x0 - share * (x1 - x0), y - y0 - share * (y1 - y0)))
    return min(found)


@pytest.mark.browser
def test_marks_stay_on_their_curves(probe: Any, page: Path) -> None:
    plots = re.findall(r'<svg class="rates".*?</svg>', page.read_text())
    lines = {}
    for plot, kind in zip(plots, ("det", "roc"), strict=True):
        assert f'data-kind="{kind}"' in plot
        for number, points in re.findall(r'data-line="(\d)" points="([^"]*)"', plot):
            corners = [tuple(map(float, point.split(","))) for point in points.split()]
            lines[kind, int(number)] = corners
    assert len(lines) == 6
    assert len(probe["marks"]) > 100
    for kind, number, x, y in probe["marks"]:
        assert distance(x, y, lines[kind, number]) < 0.2


@pytest.mark.browser
def test_pressing_into_the_histogram_moves_the_threshold(
    probe: Any, scores: tuple[Score, ...]
) -> None:
    values = sorted(s.value for s in scores if s.split == "test" and not s.failed)
    cut, index, words = probe["pressed"]
    share = (320 - 46) / (640 - 46 - 14)  # the plot's middle, between its margins
    wanted = values[0] + share * (values[-1] - values[0])
    assert float(cut) == pytest.approx(min(v for v in values if v >= wanted), abs=1e-4)
    assert float(index) > 0
    assert words.startswith("threshold ")
    assert "ACER" in words


@pytest.mark.browser
def test_headings_sort_by_button_and_say_so(probe: Any) -> None:
    assert probe["focused"]
    for (said, column), reverse in ((probe["rising"], False), (probe["falling"], True)):
        assert said == ("descending" if reverse else "ascending")
        numbers = [float(cell) for cell in column]
        assert numbers == sorted(numbers, reverse=reverse)


@pytest.mark.browser
def test_a_legend_hides_its_line_and_its_mark_in_both_plots(probe: Any) -> None:
    assert probe["hidden"] == ["false", 4]
    assert probe["shown"] == 0


BIG = """
<script>
addEventListener("load", () => {
  const slider = document.querySelector("input[type=range]");
  const before = document.querySelector("[data-live=acer]").textContent;
  const start = performance.now();
  slider.value = String(Math.floor(Number(slider.max) / 2));
  slider.dispatchEvent(new Event("input"));
  const pre = document.createElement("pre");
  pre.id = "probe";
  const timing = performance.getEntriesByType("navigation")[0];
  pre.textContent = JSON.stringify({moved: performance.now() - start,
    ready: timing.domInteractive, cuts: Number(slider.max), before,
    after: document.querySelector("[data-live=acer]").textContent, errors: window.failures});
  document.body.append(pre);
});
</script>
"""


@pytest.mark.browser
def test_a_page_on_4950_presentations_is_small_and_quick(
    tmp_path: Path,
    browse: Callable[..., Any],
    finish: Callable[..., Path],
    oulu_like: Callable[..., tuple[Score, ...]],
    result: Result,
) -> None:
    scores = oulu_like(dev_users=15, test_users=233)[:4950]
    assert len(scores) == 4950
    page = report.write(finish(tmp_path, result, scores))
    assert page.stat().st_size < 6_000_000
    found = browse(page, BIG)
    assert found["errors"] == []
    assert found["cuts"] > 1000
    assert found["before"] != found["after"]
    # Interactive within a second; allow for a machine that does other things besides.
    assert found["ready"] < 3000
    assert found["moved"] < 200


PRINTED = """
<script>
addEventListener("load", () => {
  const slider = document.querySelector("input[type=range]");
  const acer = () => document.querySelector("[data-live=acer]").textContent;
  const closed = () => document.querySelectorAll("details:not([open])").length;
  const before = [acer(), closed()];
  slider.value = "0";
  slider.dispatchEvent(new Event("input"));
  document.querySelector("details").open = true;
  const moved = [acer(), closed()];
  dispatchEvent(new Event("beforeprint"));
  const printed = [acer(), closed()];
  dispatchEvent(new Event("afterprint"));
  const pre = document.createElement("pre");
  pre.id = "probe";
  pre.textContent = JSON.stringify({before, moved, printed, after: closed(),
    errors: window.failures});
  document.body.append(pre);
});
</script>
"""


@pytest.mark.browser
def test_paper_shows_what_is_folded_and_the_threshold_of_the_run(
    browse: Callable[..., Any], page: Path
) -> None:
    found = browse(page, PRINTED)
    assert found["errors"] == []
    assert found["before"][1] >= 3
    assert found["moved"] != found["before"]
    assert found["printed"] == [found["before"][0], 0]
    assert found["after"] == found["moved"][1]
