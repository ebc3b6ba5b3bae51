/* The rule as a tree: from JSON, to JSON, and every move in between. Pure: nothing here knows of a page.

   A node is a group {id, how, parts} or a condition {id, condition}, whose JSON is kept as it came: what this
   script does not understand goes out as it came in. Trees are never changed: each act returns a new root. */

export const HOWS = ["all", "any", "none"];
export const LIMITS = { deepest: 6, most: 50 };

let last = 0;
export const freshId = () => `n${(last += 1)}`;
export const isGroup = (node) => "how" in node;
export const group = (how, parts = []) => ({ id: freshId(), how, parts });
export const leaf = (condition) => ({ id: freshId(), condition: structuredClone(condition) });

/* --- JSON ------------------------------------------------------------------------------------------- */

function groupKey(json) {
  if (json === null || typeof json !== "object" || Array.isArray(json)) return null;
  const keys = Object.keys(json);
  const isOne = keys.length === 1 && HOWS.includes(keys[0]) && Array.isArray(json[keys[0]]);
  return isOne ? keys[0] : null;
}

export function read(json) {
  const how = groupKey(json);
  return how ? group(how, json[how].map(read)) : leaf(json);
}

/* The root of a whole rule; throws where it has none that is a group. */
export function load(rule) {
  if (!rule || typeof rule !== "object" || rule.version !== 1 || !groupKey(rule.root)) throw new TypeError("no rule");
  return read(rule.root);
}

export const write = (node) => (isGroup(node) ? { [node.how]: node.parts.map(write) } : structuredClone(node.condition));
export const save = (root) => ({ version: 1, root: write(root) });

/* --- Looking ------------------------------------------------------------------------------------------ */

/* [node, parent, index, path, depth] of every node, in the order in which they are shown. */
export function* walk(node, parent = null, index = 0, path = "root", depth = 1) {
  yield { node, parent, index, path, depth };
  if (!isGroup(node)) return;
  for (const [at, part] of node.parts.entries()) yield* walk(part, node, at, `${path}.${node.how}[${at}]`, depth + 1);
}

export function spot(root, id) {
  for (const found of walk(root)) if (found.node.id === id) return found;
  return null;
}

export const find = (root, id) => spot(root, id)?.node ?? null;
export const pathOf = (root, id) => spot(root, id)?.path ?? "";
export const conditions = (root) => [...walk(root)].filter(({ node }) => !isGroup(node)).length;

/* The node that a path of a refusal points at, or into: root.all[1].where[0].value. */
export function atPath(root, path) {
  let best = null;
  for (const found of walk(root)) {
    const inside = path === found.path || path.startsWith(`${found.path}.`) || path.startsWith(`${found.path}[`);
    if (inside && (!best || found.path.length > best.path.length)) best = found;
  }
  return best?.node ?? null;
}

const height = (node) => (isGroup(node) ? 1 + Math.max(0, ...node.parts.map(height)) : 0);
export const fits = (root) => height(root) <= LIMITS.deepest && conditions(root) <= LIMITS.most;
export const isTooDeep = (root) => height(root) > LIMITS.deepest;
export const contains = (node, id) => [...walk(node)].some((found) => found.node.id === id);

/* --- Changing ----------------------------------------------------------------------------------------- */

/* The tree with one node replaced by what fn makes of it: a node, several, or none. */
export function replace(root, id, fn) {
  if (root.id === id) return fn(root);
  if (!isGroup(root)) return root;
  let changed = false;
  const parts = root.parts.flatMap((part) => {
    const next = replace(part, id, fn);
    changed = changed || next !== part;
    return next === null ? [] : next;
  });
  return changed ? { ...root, parts } : root;
}

export const update = (root, id, fn) => replace(root, id, (node) => ({ ...node, condition: fn(node.condition) }));
export const remove = (root, id) => (root.id === id ? root : replace(root, id, () => null));
export const setHow = (root, id, how) => replace(root, id, (node) => ({ ...node, how }));

export function insert(root, groupId, index, node) {
  return replace(root, groupId, (into) => ({ ...into, parts: [...into.parts.slice(0, index), node, ...into.parts.slice(index)] }));
}

