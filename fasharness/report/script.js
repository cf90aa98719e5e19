// Moves the threshold through the scores that the page holds, and sorts its tables.
"use strict";
(() => {
  const store = document.getElementById("scores");
  // The same arithmetic as report/numbers.py, so that both print the same digits.
  const percent = (rate) => {
    const n = Math.floor(rate * 10000 + 0.5);
    return `${Math.floor(n / 100)}.${String(n % 100).padStart(2, "0")}`;
  };
  // Values rise, so a count of accepted scores is a binary search.
  const below = (values, cut) => {
    let low = 0, high = values.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[middle] < cut) low = middle + 1; else high = middle;
    }
    return low;
  };
  // Acklam's rational approximation of the normal quantile (relative error below 1.2e-9).
  const quantile = (p) => {
    const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239];
    const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572];
    const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
    const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
    const poly = (k, x) => k.reduce((sum, factor) => sum * x + factor, 0);
    if (p < 0.02425) {
      const q = Math.sqrt(-2 * Math.log(p));
      return poly(c, q) / poly([...d, 1], q);
    }
    if (p > 1 - 0.02425) return -quantile(1 - p);
    const q = p - 0.5, r = q * q;
    return (poly(a, r) * q) / poly([...b, 1], r);
  };
  const number = (element, name) => Number(element.dataset[name]);

  function interactive() {
    const data = JSON.parse(store.textContent);
    const slider = document.getElementById("cut");
    const histogram = document.getElementById("histogram");
    const det = document.getElementById("det");
    const [live, ...attacks] = data.classes;
    const all = data.classes.flatMap((one) => one.values).sort((x, y) => x - y);
    const cuts = [...new Set([...all, data.threshold])].sort((x, y) => x - y);
    slider.max = String(cuts.length - 1);

    const rates = (cut) => {
      const bpcer = below(live.values, cut) / live.values.length;
      const by = attacks.map((one) => (one.values.length - below(one.values, cut)) / one.values.length);
      const accepted = attacks.reduce((sum, one) => sum + one.values.length - below(one.values, cut), 0);
      const total = attacks.reduce((sum, one) => sum + one.values.length, 0);
      const apcer = Math.max(...by);
      return { bpcer, by, apcer, pooled: accepted / total, acer: (apcer + bpcer) / 2 };
    };
    const put = (id, text) => { document.getElementById(id).textContent = text; };

    const place = (element, apcer, bpcer) => {
      const low = quantile(number(det, "axisLow")), high = quantile(number(det, "axisHigh"));
      const share = (rate) => {
        const kept = Math.min(Math.max(rate, number(det, "axisLow")), number(det, "axisHigh"));
        return (quantile(kept) - low) / (high - low);
      };
      const left = number(det, "left"), right = number(det, "right");
      const top = number(det, "top"), bottom = number(det, "bottom");
      element.setAttribute("cx", String(left + share(apcer) * (right - left)));
      element.setAttribute("cy", String(bottom - share(bpcer) * (bottom - top)));
      element.removeAttribute("hidden");
    };

    const show = (cut) => {
      const found = rates(cut);
      put("cut-value", cut.toPrecision(6));
      put("live-bpcer", `${percent(found.bpcer)} %`);
      put("live-apcer", `${percent(found.apcer)} %`);
      put("live-acer", `${percent(found.acer)} %`);
      attacks.forEach((one, i) => put(`live-group-${i}`, `${percent(found.by[i])} %`));
      const low = number(histogram, "low"), high = number(histogram, "high");
      const left = number(histogram, "left"), right = number(histogram, "right");
      const x = left + Math.min(Math.max((cut - low) / (high - low), 0), 1) * (right - left);
      const line = histogram.querySelector(".cut");
      line.setAttribute("x1", String(x));
      line.setAttribute("x2", String(x));
      det.querySelectorAll(".mark").forEach((mark, i) => {
        place(mark, i < attacks.length ? found.by[i] : found.pooled, found.bpcer);
      });
      slider.setAttribute("aria-valuetext", `threshold ${cut.toPrecision(4)}, ACER ${percent(found.acer)} percent`);
    };
    const home = () => { slider.value = String(below(cuts, data.threshold)); show(data.threshold); };
    slider.addEventListener("input", () => show(cuts[Number(slider.value)]));
    document.getElementById("reset").addEventListener("click", home);
    document.getElementById("explore").hidden = false;
    home();
  }

  function sortable(table) {
    const body = table.tBodies[0];
    table.querySelectorAll("thead th").forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const rising = head.getAttribute("aria-sort") !== "ascending";
        table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", rising ? "ascending" : "descending");
        const key = (row) => row.cells[column].textContent;
        const compare = (x, y) => {
          const a = parseFloat(key(x)), b = parseFloat(key(y));
          return Number.isNaN(a) || Number.isNaN(b) ? key(x).localeCompare(key(y)) : a - b;
        };
        body.append(...[...body.rows].sort((x, y) => (rising ? 1 : -1) * compare(x, y)));
      });
    });
  }

  if (store) interactive();
  document.querySelectorAll("table.sortable").forEach(sortable);
})();
