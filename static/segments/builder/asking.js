/* An operator and its value: how a field, an attribute or a property is asked. */

import { el, named, pairs, select } from "./dom.js";
import { day, field, flag, money, month, number, scalar, text, texts } from "./values.js";
import * as windows from "./windows.js";

/* The element or elements for one kind of value; unknown kinds show the JSON and take JSON. */
export function valueInput(kind, place, about, ctx) {
  const { words } = ctx;
  if (kind === "none") return [];
  if (kind.startsWith("window-")) return windows.value(kind.slice(7), place, ctx);
  const one = (at, label) => (about.is_money ? money(at, label, ctx) : number(at, label));
  const pair = (index) => ({
    get value() { return Array.isArray(place.value) ? place.value[index] : null; },
    put: (next) => place.put([0, 1].map((at) => (at === index ? next : Array.isArray(place.value) ? place.value[at] : null))),
  });
  const made = {
    text: () => [text(place, about, ctx)],
    texts: () => [texts(place, about, ctx)],
    number: () => [one(place, words.value)],
    "two-numbers": () => [one(pair(0), words.from), words.and, one(pair(1), words.to)],
    whole: () => [number(place, words.value, 1)],
    flag: () => [flag(place, about, ctx)],
    scalar: () => [scalar(place, about, ctx)],
    day: () => [day(place, words.value)],
    month: () => [month(place, about, ctx)],
  }[kind];
  return made ? made() : [raw(place, words.value)];
}

/* Any JSON, for what this script has no input for. */
export function raw(place, label) {
  const parse = (typed) => { try { return JSON.parse(typed); } catch { return typed; } };
  return field("text", JSON.stringify(place.value), (value) => place.put(value), parse, { "aria-label": label, spellcheck: "false" });
}

export function firstValue(kind, ctx) {
  if (kind.startsWith("window-")) return windows.fresh(kind.slice(7), ctx.catalogue.today);
  const first = { none: undefined, texts: [], number: null, "two-numbers": [null, null], whole: null, flag: true, month: 1 };
  return kind in first ? first[kind] : "";
}

/* The keys op and value of a new question. */
export function begin(operators, ctx) {
  const [first] = operators;
  const value = firstValue(first.input, ctx);
  return value === undefined ? { op: first.name } : { op: first.name, value };
}

/* An operator and its value; place is the object that has the keys op and value. */
export function question(place, operators, about, ctx) {
  const operator = named(operators, place.value.op);
  const change = (name) => {
    const next = named(operators, name);
    const keep = operator && next.input === operator.input;
    place.merge(keep ? { op: name } : { op: name, value: carried(place.value.value, operator?.input, next.input, ctx) }, true);
  };
  const parts = [select(ctx.words.how, pairs(operators), place.value.op, change, { class: "r-input r-rule-op" })];
  if (!operator) return [...parts, ..."value" in place.value ? [raw(place.at("value"), ctx.words.value)] : []];
  return [...parts, ...valueInput(operator.input, place.at("value"), about, ctx)];
}

/* What was entered goes along where it makes sense: one text to a list, a number to a range. */
function carried(value, from, to, ctx) {
  if (from === "text" && to === "texts") return value ? [value] : [];
  if (from === "texts" && to === "text") return value?.[0] ?? "";
  if (from === "number" && to === "two-numbers") return [value, value];
  if (from === "two-numbers" && to === "number") return value?.[0] ?? null;
  if (to === "scalar" && ["text", "number"].includes(from)) return value ?? "";
  const isDays = (kind) => /^window-(in_last_days|in_last_calendar_days|more_than_days_ago|in_next_days)$/.test(kind || "");
  if (isDays(from) && isDays(to)) return value;
  return firstValue(to, ctx);
}

export const unit = (words) => el("span", { class: "r-muted" }, words);
