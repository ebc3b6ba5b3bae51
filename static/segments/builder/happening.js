/* What happened: an event or a source, how often or how much, when, and filters on its properties. */

import { begin, question } from "./asking.js";
import { combo, narrowed } from "./combo.js";
import { el, fill, named, pairs, pathJson, pathText, select } from "./dom.js";
import { money, number } from "./values.js";
import * as windows from "./windows.js";

const MOST_FILTERS = 10;

export function sourceOf(json, ctx) {
  return named(ctx.catalogue.sources, "event" in json ? "events" : json.happened);
}

/* The condition of its own: measure, window, filters. */
export function happening(place, name, ctx) {
  const source = sourceOf(place.value, ctx);
  return [...(name ? [] : eventName(place, ctx)), ...measure(place, source, ctx), ...windows.beside(place, ctx, { needed: isOnce(place.value.op) }), ...filters(place, source, ctx)];
}

/* A happening inside another condition: an event or source with filters, without window or measure. */
export function asHappening(place, ctx) {
  const { catalogue, words } = ctx;
  const now = place.value && typeof place.value === "object" ? place.value : { event: "" };
  const sources = catalogue.sources.filter((one) => one.name !== "events");
  const chosen = "happened" in now ? `happened:${now.happened}` : "event:";
  const change = (next) => place.put(next === "event:" ? { event: "" } : { happened: next.slice(9) }, true);
  const kind = select(words.about, [["event:", words.event], ...sources.map((one) => [`happened:${one.name}`, one.label])], chosen, change);
  const source = sourceOf(now, ctx);
  return [kind, ...eventName(place, ctx), ...(source ? filters(place, source, ctx) : [])];
}

function eventName(place, ctx) {
  if (!place.value || !("event" in place.value)) return [];
  const at = place.at("event");
  const items = ctx.catalogue.events.map((name) => ({ value: name, label: name, search: name.toLowerCase() }));
  return [combo({ label: ctx.words.eventName, placeholder: ctx.words.eventName, value: at.value, words: ctx.words, wait: 0,
    load: (typed) => narrowed(items, typed), oninput: (typed) => at.put(typed), take: (item) => at.put(item.value, true) })];
}

const isOnce = (op) => op === "first" || op === "last";

function measure(place, source, ctx) {
  const { catalogue, words } = ctx;
  const ops = [["did", words.did], ["did_not", words.didNot], ["first", words.first], ["last", words.last],
    ...catalogue.measures.filter((one) => one.name !== "did").map((one) => [one.name, one.label])];
  const op = place.value.op ?? "did";
  const parts = [select(words.how, ops, op, (next) => place.put(remeasured(place.value, next, source, ctx), true), { class: "r-input r-rule-op" })];
  const chosen = named(catalogue.measures, op);
  if (!chosen) return parts;
  const figures = source.properties.filter((one) => isOf(one, chosen.of));
  if (chosen.of) parts.push(measured(place, source, figures, ctx));
  const isFigure = chosen.of === "figure";
  const isMoney = isFigure && figures.find((one) => one.name === place.value.of)?.is_money;
  for (const [key, title] of [["at_least", words.atLeast], ["at_most", words.atMost]]) {
    const at = place.at(key);
    const input = isMoney ? money(at, title, ctx, { optional: true }) : number(at, title, isFigure ? "any" : 1, { optional: true, min: isFigure ? null : 0 });
    parts.push(el("span", { class: "r-rule-bound" }, el("span", { class: "r-muted" }, title), input));
  }
  if (!chosen.of) parts.push(el("span", { class: "r-muted" }, op === "days" ? words.differentDays : words.times));
  return parts;
}

/* The same condition measured otherwise, with what goes with it. */
function remeasured(json, op, source, ctx) {
  const next = { ...json, op };
  const chosen = named(ctx.catalogue.measures, op);
  const was = named(ctx.catalogue.measures, json.op ?? "did");
  if (!chosen?.of || chosen.of !== was?.of) delete next.of;
  if (chosen?.of && next.of === undefined) next.of = source.properties.find((one) => isOf(one, chosen.of))?.name ?? "";
  if (!chosen || (was && was.of !== chosen.of)) { delete next.at_least; delete next.at_most; }
  if (chosen && next.at_least === undefined && next.at_most === undefined && chosen.of !== "figure") next.at_least = 1;
  if (isOnce(op) && !windows.windowOf(next, ctx)) next.in_last_days = 30;
  return next;
}

