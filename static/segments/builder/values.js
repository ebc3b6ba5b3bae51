/* One value of a condition: text, number, money, flag, day, and lists of texts as tokens or ticks. */

import { combo, narrowed } from "./combo.js";
import { el, fill, select } from "./dom.js";

const FEW = 8;
const clean = (text) => text.replace(/\0/g, "");

export function field(type, value, put, parse, extra = {}) {
  const input = el("input", { class: "r-input", type, value: value ?? "", ...extra });
  input.addEventListener("input", () => put(parse(input.value)));
  return input;
}

const toNumber = (text) => (text.trim() === "" || Number.isNaN(Number(text)) ? null : Number(text));

export function number(place, label, step = "any", extra = {}) {
  return field("number", place.value, (value) => place.put(value ?? (extra.optional ? undefined : null)), toNumber, { step, "aria-label": label, inputmode: "decimal", min: extra.min, max: extra.max });
}

/* Kept in minor units, asked for in the currency's own. */
export function money(place, label, ctx, extra = {}) {
  const { code, digits } = ctx.catalogue.currency;
  const minor = (text) => { const value = toNumber(text); return value === null ? (extra.optional ? undefined : null) : Math.round(value * 10 ** digits); };
  const shown = typeof place.value === "number" ? place.value / 10 ** digits : place.value;
  const input = field("number", shown, (value) => place.put(value), minor, { step: digits ? (1 / 10 ** digits).toFixed(digits) : "1", "aria-label": label, inputmode: "decimal" });
  return el("span", { class: "r-rule-unit" }, el("span", { class: "r-muted" }, code), input);
}

const isOf = (choices) => (value) => choices.find(([one]) => one === value)?.[1] ?? value;

/* The items to choose from, given what was typed: fixed ones, or values in use as the server knows them. */
export function offered(about, ctx) {
  if (about.choices) return async (typed) => {
    const counts = await counted(about, ctx);
    return narrowed(about.choices.map(([value, label]) => ({ value, label, hint: counts.get(value) || "" })), typed);
  };
  if (!about.asks) return null;
  return async (typed) => (await ctx.suggest({ ...about.asks(), typed })).map((one) => shaped(one, about, ctx));
}

/* How many of the newest customers have each of fixed values, as texts; asked once while the page is open. */
const asked = new Map();

async function counted(about, ctx) {
  if (!about.counts) return new Map();
  const key = JSON.stringify(about.counts());
  if (!asked.has(key)) asked.set(key, ctx.suggest(about.counts()).catch(() => []));
  return new Map((await asked.get(key)).map((one) => [one.value, one.count ? one.count.toLocaleString() : ""]));
}

function shaped(one, about, ctx) {
  const item = { value: one.value, label: one.label ?? String(one.value), hint: one.count ? one.count.toLocaleString() : "" };
  if (about.is_tree) {
    const parts = item.label.split(" > ");
    Object.assign(item, { label: parts.at(-1), depth: parts.length - 1, hint: parts.length > 1 ? parts.slice(0, -1).join(" › ") : "" });
  }
  return item;
}

export function text(place, about, ctx) {
  const label = about.name_of || ctx.words.value;
  if (about.choices) return select(label, about.choices, place.value, (value) => place.put(value));
  const load = offered(about, ctx);
  if (!load) return field("text", place.value, (value) => place.put(value), clean, { maxlength: "200", "aria-label": label });
  return combo({ label, value: place.value, words: ctx.words, load, oninput: (value) => place.put(clean(value)), take: (item) => place.put(item.value, true) });
}

/* A JSON scalar: a text, a number or a flag, as typed; "3" in quotes stays a text. */
export function scalar(place, about, ctx) {
  const shown = (value) => (typeof value === "string" && isTakenForOther(value) ? JSON.stringify(value) : String(value ?? ""));
  const taken = (typed) => {
    const held = clean(typed).trim();
    if (held === "true" || held === "false") return held === "true";
    if (/^".*"$/s.test(held)) { try { return JSON.parse(held); } catch { return held; } }
    return held !== "" && Number.isFinite(Number(held)) ? Number(held) : clean(typed);
  };
  const load = offered(about, ctx) || (() => []);
  return combo({ label: ctx.words.value, value: shown(place.value), words: ctx.words, load,
    oninput: (typed) => place.put(taken(typed)), take: (item) => place.put(item.value, true) });
}

const isTakenForOther = (value) => value === "true" || value === "false" || /^".*"$/s.test(value.trim()) || (value.trim() !== "" && Number.isFinite(Number(value)));

export function texts(place, about, ctx) {
  const known = () => (Array.isArray(place.value) ? place.value : []);
  const isFew = about.choices && about.choices.length <= FEW && known().every((one) => about.choices.some(([value]) => value === one));
  return isFew ? ticks(place, about, known, ctx) : tokens(place, about, ctx, known);
}

function ticks(place, about, known, ctx) {
  const beside = new Map(about.choices.map(([value]) => [value, el("small", { class: "r-muted r-tabular", title: ctx.words.amongNewest })]));
  counted(about, ctx).then((counts) => beside.forEach((small, value) => { small.textContent = counts.get(value) || ""; }));
  return el("span", { class: "r-rule-values" }, about.choices.map(([value, label]) => el("span", { class: "r-rule-ticked" },
    el("label", { class: "r-check r-rule-tick" }, el("input", { type: "checkbox", checked: known().includes(value), onchange: (event) => {
      const rest = known().filter((one) => one !== value);
      place.put(event.target.checked ? [...rest, value] : rest);
    } }), label), beside.get(value))));
}

function tokens(place, about, ctx, known) {
  const { words } = ctx;
  const title = about.choices ? isOf(about.choices) : (value) => value;
  const add = (value) => {
    const held = typeof value === "string" ? clean(value).trim() : String(value);
    if (held && !known().includes(held)) place.put([...known(), held], true);
  };
  const without = (value) => place.put(known().filter((one) => one !== value), true);
  const listed = offered(about, ctx) || (() => []);
  const load = async (typed) => {
    const items = (await listed(typed)).filter((item) => !known().includes(item.value));
    const isNew = typed && !about.choices && !items.some((item) => item.value === typed);
    return isNew ? [...items, { value: typed, label: fill(words.typed, { text: typed }) }] : items;
  };
  return el("span", { class: "r-rule-values" },
    ...known().map((value) => el("span", { class: "r-rule-token" }, String(title(value)),
      el("button", { type: "button", class: "r-quiet", "aria-label": fill(words.removeNamed, { name: title(value) }), onclick: () => without(value) }, "×"))),
    combo({ label: words.value, value: "", placeholder: about.choices ? words.chooseValue : words.addValue, words, load,
      take: (item) => add(item.value), enter: about.choices ? null : add, leave: about.choices ? null : add,
      back: () => { if (known().length) without(known().at(-1)); } }));
}

export function flag(place, _about, ctx) {
  return select(ctx.words.value, [["true", ctx.words.yes], ["false", ctx.words.no]], String(place.value), (value) => place.put(value === "true"));
}

export function month(place, _about, ctx) {
  const name = new Intl.DateTimeFormat(ctx.catalogue.language, { month: "long", timeZone: "UTC" });
  const months = Array.from({ length: 12 }, (_one, at) => [String(at + 1), name.format(Date.UTC(2024, at, 15))]);
  return select(ctx.words.month, months, String(place.value), (value) => place.put(Number(value)));
}

export function day(place, label) {
  return field("date", place.value, (value) => place.put(value), (value) => value, { "aria-label": label });
}
