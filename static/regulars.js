/* The small script of our pages. Sections: 1 charts · 2 CSV of a table · 3 confirm · 4 search · 5 forms and messages */
(function () {
  "use strict";

  const root = document.documentElement;
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  /* --- 1 Charts: drawn when they scroll into view, in the colours of the theme ------------------ */
  const drawn = new Map();
  let library = null;

  function loadLibrary() {
    library = library || new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = document.querySelector('meta[name="r-echarts"]').content;
      script.onload = () => resolve(window.echarts);
      script.onerror = reject;
      document.head.append(script);
    });
    return library;
  }

  function writer(payload) {
    const options = { maximumFractionDigits: 2 };
    let scale = 1;
    if (payload.unit === "money") {
      Object.assign(options, { style: "currency", currency: payload.currency });
      scale = 10 ** new Intl.NumberFormat("en", { style: "currency", currency: payload.currency }).resolvedOptions().maximumFractionDigits;
    }
    if (payload.unit === "percent") Object.assign(options, { style: "percent", maximumFractionDigits: 1 });
    const exact = new Intl.NumberFormat(payload.locale, options);
    const short = new Intl.NumberFormat(payload.locale, { ...options, notation: "compact", maximumFractionDigits: 1, minimumFractionDigits: 0 });
    return { exact: (v) => (v == null ? "–" : exact.format(v / scale)), short: (v) => short.format(v / scale) };
  }

  /* Bars that are not over yet are hatched, the last stretch of a line is dashed. */
  function hatch(payload, series) {
    const data = series.data.map((value, i) =>
      i < series.data.length - payload.unfinished ? value
        : { value, itemStyle: { opacity: 0.55, decal: { symbol: "rect", rotation: -0.8, dashArrayX: [1, 0], dashArrayY: [3, 4], color: css("--r-card") } } });
    return { ...series, data, barMaxWidth: 26, barCategoryGap: "28%", itemStyle: { borderRadius: series.stack ? 0 : 2 } };
  }

  function dash(payload, series) {
    const first = series.data.length - payload.unfinished;
    const look = { ...series, symbol: "circle", symbolSize: 5, showSymbol: series.data.filter((value) => value != null).length < 20, lineStyle: { width: 2 }, emphasis: { disabled: true } };
    if (!payload.unfinished) return [look];
    return [
      { ...look, data: series.data.map((value, i) => (i < first ? value : null)) },
      { ...look, id: `unfinished-${series.name}`, name: series.name, data: series.data.map((value, i) => (i >= first - 1 ? value : null)), lineStyle: { width: 2, type: "dashed" } },
    ];
  }

  /* How wide a text of a chart is, in pixels. */
  const pen = document.createElement("canvas").getContext("2d");
  function widthOf(text) {
    pen.font = `12px ${css("--r-font")}`;
    return pen.measureText(text).width;
  }

  /* Lines that the names of the series need above a chart so wide. */
  function legendLines(names, width) {
    let lines = 1;
    let used = 0;
    for (const name of names) {
      const item = widthOf(name) + 26;
      if (used && used + item > width) { lines += 1; used = 0; }
      used += item;
    }
    return lines;
  }

  function dress(payload, width) {
    const numbers = writer(payload);
    const option = payload.option;
    const [value, category] = payload.horizontal ? [option.xAxis, option.yAxis] : [option.yAxis, option.xAxis];
    const several = option.series.length > 1;
    const lines = { lineStyle: { color: css("--r-line") } };
    const highest = Math.max(...option.series.flatMap((s) => s.data.map((v) => v ?? 0)));
    const whole = payload.unit === "percent" && highest > 0.8 && highest <= 1 ? { max: 1, interval: 0.25 } : {};
    const top = several ? 8 + 22 * legendLines(option.series.map((s) => s.name), width) : 12;
    const crowded = payload.horizontal && width < 480;
    const counts = payload.unit !== "percent" && option.series.every((s) => s.data.every((v) => v == null || Number.isInteger(v)));
    return {
      ...option,
      animation: false,
      aria: { enabled: false },
      textStyle: { fontFamily: css("--r-font"), color: css("--r-muted") },
      grid: { left: 4, right: 14, top, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      legend: several ? { top: 0, left: 0, icon: "roundRect", itemWidth: 10, itemHeight: 10, textStyle: { color: css("--r-text"), fontSize: 12 } } : undefined,
      tooltip: {
        trigger: "axis", confine: true, backgroundColor: css("--r-card"), borderColor: css("--r-line-strong"),
        textStyle: { color: css("--r-ink"), fontSize: 12 },
        axisPointer: { type: option.series.some((s) => s.type === "bar") ? "shadow" : "line" },
        formatter: (points) => tooltip(payload, points, numbers),
      },
      [payload.horizontal ? "xAxis" : "yAxis"]: {
        ...value, ...whole, splitLine: lines, splitNumber: crowded ? 2 : 4, minInterval: counts ? 1 : 0,
        axisLabel: { color: css("--r-muted"), formatter: numbers.short, hideOverlap: true },
      },
      [payload.horizontal ? "yAxis" : "xAxis"]: { ...category, axisTick: { show: false }, axisLine: lines, axisLabel: { color: css("--r-muted"), hideOverlap: true, showMaxLabel: payload.horizontal ? undefined : true } },
      series: option.series.flatMap((s) => (s.type === "bar" ? [hatch(payload, s)] : dash(payload, s))),
    };
  }

  function tooltip(payload, points, numbers) {
    const box = document.createElement("div");
    const head = document.createElement("strong");
    const last = payload.option.series[0].data.length - payload.unfinished;
    head.textContent = points[0].axisValueLabel + (points[0].dataIndex >= last ? ` (${payload.unfinishedText})` : "");
    box.append(head);
    const shown = new Map(points.filter((point) => point.value != null).map((point) => [point.seriesName, point]));
    for (const point of shown.values()) {
      const line = document.createElement("div");
      line.textContent = `${point.seriesName}: ${numbers.exact(point.value)}`;
      box.append(line);
    }
    return box;
  }

  /* Flows between two sides: names beside the ends, the exact number on hover. */
  function dressSankey(payload) {
    const numbers = writer(payload);
    const [series] = payload.option.series;
    const titles = new Map(series.data.map((node) => [node.name, node.title]));
    const ends = new Map();
    for (const link of series.links) ends.set(link.target, (ends.get(link.target) || 0) + link.value);
    const room = Math.max(0, ...[...ends].map(([name, sum]) => widthOf(`${titles.get(name)}  ${numbers.short(sum)}`)));
    return {
      animation: false,
      aria: { enabled: false },
      textStyle: { fontFamily: css("--r-font"), color: css("--r-muted") },
      tooltip: {
        trigger: "item", confine: true, backgroundColor: css("--r-card"), borderColor: css("--r-line-strong"),
        textStyle: { color: css("--r-ink"), fontSize: 12 },
        formatter: ({ dataType, data, value }) => {
          const line = document.createElement("div");
          line.textContent = dataType === "edge"
            ? `${titles.get(data.source)} → ${titles.get(data.target)}: ${numbers.exact(value)}`
            : `${data.title}: ${numbers.exact(value)}`;
          return line;
        },
      },
      series: [{
        ...series, left: 4, right: Math.ceil(room) + 14, top: 8, bottom: 8, nodeGap: 12, nodeWidth: 14, draggable: false,
        layoutIterations: 0,
        lineStyle: { color: "source", opacity: 0.32, curveness: 0.5 },
        emphasis: { focus: "adjacency", lineStyle: { opacity: 0.55 } },
        label: { color: css("--r-text"), fontSize: 12, formatter: ({ data, value }) => `${data.title}  ${numbers.short(value)}` },
      }],
    };
  }

  async function draw(figure) {
    const echarts = await loadLibrary();
    const canvas = figure.querySelector(".r-chart-canvas");
    if (!canvas.isConnected) return;
    const payload = JSON.parse(document.getElementById(figure.dataset.chart).textContent);
    const chart = drawn.get(canvas) || echarts.init(canvas, null, { renderer: "canvas" });
    drawn.set(canvas, chart);
    chart.setOption(payload.kind === "sankey" ? dressSankey(payload) : dress(payload, canvas.clientWidth), true);
    figure.dataset.drawn = "yes";
  }

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "120px" });

  function watchCharts(part) {
    const wanted = "figure[data-chart]:not([data-watched])";
    for (const figure of [...(part.matches?.(wanted) ? [part] : []), ...part.querySelectorAll(wanted)]) {
      figure.dataset.watched = "yes";
      seen.observe(figure);
    }
  }

  function redrawAll() {
    for (const canvas of drawn.keys()) {
      if (canvas.isConnected) draw(canvas.closest("figure"));
      else { drawn.get(canvas).dispose(); drawn.delete(canvas); }
    }
  }

  window.addEventListener("resize", () => { for (const chart of drawn.values()) chart.resize(); });
  new MutationObserver(redrawAll).observe(root, { attributes: true, attributeFilter: ["class"] });

  /* --- 2 CSV of a chart's table twin; what a spreadsheet would take for a formula stays text ------ */
  function saveCsv(button) {
    const rows = [...button.closest("figure").querySelectorAll("table tr")].map((row) =>
      [...row.cells].map((cell) => {
        const text = cell.textContent.trim().replaceAll('"', '""');
        return `"${/^[=+\-@\t\r]/.test(text) && !/^-?[\d.,]+%?$/.test(text) ? "'" : ""}${text}"`;
      }).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff" + rows.join("\r\n")], { type: "text/csv" }));
    link.download = `${button.dataset.csv}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  /* --- 3 Confirm: acts that ask first, some for the name or count ---------------------------------- */
  function confirmFirst(form, submitter) {
    const dialog = document.getElementById("r-confirm");
    const ask = dialog.querySelector("label");
    const input = ask.querySelector("input");
    const yes = dialog.querySelector('button[value="yes"]');
    dialog.querySelector("h2").textContent = form.dataset.confirm;
    ask.hidden = !form.dataset.askFor;
    ask.querySelector("strong").textContent = form.dataset.askFor || "";
    input.value = "";
    const check = () => { yes.disabled = Boolean(form.dataset.askFor) && input.value.trim() !== form.dataset.askFor; };
    input.oninput = check;
    check();
    dialog.returnValue = "";
    dialog.onclose = () => {
      if (dialog.returnValue !== "yes") return;
      form.dataset.confirmed = "yes";
      form.requestSubmit(submitter);
    };
    dialog.showModal();
  }

  /* --- 4 Search: Ctrl+K everywhere, arrows through the hits ---------------------------------------- */
  function openSearch() {
    const dialog = document.getElementById("r-search");
    if (!dialog || dialog.open) return;
    dialog.showModal();
    const input = dialog.querySelector("input");
    input.focus();
    input.select();
  }

  function moveInSearch(event, dialog) {
    const hits = [...dialog.querySelectorAll("#r-search-results a")];
    if (event.key === "Enter" && event.target.matches("input") && hits.length) { event.preventDefault(); hits[0].click(); }
    if (!["ArrowDown", "ArrowUp"].includes(event.key) || !hits.length) return;
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    const at = hits.indexOf(document.activeElement);
    if (at + step < 0) dialog.querySelector("input").focus();
    else hits[Math.min(at + step, hits.length - 1)].focus();
  }

  /* --- Picks: how many rows of a list are ticked; all of the page at once ---------------------------- */
  function countPicks() {
    const told = document.querySelector("[data-pick-count]");
    if (!told) return;
    const boxes = [...document.querySelectorAll('input[form="r-picks"][name="ids"]')];
    const ticked = boxes.filter((box) => box.checked).length;
    const page = document.querySelector("[data-pick-page]");
    const all = document.querySelector("[data-pick-all]");
    told.dataset.none = told.dataset.none || told.textContent;
    told.textContent = ticked && !(all && all.checked) ? told.dataset.pickCount.replace("%s", ticked) : told.dataset.none;
    if (!page) return;
    page.hidden = false;
    page.checked = ticked > 0 && ticked === boxes.length;
    page.indeterminate = ticked > 0 && ticked < boxes.length;
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick-page]"))
      for (const box of document.querySelectorAll('input[form="r-picks"][name="ids"]')) box.checked = event.target.checked;
    if (event.target.matches(".r-pick")) countPicks();
  });

  /* --- 5 Forms and messages -------------------------------------------------------------------------- */
  let unsaved = false;

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-open-search], [data-dismiss], [data-csv]");
    for (const menu of document.querySelectorAll("details.r-chip-menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    if (event.target.matches("dialog.r-palette")) event.target.close();
    if (!target) return;
    if ("openSearch" in target.dataset) openSearch();
    if ("dismiss" in target.dataset) target.closest(".r-toast").remove();
    if ("csv" in target.dataset) saveCsv(target);
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.confirm && form.dataset.confirmed !== "yes") { event.preventDefault(); confirmFirst(form, event.submitter); return; }
    if (form.method === "post" && !event.defaultPrevented) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "yes"; // a second press of the button does nothing; after a file was fetched it may be pressed again
      setTimeout(() => letGo(form), 10000);
      keepWritten(form);
    }
    unsaved = false;
  });

  function letGo(form) {
    delete form.dataset.sent;
    delete form.dataset.confirmed;
  }
  window.addEventListener("pageshow", () => { for (const form of document.forms) letGo(form); });

  /* What was written in a form that led back here with a refusal stands there again. */
  const WRITTEN = "r-written";
  const sign = (form) => `${location.pathname} ${form.getAttribute("action") || ""} ${typed(form).map((field) => field.name)}`;
  const typed = (form) => [...form.elements].filter((field) => field.name && field.matches("input:not([type=hidden], [type=checkbox], [type=radio], [type=file], [type=password]), select, textarea"));

  function keepWritten(form) {
    if (typed(form).length) sessionStorage.setItem(WRITTEN, JSON.stringify([sign(form), typed(form).map((field) => field.value)]));
  }

  function writeAgain(part) {
    if (!document.querySelector(".r-toast-error")) sessionStorage.removeItem(WRITTEN);
    const [signed, values] = JSON.parse(sessionStorage.getItem(WRITTEN) || "[]");
    const form = signed && [...part.querySelectorAll("form")].find((one) => sign(one) === signed);
    if (!form) return;
    sessionStorage.removeItem(WRITTEN);
    typed(form).forEach((field, i) => { field.value = values[i]; });
    if (form.closest("details")) form.closest("details").open = true;
  }

  /* Fields that only some answers to another field ask for: data-when="whom=percent,follow". */
  function fitFields(form) {
    const answers = new FormData(form);
    for (const field of form.querySelectorAll("[data-when]")) {
      const [name, wanted] = field.dataset.when.split("=");
      field.closest(".r-field").hidden = !wanted.split(",").includes(answers.get(name));
    }
  }

  document.addEventListener("input", (event) => {
    if (event.target.closest("form[data-warn-unsaved]")) unsaved = true;
    if (event.target.form) fitFields(event.target.form);
  });
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openSearch(); }
    const dialog = event.target.closest && event.target.closest("dialog.r-palette");
    if (dialog) moveInSearch(event, dialog);
  });

  document.addEventListener("DOMContentLoaded", () => {
    watchCharts(document);
    countPicks();
    // The theme's script looks for its own text field beside each file field; ours have none.
    for (const field of document.querySelectorAll(".r-page input[type=file]")) field.hasChangeListener = true;
    writeAgain(document);
    for (const form of document.forms) fitFields(form);
    for (const toast of document.querySelectorAll(".r-toast-success")) setTimeout(() => toast.remove(), 8000);
    document.body.addEventListener("htmx:load", (event) => { watchCharts(event.detail.elt); writeAgain(event.detail.elt); });
  });
})();
