/* What a condition can be about: the catalogue from the server as a list to choose from, and new conditions. */

import { begin } from "./asking.js";
import { named } from "./dom.js";

/* Every subject: {key, label, group, search, count}; the key is "field:stage", "event:Product Viewed", "form:segment". */
export function subjects(catalogue) {
  const { words } = catalogue;
  const put = (kind, one, group = one.group) => ({ key: `${kind}:${one.name ?? one.key}`, label: one.label, group, search: `${one.search} ${group.toLowerCase()}` });
  const plain = (name) => ({ name, label: name, search: name.toLowerCase() });
  const listed = [
    ...catalogue.fields.map((one) => put("field", one)),
    ...catalogue.collections.map((one) => put("collection", one)),
    ...catalogue.sources.filter((one) => one.name !== "events").map((one) => put("happened", one, words.happened)),
    ...catalogue.forms.map((one) => put("form", one)),
    put("event", { name: "", label: words.event, search: words.event.toLowerCase() }, words.happened),
    ...catalogue.events.map((name) => put("event", plain(name), words.happened)),
    ...catalogue.attributes.map((one) => put("attribute", one, words.attribute)),
    put("attribute", { name: "", label: words.attribute, search: words.attribute.toLowerCase() }, words.attribute),
  ];
  const groups = [...new Set(listed.map((one) => one.group))];
  return listed.map((one, at) => [one, at]).sort(([a, i], [b, j]) => groups.indexOf(a.group) - groups.indexOf(b.group) || i - j).map(([one]) => one);
}

/* Which subject a condition is about; null: one that is not known here. */
export function subjectOf(condition, catalogue) {
  if (condition === null || typeof condition !== "object" || Array.isArray(condition)) return null;
  const form = catalogue.forms.find((one) => one.key in condition);
  if ("field" in condition) return named(catalogue.fields, condition.field) ? `field:${condition.field}` : null;
  if ("collection" in condition) return named(catalogue.collections, condition.collection) ? `collection:${condition.collection}` : null;
  if ("attribute" in condition) return named(catalogue.attributes, condition.attribute) ? `attribute:${condition.attribute}` : "attribute:";
  if ("event" in condition) return catalogue.events.includes(condition.event) ? `event:${condition.event}` : "event:";
  if ("happened" in condition) return named(catalogue.sources, condition.happened) ? `happened:${condition.happened}` : null;
  return form ? `form:${form.key}` : null;
}

/* What a condition is called on the page. */
export function titleOf(condition, catalogue) {
  const key = subjectOf(condition, catalogue);
  if (key === null) return catalogue.words.unknown;
  const [kind, name] = parted(key);
  if (kind === "field") return named(catalogue.fields, name).label;
  if (kind === "collection") return named(catalogue.collections, name).label;
  if (kind === "happened") return named(catalogue.sources, name).label;
  if (kind === "form") return catalogue.forms.find((one) => one.key === name).label;
  if (kind === "attribute") return named(catalogue.attributes, name)?.label ?? catalogue.words.attribute;
  return name || catalogue.words.event;
}

export const parted = (key) => [key.slice(0, key.indexOf(":")), key.slice(key.indexOf(":") + 1)];

/* A new condition about a subject. */
export function freshCondition(key, ctx) {
  const { catalogue } = ctx;
  const [kind, name] = parted(key);
  if (kind === "field") return { field: name, ...begin(named(catalogue.fields, name).operators, ctx) };
  if (kind === "collection") return { collection: name, ...begin(named(catalogue.collections, name).operators, ctx) };
  if (kind === "form") return structuredClone(catalogue.forms.find((one) => one.key === name).fresh);
  if (kind === "attribute") return { attribute: name, op: "equals", value: "" };
  if (kind === "event") return { event: name, op: "did", at_least: 1, in_last_days: 30 };
  return { happened: name, op: "did", at_least: 1, in_last_days: 180 };
}