/* Whether a measure can be taken of a property. */
const isOf = (property, of) => (of === "text" ? property.is_text : property.is_figure);

function measured(place, source, figures, ctx) {
  const at = place.at("of");
  if (!source.is_open) return select(ctx.words.of, pairs(figures), at.value, (name) => at.put(name, true));
  const load = async (typed) => {
    const open = await ctx.suggest({ source: source.name, event: place.value.event ?? "" });
    return narrowed([...figures.map((one) => ({ value: one.name, label: one.label })), ...open], typed);
  };
  return combo({ label: ctx.words.of, value: figures.find((one) => one.name === at.value)?.label ?? pathText(at.value), words: ctx.words, load,
    oninput: (typed) => at.put(pathJson(typed)), take: (item) => at.put(item.value, true) });
}

/* --- Filters ------------------------------------------------------------------------------------------- */

function filters(place, source, ctx) {
  const where = Array.isArray(place.value.where) ? place.value.where : [];
  const lines = where.map((_one, at) => filterLine(place, at, source, ctx));
  if (where.length >= MOST_FILTERS || !(source.properties.length || source.is_open)) return lines;
  const add = () => {
    const [first] = source.properties;
    const made = first ? { property: first.name, ...begin(first.operators, ctx) } : { property: "", op: "equals", value: "" };
    ctx.focusNext(`filter-${where.length}`);
    place.at("where").put([...where, made], true);
  };
  return [...lines, el("button", { type: "button", class: "r-quiet r-rule-where", onclick: add }, `+ ${ctx.words.where}`)];
}

function filterLine(place, index, source, ctx) {
  const at = place.at("where").at(index);
  const filter = at.value;
  const known = typeof filter.property === "string" ? named(source.properties, filter.property) : null;
  const event = () => place.value.event ?? "";
  const about = known
    ? { ...known, asks: known.suggests ? () => ({ source: source.name, name: known.name }) : null }
    : { asks: () => ({ source: source.name, event: event(), property: JSON.stringify(filter.property) }) };
  const gone = () => {
    const rest = place.value.where.filter((_one, other) => other !== index);
    place.at("where").put(rest.length ? rest : undefined, true);
  };
  return el("div", { class: "r-rule-line r-rule-filter", "data-focus": `filter-${index}` },
    el("span", { class: "r-muted" }, index ? ctx.words.and : ctx.words.whose),
    property(at, source, known, event, ctx),
    ...question(at, known ? known.operators : ctx.catalogue.open, about, ctx),
    el("button", { type: "button", class: "r-quiet", "aria-label": fill(ctx.words.removeNamed, { name: known?.label ?? pathText(filter.property) }), onclick: gone }, "×"));
}

function property(at, source, known, event, ctx) {
  const choose = (name) => {
    const entry = named(source.properties, name);
    const same = known && entry && known.operators.map((one) => one.name).join() === entry.operators.map((one) => one.name).join();
    at.put(same ? { ...at.value, property: name } : { property: name, ...begin(entry ? entry.operators : ctx.catalogue.open, ctx) }, true);
  };
  if (!source.is_open) return select(ctx.words.property, pairs(source.properties), at.value.property, choose);
  const own = source.properties.map((one) => ({ value: one.name, label: one.label, search: one.search }));
  const load = async (typed) => {
    const seen = (await ctx.suggest({ source: source.name, event: event() })).map((one) => ({ value: one.value, label: one.value }));
    const items = narrowed([...own, ...seen.filter((one) => !own.some((other) => other.value === one.value))], typed);
    return typed && !items.some((one) => one.value === typed) ? [...items, { value: typed, label: fill(ctx.words.typed, { text: typed }) }] : items;
  };
  const take = (item) => (typeof item.value === "string" && item.value.includes(" › ") ? at.merge({ property: pathJson(item.value) }, true) : choose(item.value));
  return combo({ label: ctx.words.property, value: known?.label ?? pathText(at.value.property), words: ctx.words, load, restore: true, take });
}
