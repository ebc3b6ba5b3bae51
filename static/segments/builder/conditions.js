/* One condition as a row of inputs: what it is about, how it is asked, what is wrong, how many it keeps. */

import { question, raw, valueInput } from "./asking.js";
import { freshCondition, parted, subjectOf, subjects, titleOf } from "./catalogue.js";
import { combo, countHint, narrowed } from "./combo.js";
import { el, fill, named, pathJson, pathText, select } from "./dom.js";
import { asHappening, happening } from "./happening.js";
import { field, number } from "./values.js";
import * as windows from "./windows.js";

/* The searchable list of everything a condition can be about. */
export function picker(ctx, label, value, take, extra = {}) {
  const { catalogue, words } = ctx;
  const items = subjects(catalogue).map((one) => ({ ...one, value: one.key }));
  return combo({ label, value, words, restore: true, wait: 0, load: (typed) => narrowed(items, typed), take: (item) => take(item.value), ...extra });
}

/* The inputs of a condition; place holds its JSON. */
export function body(place, ctx) {
  const key = subjectOf(place.value, ctx.catalogue);
  if (key === null) return kept(place, ctx);
  const [kind, name] = parted(key);
  const change = (next) => { if (next !== key) place.put(freshCondition(next, ctx), true); };
  const about = picker(ctx, ctx.words.about, titleOf(place.value, ctx.catalogue), change, { class: "r-rule-about" });
  return [about, ...BODIES[kind](place, name, ctx)];
}

function kept(place, ctx) {
  const name = Object.values(place.value ?? {}).find((one) => typeof one === "string") ?? JSON.stringify(place.value);
  return [el("p", { class: "r-note" }, fill(ctx.words.kept, { name })), el("code", { class: "r-rule-code" }, JSON.stringify(place.value))];
}

const BODIES = {
  field(place, name, ctx) {
    const entry = named(ctx.catalogue.fields, name);
    const asks = () => ({ name });
    return question(place, entry.operators, { ...entry, asks: entry.suggests ? asks : null, counts: entry.choices ? asks : null }, ctx);
  },
  collection(place, name, ctx) {
    const entry = named(ctx.catalogue.collections, name);
    return question(place, entry.operators, { ...entry, asks: entry.suggests ? () => ({ name }) : null }, ctx);
  },
  attribute(place, name, ctx) {
    const at = place.at("attribute");
    const rest = () => question(place, ctx.catalogue.open, { asks: () => ({ attribute: JSON.stringify(at.value) }) }, ctx);
    if (name) return rest();
    const items = ctx.catalogue.attributes.map((one) => ({ value: one.name, label: one.name, hint: one.label === one.name ? countHint(ctx.words, one.count) : one.label, search: one.search }));
    const input = combo({ label: ctx.words.attributeName, value: pathText(at.value), words: ctx.words, load: (typed) => narrowed(items, typed),
      oninput: (typed) => at.put(pathJson(typed)), take: (item) => at.put(item.value, true) });
    return [input, ...rest()];
  },
  happened: happening,
  event: happening,
  form(place, name, ctx) {
    const form = ctx.catalogue.forms.find((one) => one.key === name);
    const isAsked = (part) => !part.only_if || suits(part, place.value[part.only_if[0]] ?? null) || keyOf(part, place, ctx) in place.value;
    return form.inputs.filter(isAsked).flatMap((part) => [...formInput(part, place, form, ctx)]);
  },
};

/* Whether a part is asked for when the key that decides it has this value. */
const suits = (part, value) => part.only_if.slice(1).includes(value);

/* The key under which a part stands in the JSON: a window stands under its own name. */
const keyOf = (part, place, ctx) => (part.kind === "window" ? windows.windowOf(place.value, ctx) : part.key);

