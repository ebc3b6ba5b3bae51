/* The draft: what was entered survives a reload, a crash and a session that ran out. Kept in this tab only. */

const key = () => `rule-draft:${location.pathname}`;

function stored() {
  try { return JSON.parse(sessionStorage.getItem(key())); } catch { return null; }
}

export const drop = () => sessionStorage.removeItem(key());

/* Keeps what the form says now; base is the version that it began from. */
export function keep(form, base, sent = false) {
  const values = Object.fromEntries(["name", "description", "rule"].map((name) => [name, form.elements[name].value]));
  try { sessionStorage.setItem(key(), JSON.stringify({ ...values, base, sent, at: Date.now() })); } catch { /* the storage is full: no draft */ }
}

/* The draft to offer on a page just opened; null: none, or it has been saved since. */
export function offered(form, base, names) {
  const draft = stored();
  if (!draft || same(draft.rule, form.elements.rule.value)) return null;
  const wasSaved = draft.sent && (base ? base !== draft.base : names.includes(draft.name.trim()));
  if (!wasSaved) return draft;
  drop();
  return null;
}

const same = (one, other) => {
  try { return JSON.stringify(JSON.parse(one)) === JSON.stringify(JSON.parse(other)); } catch { return one === other; }
};

export function take(form, draft) {
  for (const name of ["name", "description", "rule"]) form.elements[name].value = draft[name];
}
