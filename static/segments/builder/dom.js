/* Making elements, and one part of a JSON value as something that can be read and put. */

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key in made && !key.includes("-") && typeof value !== "string") made[key] = value;
    else if (key === "value") made.value = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const icon = (name) => el("span", { class: "r-icon", "aria-hidden": "true" }, name);

export function select(label, options, value, onchange, extra = {}) {
  const has = options.some(([one]) => one === value);
  const shown = has || value === undefined || value === null ? options : [...options, [value, String(value)]];
  return el("select", { class: "r-input", "aria-label": label, onchange: (event) => onchange(event.target.value), ...extra },
    ...shown.map(([one, title]) => el("option", { value: one, selected: one === value }, String(title))));
}

export const fill = (text, values = {}) => text.replace(/%\((\w+)\)s/g, (_all, name) => values[name] ?? "");
export const named = (list, name) => list.find((one) => one.name === name);
/* A path of names as text and back: ["deep", "taste"] is “deep › taste”. */
export const pathText = (path) => [path ?? ""].flat().join(" › ");
export const pathJson = (text) => (text.includes(" › ") ? text.split(" › ") : text);
export const pairs = (list) => list.map((one) => [one.name, one.label]);

/* A place inside a JSON value: reads what is there now, puts a changed copy back. undefined takes a key away. */
export class Place {
  constructor(get, put, name = "") { this.get = get; this.put = put; this.name = name; }

  get value() { return this.get(); }

  at(key) {
    return new Place(() => this.value?.[key], (next, redraw) => this.put(withKey(this.value, key, next), redraw), `${this.name}.${key}`);
  }

  /* Several keys of an object at once. */
  merge(changes, redraw) {
    let next = this.value;
    for (const [key, value] of Object.entries(changes)) next = withKey(next, key, value);
    this.put(next, redraw);
  }
}

export function withKey(holder, key, value) {
  if (Array.isArray(holder)) {
    return value === undefined ? holder.filter((_one, at) => at !== Number(key)) : holder.map((one, at) => (at === Number(key) ? value : one));
  }
  const next = { ...holder };
  if (value === undefined) delete next[key];
  else next[key] = value;
  return next;
}
