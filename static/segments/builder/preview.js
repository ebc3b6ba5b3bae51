/* The live count: an estimate at once, then the exact number and the parts; older questions are given up. */

import { fill } from "./dom.js";

const WAIT = 300;
const PATIENCE = 20_000;

export class Preview {
  /* hooks: problem({path, text}), figures({path: {text, share}}), counted(text) as soon as there is a count, told(text) at the end. */
  constructor(panel, addresses, words, hooks) {
    Object.assign(this, { panel, addresses, words, hooks });
    this.main = panel.querySelector("[data-main]");
    this.more = panel.querySelector("[data-more]");
    this.note = panel.querySelector("[data-note]");
    this.controller = null;
    this.timer = 0;
  }

  /* Ask about a rule, given as its JSON text, as soon as the operator pauses. */
  ask(text) {
    clearTimeout(this.timer);
    this.controller?.abort();
    this.panel.dataset.state = "old";
    this.timer = setTimeout(() => this.#look(text), WAIT);
  }

  async #look(text) {
    const controller = new AbortController();
    this.controller = controller;
    const slow = setTimeout(() => { this.note.textContent = this.words.counting; this.note.hidden = false; }, 700);
    try {
      const first = await this.#post(this.addresses.preview, { rule: text }, controller);
      clearTimeout(slow);
      if (!this.#show(first)) return;
      const rest = [this.#parts(text, controller)];
      if (this.main.querySelector("[data-margin]")) rest.push(this.#exact(text, controller));
      await Promise.allSettled(rest);
      this.hooks.told(this.#count());
    } catch (problem) {
      if (this.controller === controller) this.#failed(problem);
    } finally { clearTimeout(slow); }
  }

  async #exact(text, controller) {
    const html = await this.#post(this.addresses.preview, { rule: text, exact: "1" }, controller);
    if (this.controller === controller) this.#show(html, true);
  }

  async #parts(text, controller) {
    const answer = JSON.parse(await this.#post(this.addresses.parts, { rule: text }, controller));
    if (this.controller !== controller) return;
    this.more.innerHTML = answer.html;
    this.hooks.figures(answer.figures);
  }

  async #post(address, values, controller) {
    const patience = setTimeout(() => controller.abort("slow"), PATIENCE);
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    try {
      const answer = await fetch(address, { method: "POST", body: new URLSearchParams(values), headers: { "X-CSRFToken": token, "HX-Request": "true" }, signal: controller.signal });
      if (answer.redirected) throw new Told(this.words.loggedOut);
      if (answer.status === 403) throw new Told(this.words.forbidden);
      if (!answer.ok) throw new Told(fill(this.words.failed, { status: answer.status }));
      return await answer.text();
    } finally { clearTimeout(patience); }
  }

  /* Whether the rule could be counted. A problem leaves the last good count in place, greyed. */
  #show(html, keep = false) {
    const made = document.createElement("template");
    made.innerHTML = html;
    const problem = made.content.querySelector("[data-problem]");
    this.note.hidden = true;
    if (problem && keep) return false; // the exact count was too slow: the estimate stays
    this.hooks.problem(problem ? { path: problem.dataset.path, text: problem.dataset.problem } : null);
    if (problem) {
      this.note.replaceChildren(made.content);
      this.note.hidden = false;
      return false;
    }
    this.main.replaceChildren(made.content);
    this.panel.dataset.state = "good";
    this.hooks.counted(this.#count());
    return true;
  }

  #count() { return this.main.querySelector("[data-count]")?.textContent.replace(/\s+/g, " ").trim() ?? ""; }

  #failed(problem) {
    if (problem?.name === "AbortError") return;
    const slow = problem === "slow" || this.controller?.signal.reason === "slow";
    this.note.textContent = problem instanceof Told ? problem.message : slow ? this.words.slow : this.words.unreachable;
    this.note.hidden = false;
  }
}

class Told extends Error {}
