/* Groups with their rows: the tree as it is shown. Knows nothing of what an act does, only which there are. */

import { freshCondition, titleOf } from "./catalogue.js";
import { body, picker } from "./conditions.js";
import { el, fill, icon, select, Place } from "./dom.js";
import { HOWS, isGroup, leaf, group as newGroup, LIMITS, spot } from "./model.js";

export const nameOf = (node, ctx) => (isGroup(node) ? ctx.words[node.how] : titleOf(node.condition, ctx.catalogue));

/* "2 of 3 in “all of these”" */
export function placeOf(id, ctx) {
  const { parent, index } = spot(ctx.root, id);
  return parent ? fill(ctx.words.place, { n: index + 1, of: parent.parts.length, group: ctx.words[parent.how] }) : "";
}

export function groupView(node, ctx, depth = 1) {
  const { words } = ctx;
  const found = spot(ctx.root, node.id);
  const label = found.parent
    ? fill(words.groupName, { group: words[node.how], n: found.index + 1, of: found.parent.parts.length, outer: words[found.parent.how] })
    : fill(words.rootName, { group: words[node.how] });
  const how = select(words.howGroup, HOWS.map((one) => [one, words[one]]), node.how, (next) => ctx.act.setHow(node.id, next));
  const head = el("div", { class: "r-rule-line r-rule-head" },
    found.parent ? handle(node, ctx) : el("span", {}, words.match), how, el("span", { class: "r-muted" }, words.holds), figure(node));
  const parts = el("ul", { class: "r-rule-parts", role: "list", "data-group": node.id },
    node.parts.map((part, at) => partView(part, node, at, ctx, depth)),
    node.parts.length ? null : el("li", { class: "r-rule-empty r-muted" }, words.empty));
  return el("div", { class: `r-rule-group r-rule-${node.how}`, role: "group", "aria-label": label, "data-node": node.id, "data-depth": depth },
    head, parts, foot(node, ctx, depth), note());
}

function partView(part, parent, at, ctx, depth) {
  const word = at ? el("span", { class: "r-rule-word", "aria-hidden": "true" }, ctx.words[{ all: "wordAll", any: "wordAny", none: "wordNone" }[parent.how]]) : null;
  const isChosen = ctx.selected.has(part.id);
  return el("li", { class: `r-rule-part-of${isChosen ? " r-chosen" : ""}`, "data-part": part.id }, word,
    isGroup(part) ? groupView(part, ctx, depth + 1) : rowView(part, parent, at, ctx));
}

function rowView(node, parent, at, ctx) {
  const { words } = ctx;
  const name = nameOf(node, ctx);
  const place = new Place(() => ctx.conditionOf(node.id), (next, redraw) => ctx.edit(node.id, next, redraw), node.id);
  const label = fill(words.rowName, { name, n: at + 1, of: parent.parts.length, group: words[parent.how] });
  return el("div", { class: "r-rule-row", role: "group", "aria-label": label, "data-node": node.id },
    handle(node, ctx), el("div", { class: "r-rule-line" }, ...body(place, ctx)),
    el("button", { type: "button", class: "r-quiet r-rule-remove", "aria-label": fill(words.removeNamed, { name }), title: words.remove, onclick: () => ctx.act.remove(node.id) }, icon("close")),
    figure(node), note());
}

/* Drag handle and button of the menu in one. */
function handle(node, ctx) {
  const name = fill(ctx.words.handle, { name: nameOf(node, ctx) });
  return el("button", { type: "button", class: "r-rule-handle", "aria-label": name, title: name, "aria-haspopup": "menu", "aria-expanded": "false",
    "aria-pressed": ctx.selected.size ? String(ctx.selected.has(node.id)) : null, "data-handle": node.id }, icon("drag_indicator"));
}

const figure = (node) => el("span", { class: "r-rule-figure", "data-figure": node.id });
const note = () => el("p", { class: "r-error r-rule-note", role: "alert", hidden: true });

function foot(node, ctx, depth) {
  const { words } = ctx;
  const named = { group: words[node.how] };
  const add = picker(ctx, fill(words.addTo, named), "", (key) => ctx.act.add(node.id, leaf(freshCondition(key, ctx))), { placeholder: `+ ${words.add}`, class: "r-rule-add" });
  const button = el("button", { type: "button", class: "r-button", "aria-label": fill(words.addGroupTo, named), onclick: () => ctx.act.add(node.id, newGroup(node.how === "all" ? "any" : "all")) }, `+ ${words.addGroup}`);
  return el("div", { class: "r-rule-line r-rule-foot" }, add, depth < LIMITS.deepest ? button : null);
}
