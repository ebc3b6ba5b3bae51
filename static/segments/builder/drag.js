/* Drag and drop by any pointer: mouse, finger, pen. A line shows where the part would go. */

import { contains, find, isGroup, spot } from "./model.js";

const FAR = 5;

/* The places a part can be dropped at: {groupId, index, top} for every gap of every list outside the part itself. */
function gaps(box, root, id) {
  const found = [];
  const moved = find(root, id);
  for (const list of box.querySelectorAll("[data-group]")) {
    const groupId = list.dataset.group;
    if (contains(moved, groupId)) continue;
    const parts = [...list.children].filter((part) => part.dataset.part);
    const area = list.getBoundingClientRect();
    parts.forEach((part, index) => found.push({ groupId, index, list, before: part, x: area.left, y: part.getBoundingClientRect().top }));
    const last = parts.at(-1)?.getBoundingClientRect().bottom ?? area.top + 6;
    found.push({ groupId, index: parts.length, list, before: null, x: area.left, y: last });
  }
  return found;
}

/* The gap nearest to the pointer; of equally near ones the one whose list begins nearest to it. */
function nearest(places, x, y) {
  const far = (gap) => Math.abs(gap.y - y) + Math.max(0, gap.x - x) * 0.5 + Math.min(40, Math.max(0, x - gap.x)) * -0.1;
  return places.reduce((best, gap) => (best === null || far(gap) < far(best) ? gap : best), null);
}

export function watchDrag(box, ctx) {
  let drag = null;
  const line = document.createElement("div");
  line.className = "r-rule-drop";

  function begin(event) {
    const handle = event.target.closest("[data-handle]");
    if (!handle || event.button !== 0) return;
    drag = { id: handle.dataset.handle, handle, x: event.clientX, y: event.clientY, pointer: event.pointerId, on: false, gap: null };
  }

  function go(event) {
    if (!drag || event.pointerId !== drag.pointer) return;
    if (!drag.on && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < FAR) return;
    if (!drag.on) {
      drag.on = true;
      drag.handle.setPointerCapture(event.pointerId);
      box.querySelector(`[data-part="${drag.id}"]`)?.classList.add("r-dragged");
    }
    event.preventDefault();
    drag.gap = nearest(gaps(box, ctx.root, drag.id), event.clientX, event.clientY);
    if (!drag.gap) return;
    drag.gap.list.insertBefore(line, drag.gap.before);
    const edge = 60;
    if (event.clientY < edge) window.scrollBy(0, -12);
    else if (event.clientY > window.innerHeight - edge) window.scrollBy(0, 12);
  }

  function end(drop) {
    if (!drag) return;
    const { id, on, gap, handle } = drag;
    drag = null;
    line.remove();
    box.querySelector(`[data-part="${id}"]`)?.classList.remove("r-dragged");
    if (!on) return;
    handle.dataset.dragged = "yes"; // the click that follows opens no menu
    setTimeout(() => delete handle.dataset.dragged, 0);
    if (drop && gap && isGroup(find(ctx.root, gap.groupId)) && !isSame(ctx.root, id, gap)) ctx.act.drop(id, gap.groupId, gap.index);
  }

  box.addEventListener("pointerdown", begin);
  box.addEventListener("pointermove", go);
  box.addEventListener("pointerup", () => end(true));
  box.addEventListener("pointercancel", () => end(false));
  box.addEventListener("keydown", (event) => { if (event.key === "Escape" && drag) { event.stopPropagation(); end(false); } }, true);
}

function isSame(root, id, gap) {
  const { parent, index } = spot(root, id);
  return parent.id === gap.groupId && (gap.index === index || gap.index === index + 1);
}
