/* The keyboard: on a handle every act has a key and Enter opens them as a menu; Ctrl+Z and Ctrl+Y anywhere. */

import { el } from "./dom.js";
import { isGroup, spot, walk } from "./model.js";

const MOVES = { ArrowUp: "up", ArrowDown: "down", ArrowRight: "in", ArrowLeft: "out" };
const LETTERS = { g: "group", u: "ungroup", d: "duplicate", n: "negate", Delete: "remove", Backspace: "remove", " ": "select" };

/* The acts that a node has, with their keys as they are written. */
function acts(node, ctx) {
  const { words } = ctx;
  const many = ctx.selected.size > 0;
  return [
    ["up", words.up, "Alt ↑"], ["down", words.down, "Alt ↓"], ["in", words.in, "Alt →"], ["out", words.out, "Alt ←"],
    ["select", ctx.selected.has(node.id) ? words.unselect : words.select, "Space"],
    ["group", many ? words.group : words.groupOne, "G"],
    ...(isGroup(node) ? [["ungroup", words.ungroup, "U"]] : []),
    ["duplicate", words.duplicate, "D"], ["negate", words.negate, "N"], ["remove", words.remove, "Del"],
  ];
}

function run(name, id, ctx) {
  if (Object.values(MOVES).includes(name)) ctx.act.shift(id, name);
  else ctx.act[name](id);
}

function menu(handle, ctx) {
  const id = handle.dataset.handle;
  const close = (back) => {
    box.remove();
    handle.setAttribute("aria-expanded", "false");
    if (back) handle.focus();
  };
  const items = acts(spot(ctx.root, id).node, ctx).map(([name, title, key]) => el("button", { type: "button", role: "menuitem", tabindex: "-1", "data-act": name,
    onclick: () => { close(true); run(name, id, ctx); } }, el("span", {}, title), el("kbd", { "aria-hidden": "true" }, key)));
  const box = el("div", { class: "r-rule-menu", role: "menu", "aria-label": handle.getAttribute("aria-label") }, items);
  box.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = items.indexOf(document.activeElement);
    if (step) items[(at + step + items.length) % items.length].focus();
    else if (event.key === "Home") items[0].focus();
    else if (event.key === "End") items.at(-1).focus();
    else if (event.key === "Escape") close(true);
    else if (event.key === "Tab") { close(true); return; } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  box.addEventListener("focusout", (event) => { if (!box.contains(event.relatedTarget)) setTimeout(() => { if (box.isConnected && !box.contains(document.activeElement)) close(false); }, 0); });
  handle.setAttribute("aria-expanded", "true");
  handle.after(box);
  items[0].focus();
}

function neighbour(box, ctx, id, step) {
  const order = [...walk(ctx.root)].filter(({ parent }) => parent).map(({ node }) => node.id);
  const next = order[order.indexOf(id) + step];
  if (next) box.querySelector(`[data-handle="${next}"]`)?.focus();
}

export function watchKeys(box, ctx) {
  box.addEventListener("click", (event) => {
    const handle = event.target.closest("[data-handle]");
    if (!handle || handle.dataset.dragged) return;
    if (handle.getAttribute("aria-expanded") === "true") return;
    menu(handle, ctx);
  });
  box.addEventListener("keydown", (event) => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if ((event.ctrlKey || event.metaKey) && (key === "z" || key === "y")) {
      event.preventDefault();
      if (key === "y" || event.shiftKey) ctx.act.redo();
      else ctx.act.undo();
      return;
    }
    const row = event.target.closest("[data-node]");
    const handle = event.target.closest("[data-handle]");
    const id = handle ? handle.dataset.handle : row?.dataset.node;
    if (!id) return;
    if (event.altKey && MOVES[event.key] && !event.target.matches("select")) {
      event.preventDefault();
      ctx.act.shift(id, MOVES[event.key]);
    } else if (handle && !event.ctrlKey && !event.metaKey && !event.altKey) {
      if (event.key === "ArrowUp" || event.key === "ArrowDown") { event.preventDefault(); neighbour(box, ctx, id, event.key === "ArrowUp" ? -1 : 1); } else if (LETTERS[key]) { event.preventDefault(); run(LETTERS[key], id, ctx); }
    }
  });
}
