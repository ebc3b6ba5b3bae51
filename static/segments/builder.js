/* The rule builder: rows and groups over the rule's JSON, driven by the catalogue that the page carries.
   Sections: 1 small tools · 2 inputs · 3 conditions · 4 groups · 5 reading, preview, start */
(function () {
  "use strict";

  const box = document.getElementById("rule-builder");
  if (!box) return;
  const catalogue = JSON.parse(document.getElementById("rule-catalogue").textContent);
  const words = catalogue.words;
  const area = document.getElementById("id_rule");
  let rows = []; // every condition on the page with its row, in order; paths of refusals lead here

  /* --- 1 Small tools ------------------------------------------------------------------------------ */
  function el(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value != null) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child != null));
    return made;
  }

  function select(label, choices, value, onchange) {
    const made = el("select", { class: "r-input", "aria-label": label, onchange: () => onchange(made.value) });
    for (const [key, title] of choices) made.append(el("option", { value: key, selected: key === value }, title));
    if (!choices.some(([key]) => key === value)) made.selectedIndex = -1;
    return made;
  }

  const named = (list, name) => list.find((entry) => entry.name === name);
  const pairs = (list) => list.map((entry) => [entry.name, entry.label]);
  const scale = 10 ** catalogue.currency.digits;
  let lists = 0;

  function suggested(input, query) {
    const list = el("datalist", { id: `rule-values-${(lists += 1)}` });
    input.setAttribute("list", list.id);
    let timer = 0;
    const load = () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const address = `${box.dataset.suggest}?${new URLSearchParams({ ...query(), typed: input.value })}`;
        const answer = await fetch(address, { headers: { Accept: "application/json" } });
        if (!answer.ok) return;
        const { values } = await answer.json();
        list.replaceChildren(...values.map((value) => el("option", { value })));
      }, 150);
    };
    input.addEventListener("focus", load);
    input.addEventListener("input", load);
    return el("span", { class: "r-rule-values" }, input, list);
  }

  /* --- 2 Inputs: one per kind of value; each calls set with the JSON value ----------------------------- */
  function typed(type, value, set, read, extra) {
    const input = el("input", { class: "r-input", type, value: value ?? "", "aria-label": words.value, ...extra });
    input.addEventListener("input", () => set(read(input.value)));
    return input;
  }

  const toNumber = (text) => (text === "" ? null : Number(text));
  const number = (value, set, step) => typed("number", value, set, toNumber, { step: step || "any" });
  const text = (value, set) => typed("text", value, set, (v) => v);
  const date = (value, set) => typed("date", value, set, (v) => v);

  function money(value, set) {
    const shown = value == null ? "" : value / scale;
    const input = typed("number", shown, (v) => set(v == null ? null : Math.round(v * scale)), toNumber, { step: 1 / scale });
    return el("span", { class: "r-rule-values" }, input, el("span", { class: "r-muted" }, catalogue.currency.code));
  }

  function two(value, set, one) {
    const both = Array.isArray(value) ? [...value] : [null, null];
    const part = (index) => one(both[index], (v) => { both[index] = v; set([...both]); });
    return el("span", { class: "r-rule-values" }, part(0), words.and, part(1));
  }

  function chips(value, set, suggest) {
    const values = Array.isArray(value) ? [...value] : [];
    const holder = el("span", { class: "r-rule-values" });
    const input = el("input", { class: "r-input", type: "text", placeholder: words.addValue, "aria-label": words.addValue });
    const add = () => {
      const wanted = input.value.trim();
      if (wanted && !values.includes(wanted)) { values.push(wanted); set([...values]); draw(); }
      input.value = "";
    };
    input.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); add(); } });
    input.addEventListener("change", add);
    const entry = suggest ? suggested(input, suggest) : input;
    function draw() {
      const made = values.map((each) => el("button", {
        type: "button", class: "r-chip r-on", title: words.remove,
        onclick: () => { values.splice(values.indexOf(each), 1); set([...values]); draw(); },
      }, `${each} ×`));
      holder.replaceChildren(...made, entry);
    }
    draw();
    return holder;
  }

  function ticks(value, set, choices) {
    const chosen = new Set(Array.isArray(value) ? value : []);
    return el("span", { class: "r-rule-values" }, ...choices.map(([key, title]) => {
      const tick = el("input", { type: "checkbox", checked: chosen.has(key) });
      tick.addEventListener("change", () => { tick.checked ? chosen.add(key) : chosen.delete(key); set([...chosen]); });
      return el("label", { class: "r-check" }, tick, ` ${title}`);
    }));
  }

  function scalar(value, set) {
    const kind = typeof value === "boolean" ? "flag" : typeof value === "number" ? "number" : "text";
    const holder = el("span", { class: "r-rule-values" });
    const draw = (now, shown) => holder.replaceChildren(
      select(words.how, [["text", "abc"], ["number", "123"], ["flag", `${words.yes}/${words.no}`]], now, (next) => {
        const first = { text: "", number: null, flag: true }[next];
        set(first); draw(next, first);
      }),
      { text, number, flag }[now](shown, set));
    draw(kind, value);
    return holder;
  }

  const flag = (value, set) =>
    select(words.value, [["true", words.yes], ["false", words.no]], String(value), (v) => set(v === "true"));
  const months = Array.from({ length: 12 }, (_, i) =>
    [String(i + 1), new Intl.DateTimeFormat(document.documentElement.lang, { month: "long" }).format(new Date(2024, i, 15))]);
  const days = (value, set) => el("span", { class: "r-rule-values" }, number(value, set, 1), words.days);

  const INPUTS = {
    "text": (v, set, about) => (about.suggests ? suggested(text(v, set), about.suggest) : text(v, set)),
    "texts": (v, set, about) => (about.choices ? ticks(v, set, about.choices) : chips(v, set, about.suggests && about.suggest)),
    "number": (v, set, about) => (about.money ? money(v, set) : number(v, set)),
    "two-numbers": (v, set, about) => two(v, set, about.money ? money : number),
    "whole": (v, set) => number(v, set, 1),
    "flag": flag,
    "scalar": scalar,
    "day": date,
    "month": (v, set) => select(words.value, months, String(v), (next) => set(Number(next))),
    "window-in_last_days": days,
    "window-in_last_calendar_days": days,
    "window-more_than_days_ago": days,
    "window-in_next_days": days,
    "window-in_current": (v, set) => select(words.value, ["day", "week", "month", "year"].map((p) => [p, words[p]]), v, set),
    "window-between": (v, set) => two(v, set, date),
    "window-before": date,
    "window-on_or_after": date,
  };
  const FIRST = {
    "texts": () => [], "flag": () => true, "month": () => 1, "two-numbers": () => [null, null], "whole": () => 7,
    "window-in_last_days": () => 30, "window-in_last_calendar_days": () => 30, "window-more_than_days_ago": () => 30,
    "window-in_next_days": () => 30,
    "window-in_current": () => "month", "window-between": () => [null, null],
  };
  const first = (input) => (FIRST[input] ? FIRST[input]() : input === "none" ? undefined : input.includes("number") ? null : "");

  /* An operator and its value; `holder` is the object whose keys op and value are kept. */
  function question(holder, operators, about, redraw) {
    const operator = named(operators, holder.op) || operators[0];
    const parts = [select(words.how, pairs(operators), operator.name, (name) => {
      const next = named(operators, name);
      holder.op = name;
      if (next.input !== operator.input) holder.value = first(next.input);
      if (next.input === "none") delete holder.value;
      redraw();
      changed();
    })];
    const make = INPUTS[operator.input];
    if (make) parts.push(make(holder.value, (value) => { holder.value = value; changed(); }, about));
    return parts;
  }

  function begin(operators) {
    const made = { op: operators[0].name };
    const value = first(operators[0].input);
    return value === undefined ? made : { ...made, value };
  }

  /* --- 3 Conditions --------------------------------------------------------------------------------- */
  function subjects() {
    const groups = new Map();
    const put = (group, key, title) => groups.set(group, [...(groups.get(group) || []), [key, title]]);
    catalogue.fields.forEach((field) => put(field.group, `field:${field.name}`, field.label));
    catalogue.collections.forEach((entry) => put(entry.group, `collection:${entry.name}`, entry.label));
    put(words.happened, "event:", words.event);
    catalogue.sources.filter((s) => s.name !== "events").forEach((s) => put(words.happened, `happened:${s.name}`, s.label));
    put(words.other, "may_receive:", words.mayReceive);
    if (catalogue.segments.length) put(words.other, "segment:", words.inSegment);
    put(words.other, "attribute:", words.attributeName);
    put(words.other, "everyone:", words.everyone);
    put(words.other, "no_one:", words.noOne);
    return groups;
  }

  function subjectOf(condition) {
    for (const key of ["field", "collection", "happened"]) if (key in condition) return `${key}:${condition[key]}`;
    return `${["event", "may_receive", "segment", "attribute", "everyone", "no_one"].find((key) => key in condition)}:`;
  }

  function fresh(subject) {
    const [key, name] = subject.split(/:(.*)/);
    if (key === "field") return { field: name, ...begin(named(catalogue.fields, name).operators) };
    if (key === "collection") return { collection: name, ...begin(named(catalogue.collections, name).operators) };
    return {
      event: () => ({ event: "", op: "did", at_least: 1, in_last_days: 30 }),
      happened: () => ({ happened: name, op: "did", at_least: 1, in_last_days: 180 }),
      may_receive: () => ({ may_receive: "email", topic: catalogue.topics[0][0] }),
      segment: () => ({ segment: Number(catalogue.segments[0][0]), op: "in" }),
      attribute: () => ({ attribute: "", op: "equals", value: "" }),
      everyone: () => ({ everyone: true }),
      no_one: () => ({ no_one: true }),
    }[key]();
  }

  function subjectSelect(condition, replace) {
    const now = subjectOf(condition);
    const made = el("select", { class: "r-input", "aria-label": words.about, onchange: () => replace(fresh(made.value)) });
    for (const [group, entries] of subjects()) {
      made.append(el("optgroup", { label: group }, ...entries.map(([key, title]) => el("option", { value: key, selected: key === now }, title))));
    }
    return made;
  }

  const path = (value) => (Array.isArray(value) ? value.join(" › ") : value || "");
  const unpath = (value) => (value.includes(" › ") ? value.split(" › ") : value);

  const BODIES = {
    field(condition, redraw) {
      const field = named(catalogue.fields, condition.field);
      return question(condition, field.operators, { ...field, suggest: () => ({ name: field.name }) }, redraw);
    },
    collection(condition, redraw) {
      const entry = named(catalogue.collections, condition.collection);
      return question(condition, entry.operators, { ...entry, suggest: () => ({ name: entry.name }) }, redraw);
    },
    attribute(condition, redraw) {
      const name = typed("text", path(condition.attribute), (v) => { condition.attribute = unpath(v); changed(); }, (v) => v, { "aria-label": words.attributeName });
      return [name, ...question(condition, catalogue.open, {}, redraw)];
    },
    may_receive(condition) {
      const set = (key) => (value) => { condition[key] = value; changed(); };
      return [
        select(words.how, [["may", words.may], ["may_not", words.mayNot]], condition.op || "may", set("op")),
        select(words.value, catalogue.topics, condition.topic, set("topic")),
        select(words.value, catalogue.channels, condition.may_receive, set("may_receive")),
      ];
    },
    segment(condition, redraw) {
      const parts = [
        select(words.how, [["in", words.in], ["not_in", words.notIn]], condition.op, (op) => {
          condition.op = op;
          if (op === "not_in") delete condition.for_days;
          redraw(); changed();
        }),
        select(words.value, catalogue.segments, String(condition.segment), (v) => { condition.segment = Number(v); changed(); }),
      ];
      if (condition.op === "in") parts.push(number(condition.for_days, (v) => { if (v == null) delete condition.for_days; else condition.for_days = v; changed(); }, 1), el("span", { class: "r-muted" }, words.forDays));
      return parts;
    },
    everyone: () => [],
    no_one: () => [],
    event: happening,
    happened: happening,
  };

  function happening(condition, redraw) {
    const isEvent = "event" in condition;
    const source = named(catalogue.sources, isEvent ? "events" : condition.happened);
    const parts = [];
    if (isEvent) {
      const list = el("datalist", { id: `rule-values-${(lists += 1)}` }, ...catalogue.events.map((value) => el("option", { value })));
      parts.push(typed("text", condition.event, (v) => { condition.event = v; changed(); }, (v) => v, { list: list.id, placeholder: words.eventName, "aria-label": words.eventName }), list);
    }
    parts.push(...measure(condition, source, redraw), ...windowOf(condition, redraw));
    const filters = (condition.where || []).map((filter) => filterLine(condition, filter, source, redraw));
    parts.push(el("button", { type: "button", class: "r-quiet", onclick: () => {
      condition.where = [...(condition.where || []), newFilter(source)];
      redraw(); changed();
    } }, `+ ${words.where}`), ...filters);
    return parts;
  }

  function measure(condition, source, redraw) {
    const ops = [["did", words.did], ["did_not", words.didNot], ["first", words.first], ["last", words.last],
      ...catalogue.measures.filter((m) => m.name !== "did").map((m) => [m.name, m.label])];
    const parts = [select(words.how, ops, condition.op || "did", (op) => {
      condition.op = op;
      const chosen = named(catalogue.measures, op);
      delete condition.of;
      if (!chosen) { delete condition.at_least; delete condition.at_most; }
      else {
        if (chosen.of) condition.of = (source.properties.find((p) => p.figure) || { name: "" }).name;
        if (condition.at_least == null && condition.at_most == null) condition.at_least = 1;
      }
      if ((op === "first" || op === "last") && !windowName(condition)) condition.in_last_days = 30;
      redraw(); changed();
    })];
    const chosen = named(catalogue.measures, condition.op || "did");
    if (!chosen) return parts;
    const figures = source.properties.filter((p) => p.figure);
    if (chosen.of && source.open) parts.push(text(path(condition.of), (v) => { condition.of = unpath(v); changed(); }));
    else if (chosen.of) parts.push(select(words.of, pairs(figures), condition.of, (v) => { condition.of = v; redraw(); changed(); }));
    const isMoney = chosen.of && (figures.find((p) => p.name === condition.of) || {}).money;
    for (const [key, title] of [["at_least", words.atLeast], ["at_most", words.atMost]]) {
      const set = (v) => { if (v == null) delete condition[key]; else condition[key] = v; changed(); };
      parts.push(title, isMoney ? money(condition[key], set) : number(condition[key], set, chosen.of ? "any" : 1));
    }
    return parts;
  }

  const windowName = (condition) => (catalogue.windows.find((w) => w.name in condition) || {}).name;

  function windowOf(condition, redraw) {
    const now = windowName(condition);
    const needs = condition.op === "first" || condition.op === "last";
    const choices = [...(needs ? [] : [["", words.ever]]), ...pairs(catalogue.windows)];
    const parts = [select(words.how, choices, now || "", (next) => {
      if (now) delete condition[now];
      if (next) condition[next] = first(named(catalogue.windows, next).input);
      redraw(); changed();
    })];
    if (now) parts.push(INPUTS[named(catalogue.windows, now).input](condition[now], (v) => { condition[now] = v; changed(); }));
    return parts;
  }

  function newFilter(source) {
    const property = source.properties[0];
    return { property: property.name, ...begin(property.operators) };
  }

  function filterLine(condition, filter, source, redraw) {
    const about = named(source.properties, filter.property);
    const choices = [...pairs(source.properties), ...(source.open ? [["", `${words.other}…`]] : [])];
    const parts = [select(words.property, choices, about ? filter.property : "", (name) => {
      for (const key of Object.keys(filter)) delete filter[key];
      Object.assign(filter, { property: name, ...begin(name ? named(source.properties, name).operators : catalogue.open) });
      redraw(); changed();
    })];
    if (!about) {
      const input = typed("text", path(filter.property), (v) => { filter.property = unpath(v); changed(); }, (v) => v, { "aria-label": words.property });
      parts.push(suggested(input, () => ({ source: source.name, event: condition.event || "" })));
    }
    const suggest = () => ({ source: source.name, name: filter.property });
    parts.push(...question(filter, about ? about.operators : catalogue.open, about ? { ...about, suggest } : {}, redraw));
    parts.push(remove(() => {
      condition.where = condition.where.filter((each) => each !== filter);
      if (!condition.where.length) delete condition.where;
      redraw(); changed();
    }));
    return el("div", { class: "r-rule-line" }, ...parts);
  }

  const remove = (onclick) => el("button", { type: "button", class: "r-quiet", "aria-label": words.remove, title: words.remove, onclick }, "×");

  function conditionView(condition, group, redrawGroup) {
    const row = el("div", { class: "r-rule-row" });
    const note = el("p", { class: "r-error", role: "alert", hidden: true });
    const draw = () => {
      const kind = subjectOf(condition).split(":")[0];
      row.replaceChildren(el("div", { class: "r-rule-line" },
        subjectSelect(condition, (next) => { group.parts[group.parts.indexOf(condition)] = next; redrawGroup(); changed(); }),
        ...BODIES[kind](condition, draw)),
      remove(() => { group.parts = group.parts.filter((each) => each !== condition); redrawGroup(); changed(); }), note);
    };
    draw();
    rows.push({ condition, row, note });
    return row;
  }

  /* --- 4 Groups -------------------------------------------------------------------------------------- */
  function groupView(group, gone) {
    const holder = el("div", { class: "r-rule-group", role: "group", "aria-label": words[group.how] });
    const draw = () => {
      const head = el("div", { class: "r-rule-line" }, gone ? null : words.match,
        select(words.how, ["all", "any", "none"].map((how) => [how, words[how]]), group.how, (how) => { group.how = how; changed(); }),
        gone ? remove(gone) : null);
      const parts = group.parts.map((part) => ("how" in part
        ? groupView(part, () => { group.parts = group.parts.filter((each) => each !== part); draw(); changed(); })
        : conditionView(part, group, draw)));
      const foot = el("div", { class: "r-rule-line" },
        el("button", { type: "button", class: "r-button", onclick: () => { group.parts.push(fresh("field:stage")); draw(); changed(); } }, `+ ${words.add}`),
        el("button", { type: "button", class: "r-button", onclick: () => { group.parts.push({ how: "any", parts: [fresh("field:stage")] }); draw(); changed(); } }, `+ ${words.group}`));
      holder.replaceChildren(head, ...parts, foot);
    };
    draw();
    return holder;
  }

  /* --- 5 Reading, preview, start ------------------------------------------------------------------------ */
  function read(node) {
    const how = ["all", "any", "none"].find((key) => key in node);
    return how ? { how, parts: node[how].map(read) } : node;
  }

  function write(node, at, paths) {
    if (!("how" in node)) { paths.set(node, at); return node; }
    return { [node.how]: node.parts.map((part, index) => write(part, `${at}.${node.how}[${index}]`, paths)) };
  }

  let root = null;
  let paths = new Map();
  let timer = 0;
  let asked = 0;

  function changed() {
    paths = new Map();
    area.value = JSON.stringify({ version: 1, root: write(root, "root", paths) });
    clearTimeout(timer);
    timer = setTimeout(() => look(false), 350);
  }

  async function look(exact) {
    const mine = (asked += 1);
    const body = new URLSearchParams({ rule: area.value, exact: exact ? "1" : "" });
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(box.dataset.preview, { method: "POST", body, headers: { "X-CSRFToken": token, "HX-Request": "true" } });
    if (mine !== asked || !answer.ok) return;
    const part = document.getElementById("rule-preview");
    part.innerHTML = await answer.text();
    const problem = part.querySelector("[data-problem]");
    show(problem ? problem.dataset : {});
    if (!problem && !exact && part.textContent.includes("±")) look(true);
  }

  function show({ path: at, problem }) {
    rows = rows.filter((each) => each.row.isConnected);
    for (const { condition, row, note } of rows) {
      const here = at && paths.get(condition);
      const wrong = Boolean(here) && (at === here || at.startsWith(`${here}.`));
      row.classList.toggle("r-has-error", wrong);
      note.hidden = !wrong;
      note.textContent = wrong ? problem : "";
    }
  }

  function start() {
    let rule;
    try { rule = JSON.parse(area.value); root = read(rule.root); } catch { return; } // the text stays to be mended
    if (!root.parts) return;
    document.getElementById("rule-text").hidden = true;
    box.hidden = false;
    box.replaceChildren(groupView(root, null));
    changed();
  }

  start();
})();
