/* Where the focus is, so that it is there again after the tree was drawn anew. */

const ABLE = "input, select, textarea, button, a[href]";

/* The node, which of its controls, and the selection in it. */
export function remember(box) {
  const active = document.activeElement;
  const node = box.contains(active) ? active.closest("[data-node]") : null;
  if (!node) return null;
  const index = own(node).indexOf(active);
  const range = active.matches("input[type=text]") ? [active.selectionStart, active.selectionEnd] : null;
  return { id: node.dataset.node, index, range };
}

/* The controls of a node without those of the nodes inside it. */
function own(node) {
  return [...node.querySelectorAll(ABLE)].filter((one) => one.closest("[data-node]") === node && !one.closest("[role=menu]"));
}

export function restore(box, memory) {
  const node = memory && box.querySelector(`[data-node="${memory.id}"]`);
  if (!node) return;
  const controls = own(node);
  const control = controls[Math.min(Math.max(memory.index, 0), controls.length - 1)];
  control?.focus({ preventScroll: true });
  if (memory.range && control?.matches("input[type=text]")) control.setSelectionRange(...memory.range);
}

/* wanted: {handle: id}, {value: id} (the first input after what it is about), {add: id} or {inside: selector}. */
export function focusOn(box, wanted) {
  if (wanted.handle) return box.querySelector(`[data-handle="${wanted.handle}"]`)?.focus();
  if (wanted.inside) return box.querySelector(`[data-focus="${wanted.inside}"] ${ABLE.split(",")[0]}, [data-focus="${wanted.inside}"] select`)?.focus();
  const node = box.querySelector(`[data-node="${wanted.value ?? wanted.add}"]`);
  if (!node) return undefined;
  const controls = own(node);
  if (wanted.add) return controls.find((one) => one.classList.contains("r-rule-add"))?.focus();
  const inputs = controls.filter((one) => !one.matches(".r-rule-about, [data-handle], .r-rule-remove"));
  return (inputs[0] ?? controls[0])?.focus();
}
