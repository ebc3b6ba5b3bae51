/* <rule-builder>: holds the tree, draws it, and keeps the form's JSON, the count and the draft in step with it. */

import { acts } from "./acts.js";
import { el, fill, icon } from "./dom.js";
import * as draft from "./draft.js";
import { focusOn, remember, restore } from "./focus.js";
import { groupView } from "./groups.js";
import { watchDrag } from "./drag.js";
import { History } from "./history.js";
import { jsonFold } from "./json.js";
import { watchKeys } from "./keys.js";
import * as model from "./model.js";
import { Preview } from "./preview.js";

class RuleBuilder extends HTMLElement {
  connectedCallback() {
    if (this.catalogue) return;
    this.form = this.closest("form");
    this.area = this.form.elements.rule;
    this.catalogue = JSON.parse(document.getElementById("rule-catalogue").textContent);
    this.words = this.catalogue.words;
    Object.assign(model.LIMITS, { deepest: this.catalogue.deepest, most: this.catalogue.most });
    this.selected = new Set();
    this.problem = null;
    this.figures = new Map();
    this.act = acts(this);
    this.json = jsonFold(this);
    let root;
    try { root = model.load(JSON.parse(this.area.value)); } catch { this.json.open(); return; } // the text stays, to be mended
    this.begin(root);
  }

  /* Starts with a tree: once when the page opens, or when a JSON that could not be read was mended. */
  begin(root) {
    this.history = new History(root);
    this.status = el("p", { class: "r-rule-said", role: "status" });
    this.tree = el("div", { class: "r-rule-tree" });
    this.tally = el("a", { class: "r-rule-tally", href: "#rule-preview", hidden: true });
    this.append(this.#tools(), this.tree, this.tally, this.status);
    this.hidden = false;
    this.preview = new Preview(document.getElementById("rule-preview"), this.dataset, this.words, {
      problem: (found) => this.#mark(found),
      figures: (found) => { this.figures = new Map(Object.entries(found).map(([path, text]) => [this.asked.get(path), text])); this.#decorate(); },
      counted: (text) => { this.tally.textContent = text; this.tally.hidden = !text; },
      told: (sentence) => this.say(sentence),
    });
    watchKeys(this.tree, this);
    watchDrag(this.tree, this);
    this.draw();
    this.#sync();
    this.#drafts();
  }

  get root() { return this.history.state; }

  conditionOf(id) { return model.find(this.root, id).condition; }

  /* One condition was edited; redraw: its inputs change with it. */
  edit(id, condition, redraw) {
    const at = redraw ? "" : `${id}:${remember(this.tree)?.index}`;
    this.history.put(model.update(this.root, id, () => condition), at);
    if (redraw) this.draw({ focus: this.next && { inside: this.next } });
    this.next = null;
    this.#changed();
  }

  /* After the next redraw the focus goes there. */
  focusNext(key) { this.next = key; }

  /* A new tree. */
  take(root, { focus = null, say = "" } = {}) {
    this.history.put(root);
    this.draw({ focus });
    this.#changed();
    this.say(typeof say === "function" ? say() : say);
  }

  step(way) {
    if (!this.history[way]()) { this.say(this.words.notPossible); return; }
    for (const id of this.selected) if (!model.find(this.root, id)) this.selected.delete(id);
    this.draw();
    this.#changed();
    this.say(this.words[`done_${way}`]);
  }

  say(sentence) { if (sentence) this.status.textContent = sentence; }

  draw({ focus = null } = {}) {
    const memory = remember(this.tree);
    this.tree.replaceChildren(groupView(this.root, this));
    if (focus) focusOn(this.tree, focus);
    else restore(this.tree, memory);
    if (memory && !this.tree.contains(document.activeElement)) focusOn(this.tree, { add: this.root.id });
    this.#decorate();
    const [undo, redo] = this.querySelectorAll("[data-step]");
    undo.disabled = !this.history.past.length;
    redo.disabled = !this.history.future.length;
  }

  /* Values in use, for the lists under inputs. */
  async suggest(asked) {
    const answer = await fetch(`${this.dataset.suggest}?${new URLSearchParams(asked)}`, { headers: { "HX-Request": "true" } });
    return answer.ok && !answer.redirected ? (await answer.json()).values : [];
  }

  #tools() {
    const { words } = this;
    const button = (way, symbol) => el("button", { type: "button", class: "r-button", "data-step": way, "aria-label": words[way], title: words[way], onclick: () => this.step(way) }, icon(symbol));
    return el("div", { class: "r-rule-tools", role: "group", "aria-label": words.tools }, button("undo", "undo"), button("redo", "redo"),
      el("details", { class: "r-rule-keys" }, el("summary", {}, words.help), el("p", { class: "r-note" }, words.helpText)));
  }

  #changed() {
    this.#sync();
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
    draft.keep(this.form, this.dataset.version);
  }

  #sync() {
    this.printed = model.printed(model.save(this.root));
    this.area.value = this.printed.text;
    this.asked = new Map([...model.walk(this.root)].map(({ path, node }) => [path, node.id]));
    this.preview.ask(this.printed.text);
  }

  #mark(found) {
    const node = found?.path ? model.atPath(this.root, found.path) : null;
    this.problem = node && { id: node.id, text: found.text };
    this.json.problem(found);
    this.#decorate();
  }

  /* Figures and the problem at their rows. */
  #decorate() {
    for (const box of this.tree.querySelectorAll("[data-node]")) {
      const id = box.dataset.node;
      const wrong = this.problem?.id === id;
      box.classList.toggle("r-has-error", wrong);
      const note = [...box.children].find((child) => child.classList.contains("r-rule-note"));
      note.hidden = !wrong;
      if (note.textContent !== (wrong ? this.problem.text : "")) note.textContent = wrong ? this.problem.text : "";
      const figure = this.tree.querySelector(`[data-figure="${id}"]`);
      const told = this.figures.get(id);
      figure.textContent = told?.text ?? "";
      figure.style.setProperty("--r-share", told ? `${Math.round(100 * told.share)}%` : "0%");
    }
  }

  #drafts() {
    const names = this.catalogue.segments.map(([, name]) => name);
    const found = this.dataset.bound ? null : draft.offered(this.form, this.dataset.version, names);
    this.form.addEventListener("input", () => draft.keep(this.form, this.dataset.version));
    this.form.addEventListener("submit", () => draft.keep(this.form, this.dataset.version, true));
    if (!found) return;
    const time = new Intl.DateTimeFormat(this.catalogue.language, { dateStyle: "medium", timeStyle: "short" }).format(found.at);
    const { words } = this;
    const box = el("div", { class: "r-note r-warn r-rule-draft", role: "status" }, el("span", {}, fill(words.draft, { time })),
      el("button", { type: "button", class: "r-button r-main", onclick: () => {
        draft.take(this.form, found);
        box.remove();
        try { this.take(model.load(JSON.parse(found.rule)), { say: words.draftTaken }); } catch { this.json.open(); }
      } }, words.draftTake),
      el("button", { type: "button", class: "r-button", onclick: () => { draft.drop(); box.remove(); } }, words.draftDrop));
    this.prepend(box);
  }
}

customElements.define("rule-builder", RuleBuilder);
