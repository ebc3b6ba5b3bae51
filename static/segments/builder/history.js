/* Taking back and doing again. States are whole trees; typing in one place within a moment is one step. */

const MOST = 200;
const MOMENT = 1200;

export class History {
  constructor(state, now = () => Date.now()) {
    this.now = now;
    this.past = [];
    this.future = [];
    this.state = state;
    this.place = "";
    this.at = 0;
  }

  /* A new state; the same non-empty place within a moment replaces the last one. */
  put(state, place = "") {
    if (state === this.state) return;
    const goesOn = place && place === this.place && this.now() - this.at < MOMENT;
    if (!goesOn) this.past = [...this.past.slice(-MOST + 1), this.state];
    this.future = [];
    this.state = state;
    this.place = place;
    this.at = this.now();
  }

  undo() { return this.#step("past", "future"); }

  redo() { return this.#step("future", "past"); }

  #step(from, to) {
    if (!this[from].length) return false;
    this[to] = [...this[to], this.state];
    this.state = this[from].at(-1);
    this[from] = this[from].slice(0, -1);
    this.place = "";
    return true;
  }
}
