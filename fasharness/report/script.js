// Moves the threshold over the scores in the page, hides and shows curves, sorts tables.
"use strict";
(() => {
  // The same arithmetic as report/numbers.py, so that both show the same digits.
  const percent = (rate) => {
    const n = Math.floor(rate * 10000 + 0.5);
    return `${Math.floor(n / 100)}.${String(n % 100).padStart(2, "0")}`;
  };
  // Values are sorted, so the scores below a cut are counted by binary search.
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

  // Position of a rate on a plot's axis, from 0 to 1.
  const share = (plot, rate) => {
    if (plot.dataset.kind === "roc") return rate;
    const low = number(plot, "low"), high = number(plot, "high");
    const kept = Math.min(Math.max(rate, low), high);
    return (quantile(kept) - quantile(low)) / (quantile(high) - quantile(low));
  };
  const place = (plot, mark, apcer, bpcer) => {
    const left = number(plot, "left"), right = number(plot, "right");
    const top = number(plot, "top"), bottom = number(plot, "bottom");
    const upwards = plot.dataset.kind === "roc" ? 1 - bpcer : bpcer;
    mark.setAttribute("cx", String(left + share(plot, apcer) * (right - left)));
    mark.setAttribute("cy", String(bottom - share(plot, upwards) * (bottom - top)));
    mark.removeAttribute("hidden");
  };

  function explore(root) {
    const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    const slider = root.querySelector("input[type=range]");
    const histogram = root.querySelector("svg.histogram");
    const plots = [...root.querySelectorAll("svg.rates")];
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
    const put = (name, text) => { root.querySelector(`[data-live="${name}"]`).textContent = text; };
    const left = number(histogram, "left"), right = number(histogram, "right");
    const low = number(histogram, "low"), high = number(histogram, "high");

    const show = (cut) => {
      const found = rates(cut);
      put("cut", String(cut));
      for (const name of ["bpcer", "apcer", "acer"]) put(name, `${percent(found[name])} %`);
      attacks.forEach((_, i) => put(`group-${i}`, `${percent(found.by[i])} %`));
      const x = left + Math.min(Math.max((cut - low) / (high - low), 0), 1) * (right - left);
      const line = histogram.querySelector(".cut");
      line.setAttribute("x1", String(x));
      line.setAttribute("x2", String(x));
      for (const plot of plots) {
        plot.querySelectorAll(".mark").forEach((mark, i) => {
          place(plot, mark, i < attacks.length ? found.by[i] : found.pooled, found.bpcer);
        });
      }
      slider.setAttribute("aria-valuetext", `threshold ${cut}, ACER ${percent(found.acer)} percent`);
    };
    const move = (index) => {
      const kept = Math.min(Math.max(index, 0), cuts.length - 1);
      slider.value = String(kept);
      show(cuts[kept]);
    };
    const home = () => move(below(cuts, data.threshold));
    slider.addEventListener("input", () => show(cuts[Number(slider.value)]));
    root.querySelector("button.plain").addEventListener("click", home);
    const press = (event) => {
      if (!event.buttons) return;
      const box = histogram.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * number(histogram, "wide");
      move(below(cuts, low + ((x - left) / (right - left)) * (high - low)));
    };
    histogram.addEventListener("pointerdown", press);
    histogram.addEventListener("pointermove", press);
    // A page on paper does not say which threshold somebody tried, so it shows the run's own.
    addEventListener("beforeprint", home);
    root.querySelector(".controls").hidden = false;
    root.classList.add("moving");
    home();
  }

  // Each entry of a legend becomes a button that hides its line in the plots before it.
  function switchable(legend) {
    const plots = legend.previousElementSibling;
    legend.querySelectorAll("li").forEach((entry) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      button.append(...entry.childNodes);
      entry.append(button);
      button.addEventListener("click", () => {
        const shown = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(shown));
        plots.querySelectorAll(`[data-line="${entry.dataset.line}"]`).forEach((line) => {
          line.classList.toggle("off", !shown);
        });
      });
    });
  }

  // Cells that are not numbers come last in both sort orders.
  function sortable(table) {
    const body = table.tBodies[0];
    const heads = [...table.querySelectorAll("thead th")];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const rising = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", rising ? "ascending" : "descending");
        const rows = [...body.rows].map((row) => {
          const text = row.cells[column].textContent;
          return { row, text, value: parseFloat(text) };
        });
        const numeric = rows.some((one) => !Number.isNaN(one.value));
        const compare = (x, y) => {
          if (!numeric) return x.text.localeCompare(y.text) * (rising ? 1 : -1);
          if (Number.isNaN(x.value) || Number.isNaN(y.value)) return Number.isNaN(x.value) - Number.isNaN(y.value);
          return (x.value - y.value) * (rising ? 1 : -1);
        };
        body.append(...rows.sort(compare).map((one) => one.row));
      });
    });
  }

  // On paper nothing can be unfolded; what was closed on screen is closed again afterwards.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });

  document.querySelectorAll(".explore:has(.controls)").forEach(explore);
  document.querySelectorAll("ul.legend").forEach(switchable);
  document.querySelectorAll("table.sortable").forEach(sortable);
})();