/* Moves a node to a place in a group, counted before it is taken out. A group left empty goes. null: not possible. */
export function move(root, id, groupId, index) {
  const from = spot(root, id);
  if (!from || !from.parent || contains(from.node, groupId)) return null;
  const to = from.parent.id === groupId && from.index < index ? index - 1 : index;
  let next = insert(remove(root, id), groupId, to, from.node);
  if (!find(next, from.parent.id).parts.length && from.parent.id !== next.id) next = remove(next, from.parent.id);
  return fits(next) ? next : null;
}

/* One step by key: up, down, in, out. */
export function shift(root, id, way) {
  const { parent, index, node } = spot(root, id);
  if (!parent) return null;
  const above = spot(root, parent.id);
  if (way === "up" && index > 0) return move(root, id, parent.id, index - 1);
  if (way === "down" && index < parent.parts.length - 1) return move(root, id, parent.id, index + 2);
  if (way === "in") {
    const [before, after] = [parent.parts[index - 1], parent.parts[index + 1]];
    if (before && isGroup(before)) return move(root, node.id, before.id, before.parts.length);
    if (after && isGroup(after)) return move(root, node.id, after.id, 0);
    return null;
  }
  if (!above.parent) return null;
  return move(root, id, above.parent.id, above.index + (way === "up" ? 0 : 1));
}

/* Puts parts of one group into a new group at the place of the first; ids elsewhere are left alone. */
export function gather(root, ids, how = "any") {
  const first = [...walk(root)].find(({ node, parent }) => parent && ids.includes(node.id));
  if (!first) return null;
  const chosen = first.parent.parts.filter((part) => ids.includes(part.id));
  const made = group(how, chosen);
  const parts = first.parent.parts.flatMap((part) => (part === chosen[0] ? [made] : chosen.includes(part) ? [] : [part]));
  const next = replace(root, first.parent.id, (node) => ({ ...node, parts }));
  return fits(next) ? { root: next, id: made.id } : null;
}

export function ungroup(root, id) {
  const found = spot(root, id);
  if (!found?.parent || !isGroup(found.node)) return null;
  return replace(root, id, (node) => node.parts);
}

export function copy(node) {
  return isGroup(node) ? group(node.how, node.parts.map(copy)) : leaf(node.condition);
}

export function duplicate(root, id) {
  const found = spot(root, id);
  if (!found?.parent) return null;
  const made = copy(found.node);
  const next = insert(root, found.parent.id, found.index + 1, made);
  return fits(next) ? { root: next, id: made.id } : null;
}

/* The opposite: any and none are each other's; "none of" one part is taken off; all else is put under it. */
export function negate(root, id) {
  const found = spot(root, id);
  if (!found) return null;
  const { node } = found;
  if (isGroup(node) && node.how === "none" && node.parts.length === 1 && (found.parent || isGroup(node.parts[0]))) {
    return { root: replace(root, id, () => node.parts[0]), id: node.parts[0].id };
  }
  if (isGroup(node) && node.how !== "all") return { root: setHow(root, id, node.how === "any" ? "none" : "any"), id };
  const made = group("none", [node]);
  const next = replace(root, id, () => made);
  return fits(next) ? { root: next, id: made.id } : null;
}

/* --- The JSON as text -------------------------------------------------------------------------------------- */

/* The rule as indented text, and for each path the line on which its value begins (from 1). */
export function printed(rule) {
  const lines = new Map();
  const rows = [""];
  const put = (text) => { rows[rows.length - 1] += text; };
  const say = (value, path, indent) => {
    lines.set(path, rows.length);
    if (value === null || typeof value !== "object") return put(JSON.stringify(value));
    const isList = Array.isArray(value);
    const entries = Object.entries(value);
    put(isList ? "[" : "{");
    entries.forEach(([key, entry], at) => {
      rows.push(" ".repeat(indent + 2) + (isList ? "" : `${JSON.stringify(key)}: `));
      const inner = path === "rule" && key === "root" ? "root" : isList ? `${path}[${key}]` : `${path}.${key}`;
      say(entry, inner, indent + 2);
      if (at < entries.length - 1) put(",");
    });
    if (entries.length) rows.push(" ".repeat(indent));
    put(isList ? "]" : "}");
  };
  say(rule, "rule", 0);
  return { text: rows.join("\n"), lines };
}
