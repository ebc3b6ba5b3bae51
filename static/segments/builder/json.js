/* The fold with the JSON: for those who copy rules. What is wrong is said with its line, and marked there. */

import { el, fill } from "./dom.js";
import * as model from "./model.js";

export function jsonFold(builder) {
  const { area, words } = builder;
  const fold = document.getElementById("rule-text");
  const note = el("p", { class: "r-error", role: "alert", hidden: true });
  const button = el("button", { type: "button", class: "r-button", onclick: () => take() }, words.jsonTake);
  fold.append(note, el("p", { class: "r-actions" }, button));

  function tell(text, line = 0) {
    note.textContent = text;
    note.hidden = !text;
    area.setAttribute("aria-invalid", String(Boolean(text)));
    if (line && fold.open) mark(line);
  }

  /* Selects a line of the text without taking the focus away from the rows. */
  function mark(line) {
    const before = area.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    const end = area.value.indexOf("\n", before);
    area.setSelectionRange(before, end < 0 ? area.value.length : end);
    area.scrollTop = Math.max(0, (line - 4) * 20);
  }

  function take() {
    let json;
    try { json = JSON.parse(area.value); } catch {
      const line = brokenLine(area.value);
      tell(fill(words.jsonBad, { line }), line);
      area.focus();
      mark(line);
      return;
    }
    let root;
    try { root = model.load(json); } catch { tell(words.jsonShape); area.focus(); return; }
    tell("");
    if (builder.history) builder.take(root, { say: words.jsonTaken });
    else builder.begin(root);
  }

  return {
    open() { fold.open = true; tell(words.jsonShape); },
    /* What the count says is about the rows; a text that was typed and not taken keeps its own message. */
    problem(found) {
      if (area.value !== builder.printed.text) return;
      const line = found?.path ? lineOfPath(builder.printed.lines, found.path) : 0;
      tell(found ? (line ? fill(words.jsonLine, { line, problem: found.text }) : found.text) : "", document.activeElement === area ? 0 : line);
    },
  };
}

/* The line of a path, or of the nearest thing around it. */
export function lineOfPath(lines, path) {
  let at = path;
  while (at && !lines.has(at)) at = at.replace(/(\.\w+|\[\d+\])$|^\w+$/, "");
  return lines.get(at) ?? 0;
}

const TOKEN = /\s*([{}[\],:]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|$)/y;

/* Where a text stops being JSON. Browsers do not all say: so it is read once more, up to the first surprise. */
function breaksAt(text) {
  let at = 0;
  const next = () => {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found) throw at;
    const begin = TOKEN.lastIndex - found[1].length;
    at = TOKEN.lastIndex;
    return [found[1], begin];
  };
  const value = ([token, begin] = next()) => {
    if (token === "{") return list("}", () => { key(next()); expect(":", next()); value(); }, (pair) => { key(pair); expect(":", next()); value(); });
    if (token === "[") return list("]", () => value(), (pair) => value(pair));
    if (token === "" || "}],:".includes(token)) throw begin;
    return undefined;
  };
  const key = ([token, begin]) => { if (!token.startsWith('"')) throw begin; };
  const expect = (wanted, [token, begin]) => { if (token !== wanted) throw begin; };
  const list = (end, entry, first) => {
    let pair = next();
    if (pair[0] === end) return;
    first(pair);
    for (pair = next(); pair[0] === ","; pair = next()) entry();
    expect(end, pair);
  };
  try { value(); expect("", next()); } catch (place) { return place; }
  return text.length;
}

/* The line, from 1, on which a text stops being JSON. */
export const brokenLine = (text) => {
  const place = breaksAt(text);
  const blank = /\s*/y;
  blank.lastIndex = place;
  blank.exec(text);
  return text.slice(0, blank.lastIndex).split("\n").length;
};
