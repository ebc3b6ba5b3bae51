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
    try { json = JSON.parse(area.value); } catch (problem) {
      const line = lineOf(problem, area.value);
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
    problem(found) {
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

/* Browsers say where JSON breaks in words of their own: a position, or a line. */
export function lineOf(problem, text) {
  const line = /line (\d+)/.exec(problem.message);
  if (line) return Number(line[1]);
  const position = /position (\d+)/.exec(problem.message);
  return text.slice(0, position ? Number(position[1]) : text.length).split("\n").length;
}
