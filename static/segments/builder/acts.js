/* What can be done to the tree, each with what is announced and where the focus goes. */

import { fill } from "./dom.js";
import { nameOf, placeOf } from "./groups.js";
import * as model from "./model.js";

/* builder: root, selected, words, take(root, {focus, say}), step("undo" | "redo"). */
export function acts(builder) {
  const { words } = builder;
  const refuse = (root) => {
    const why = !root ? words.notPossible : model.isTooDeep(root) ? fill(words.tooDeep, { n: model.LIMITS.deepest }) : fill(words.tooMany, { n: model.LIMITS.most });
    builder.say(why);
  };
  const done = (made, act) => {
    if (!made) return refuse(null);
    builder.selected.clear();
    return builder.take(made.root, { focus: { handle: made.id }, say: words[`done_${act}`] });
  };
  const moved = (root, id, act) => (root ? builder.take(root, { focus: { handle: id }, say: () => fill(words[`done_${act}`], { place: placeOf(id, builder) }) }) : refuse(null));

  return {
    setHow: (id, how) => builder.take(model.setHow(builder.root, id, how), { say: words[how] }),
    add(groupId, node) {
      const { parts } = model.find(builder.root, groupId);
      const root = model.insert(builder.root, groupId, parts.length, node);
      if (!model.fits(root)) { refuse(root); return; }
      builder.take(root, { focus: model.isGroup(node) ? { add: node.id } : { value: node.id }, say: fill(words.done_add, { name: nameOf(node, builder) }) });
    },
    remove(id) {
      const { parent, index } = model.spot(builder.root, id);
      if (!parent) { refuse(null); return; }
      const next = parent.parts[index + 1] ?? parent.parts[index - 1];
      builder.selected.delete(id);
      builder.take(model.remove(builder.root, id), { focus: next ? { handle: next.id } : { add: parent.id }, say: words.done_remove });
    },
    shift: (id, way) => moved(model.shift(builder.root, id, way), id, way),
    drop: (id, groupId, index) => moved(model.move(builder.root, id, groupId, index), id, "drag"),
    select(id) {
      if (builder.selected.has(id)) builder.selected.delete(id);
      else builder.selected.add(id);
      builder.draw({ focus: { handle: id } });
      builder.say(fill(words.done_select, { n: builder.selected.size }));
    },
    group(id) { done(model.gather(builder.root, builder.selected.size ? [...builder.selected] : [id]), "group"); },
    ungroup(id) {
      const first = model.find(builder.root, id).parts?.[0];
      const root = model.ungroup(builder.root, id);
      done(root && { root, id: first?.id }, "ungroup");
    },
    duplicate: (id) => done(model.duplicate(builder.root, id), "duplicate"),
    negate: (id) => done(model.negate(builder.root, id), "negate"),
    undo: () => builder.step("undo"),
    redo: () => builder.step("redo"),
  };
}
