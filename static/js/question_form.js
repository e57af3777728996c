// Hides the fields that the chosen type of answer does not use. The server ignores them in any case.
const form = document.querySelector("[data-question-form]");
const kind = form.querySelector("[data-kind]");

function show() {
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(kind.value);
  for (const part of form.querySelectorAll("[data-not-for]")) part.hidden = part.dataset.notFor.split(" ").includes(kind.value);
}

if (kind) {
  kind.addEventListener("change", show);
  show();
}
