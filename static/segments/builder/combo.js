/* An input with a list under it: type to find, arrows to move, Enter to take. Used for conditions and for values. */

import { el, fill } from "./dom.js";

let lists = 0;
const WAIT = 160;
const MOST = 80;

/* options: label, value (shown text), placeholder, load(typed) -> items or a promise of them, take(item), words,
   restore (true: what was typed and not taken is dropped), oninput(text). An item: {value, label, hint, group, depth}. */
export function combo(options) {
  const { words } = options;
  const id = `rule-list-${(lists += 1)}`;
  const input = el("input", {
    class: `r-input ${options.class || ""}`, type: "text", role: "combobox", autocomplete: "off", spellcheck: "false",
    "aria-label": options.label, "aria-expanded": "false", "aria-controls": id, "aria-autocomplete": "list",
    placeholder: options.placeholder || null, value: options.value ?? "", maxlength: "200",
  });
  const list = el("ul", { class: "r-rule-list", role: "listbox", id, "aria-label": options.label, hidden: true });
  const box = el("span", { class: "r-rule-combo" }, input, list);
  let items = [];
  let marked = -1;
  let timer = 0;
  let asked = 0;

  const isOpen = () => !list.hidden;

  function close() {
    clearTimeout(timer);
    asked += 1;
    list.hidden = true;
    marked = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  async function open(typed) {
    const mine = (asked += 1);
    let found = [];
    try { found = await options.load(typed); } catch { found = []; }
    if (mine !== asked || !input.isConnected) return;
    draw(found.slice(0, MOST));
  }

  function draw(found) {
    items = found;
    marked = -1;
    list.replaceChildren();
    let heading = null;
    let into = list;
    items.forEach((item, at) => {
      if (item.group && item.group !== heading) {
        heading = item.group;
        const name = el("li", { class: "r-rule-list-head", role: "presentation" }, heading);
        into = el("ul", { role: "group", "aria-label": heading });
        list.append(el("li", { role: "presentation" }, name, into));
      }
      into.append(option(item, at));
    });
    if (!items.length) list.append(el("li", { class: "r-rule-list-none", role: "option", "aria-disabled": "true", "aria-selected": "false" }, words.noHits));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    if (items.length && input.value && options.restore) mark(best(input.value.trim().toLowerCase()));
  }

  /* Which item was most likely meant: the one whose name ends what was typed, or begins with it, or the first. */
  function best(typed) {
    const labels = items.map((item) => item.label.toLowerCase());
    const called = labels.reduce((found, label, at) => (typed.endsWith(label) && label.length > (labels[found]?.length ?? 0) ? at : found), -1);
    return Math.max(0, called >= 0 ? called : labels.findIndex((label) => label.startsWith(typed)));
  }

  function option(item, at) {
    const made = el("li", { role: "option", id: `${id}-${at}`, "aria-selected": "false", "data-value": typeof item.value === "string" ? item.value : JSON.stringify(item.value) },
      el("span", {}, item.label), item.hint ? el("small", {}, item.hint) : null);
    if (item.depth) made.style.paddingLeft = `${10 + 16 * item.depth}px`;
    made.addEventListener("pointerdown", (event) => event.preventDefault());
    made.addEventListener("click", () => take(item));
    return made;
  }

  function mark(at) {
    list.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
    marked = at;
    const made = list.querySelector(`#${id}-${at}`);
    if (!made) return;
    made.setAttribute("aria-selected", "true");
    made.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", made.id);
  }

  function take(item) {
    close();
    options.take(item);
  }

  input.addEventListener("input", () => {
    options.oninput?.(input.value);
    clearTimeout(timer);
    timer = setTimeout(() => open(input.value.trim()), options.wait ?? WAIT);
  });
  input.addEventListener("click", () => { if (!isOpen()) { if (options.restore) input.select(); open(options.restore ? "" : input.value.trim()); } });
  input.addEventListener("blur", () => { close(); if (options.restore) input.value = options.value ?? ""; else options.leave?.(input.value); });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen()) { open(options.restore ? "" : input.value.trim()); return; }
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (items.length) mark((Math.max(marked, step > 0 ? -1 : 0) + step + items.length) % items.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (isOpen() && items[marked]) take(items[marked]);
      else if (options.restore) { if (!isOpen()) open(""); } else options.enter?.(input.value);
    } else if (event.key === "Escape" && isOpen()) {
      event.preventDefault();
      event.stopPropagation();
      close();
      if (options.restore) input.value = options.value ?? "";
    } else if (event.key === "Backspace" && !input.value) options.back?.();
  });
  return box;
}

/* Items whose text holds every word that was typed. */
export function narrowed(items, typed) {
  const asked = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const hits = items.filter((item) => asked.every((word) => (item.search || item.label.toLowerCase()).includes(word)));
  const starts = (item) => (item.label.toLowerCase().startsWith(typed.toLowerCase()) ? 0 : 1);
  return typed && !items.some((item) => item.group) ? hits.sort((a, b) => starts(a) - starts(b)) : hits;
}

export const countHint = (words, count, key = "customers") => (count == null ? "" : fill(words[key], { n: count.toLocaleString() }));
