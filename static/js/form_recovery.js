// Typed text in forms survives signing in again: it stays in this tab for an hour at most, and is restored once, for the
// same person only. Passwords and files are not stored.
const key = "kept-forms";
const longest = 3_600_000; // milliseconds
const left = new Set(["hidden", "password", "file", "submit", "button", "image", "reset"]);
const { sessionOwner } = document.body.dataset;
const address = location.pathname + location.search;

function fieldsOf(form) {
  return [...form.elements].filter((one) => one.name && one.type && !left.has(one.type) && one.tagName !== "FIELDSET");
}

function postForms() {
  return [...document.querySelectorAll("main form[method=post]")];
}

export function keepForms() {
  if (!sessionOwner) return;
  const forms = postForms().map((form) => fieldsOf(form).map(({ name, value, checked }) => ({ name, value, checked })));
  const kept = { owner: sessionOwner, address, at: Date.now(), forms };
  if (forms.some((fields) => fields.length)) sessionStorage.setItem(key, JSON.stringify(kept));
}

function putBack(kept) {
  postForms().forEach((form, index) => {
    const before = kept.forms[index] ?? [];
    const fields = fieldsOf(form);
    if (fields.length !== before.length || fields.some((field, at) => field.name !== before[at].name)) return;
    fields.forEach((field, at) => {
      if (field.type === "checkbox" || field.type === "radio") field.checked = before[at].checked && field.value === before[at].value;
      else field.value = before[at].value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
    const notice = document.querySelector("[data-restored-notice] p");
    notice.className = "notice notice-good";
    notice.hidden = false;
  });
}

const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
if (kept && Date.now() - kept.at > longest) sessionStorage.removeItem(key);
else if (kept && !sessionOwner) sessionStorage.setItem(key, JSON.stringify({ ...kept, away: true }));
else if (kept) {
  const mine = kept.owner === sessionOwner;
  if (mine && kept.away && kept.address === address) putBack(kept);
  // Intermediate pages (setting up a second factor) do not remove it; once restored, it is not needed any more.
  if (!mine || !kept.away || kept.address === address) sessionStorage.removeItem(key);
}