/* One part of a described condition (segments/rules/forms.py). */
function formInput(part, place, form, ctx) {
  const at = place.at(part.key);
  const { catalogue, words } = ctx;
  const title = part.optional && part.kind !== "choice" ? `${part.label} (${words.optional})` : part.label;
  const labelled = (input) => [el("label", { class: "r-rule-part" }, el("span", { class: "r-muted" }, title), input)];
  const extra = { min: part.least, max: part.most, optional: part.optional };
  const gates = form.inputs.filter((one) => one.only_if?.[0] === part.key);
  const choose = (value) => {
    const gone = gates.filter((one) => !suits(one, value)).map((one) => [keyOf(one, place, ctx), undefined]);
    const come = gates.filter((one) => !one.optional && suits(one, value) && !(one.key in place.value)).map((one) => [one.key, form.fresh[one.key] ?? one.least]);
    place.merge({ [part.key]: value === "" && part.optional ? undefined : value, ...Object.fromEntries([...gone, ...come]) }, gates.length > 0);
  };
  const drawn = {
    happening: () => inner(part, at, ctx),
    window: () => [el("span", { class: "r-muted" }, part.label), ...windows.beside(place, ctx, { needed: !part.optional, past: true })],
    figure: () => labelled(select(part.label, catalogue.fields.filter((one) => one.has_top).map((one) => [one.name, one.label]), at.value, (value) => at.put(value))),
    whole: () => labelled(number(at, part.label, 1, extra)),
    number: () => labelled(number(at, part.label, "any", extra)),
    text: () => labelled(field("text", at.value, (value) => at.put(value || (part.optional ? undefined : "")), (value) => value, { maxlength: "200", "aria-label": part.label })),
    day: () => labelled(field("date", at.value, (value) => at.put(value || (part.optional ? undefined : "")), (value) => value, { "aria-label": part.label })),
    choice: () => choice(part, at, choose),
    segment: () => [segment(at, part, ctx)],
  }[part.kind];
  return drawn ? drawn() : labelled(part.choices ? choice(part, at, choose)[0] : at.value === undefined ? valueInput("text", at, {}, ctx)[0] : raw(at, part.label));
}

/* A happening inside the condition; where it is optional there may be none, one, or a list of several. */
function inner(part, at, ctx) {
  const many = Array.isArray(at.value) ? at.value : at.value === undefined ? [] : [at.value];
  const put = (list) => at.put(list.length > 1 ? list : list[0], true);
  const gone = (index) => el("button", { type: "button", class: "r-quiet", "aria-label": fill(ctx.words.removeNamed, { name: part.label }), onclick: () => put(many.filter((_one, other) => other !== index)) }, "×");
  const one = (index) => el("fieldset", { class: "r-rule-inner" }, el("legend", {}, part.label),
    ...asHappening(Array.isArray(at.value) ? at.at(index) : at, ctx), part.optional ? gone(index) : null);
  const add = el("button", { type: "button", class: "r-quiet r-rule-where", onclick: () => put([...many, { event: "" }]) }, `+ ${part.label}`);
  return [...(part.optional || many.length ? many : [null]).map((_one, index) => one(index)), ...(part.optional ? [add] : [])];
}

/* The value keeps its JSON type: a choice may be a number or a flag. */
function choice(part, at, choose) {
  const choices = part.choices ?? [];
  const isListed = (value) => choices.some(([one]) => one === value);
  const empty = part.optional && at.value === undefined && !isListed("") ? choices[0]?.[0] : at.value;
  const back = (text) => choices.find(([one]) => String(one) === text)?.[0] ?? text;
  return [select(part.label, choices.map(([one, label]) => [String(one), label]), empty === undefined ? undefined : String(empty), (text) => choose(back(text)))];
}

function segment(at, part, ctx) {
  const items = ctx.catalogue.segments.map(([value, label, size]) => ({ value, label, hint: countHint(ctx.words, size), search: label.toLowerCase() }));
  const now = items.find((one) => one.value === at.value)?.label ?? (at.value == null ? "" : `#${at.value}`);
  return combo({ label: part.label, value: now, words: ctx.words, restore: true, wait: 0, load: (typed) => narrowed(items, typed), take: (item) => at.put(item.value, true) });
}
