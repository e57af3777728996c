// Shows the questions whose conditions hold, as soon as an answer changes. The server decides the same when the page is
// sent (questionnaires/fhir/conditions.py): without this script, questions appear after "Continue".
const form = document.querySelector("[data-questions]");
const lines = [...form.querySelectorAll("[data-line]")];

// What is answered, as the fields have it; nothing for a question that is not shown.
function given(name) {
  const line = form.querySelector(`[data-line="${name}"]`);
  if (line && line.closest("[hidden]")) return [];
  const values = new FormData(form);
  const found = values.getAll(name).concat(values.getAll(`${name}-other`));
  const area = line && line.querySelector(`textarea[name="${name}"]`);
  return (area ? found.flatMap((text) => text.split("\n")) : found).map((text) => text.trim()).filter(Boolean);
}

const number = (text) => Number(String(text).replace(/\s/g, "").replace(",", "."));
const pair = (typed, answer) => (typeof answer === "number" ? [number(typed), answer] : [typed, answer]);

const compares = {
  "=": (typed, answer) => typed === answer,
  ">": (typed, answer) => typed > answer,
  "<": (typed, answer) => typed < answer,
  ">=": (typed, answer) => typed >= answer,
  "<=": (typed, answer) => typed <= answer,
};

function holds({ name, operator, answer }) {
  const typed = given(name);
  if (operator === "exists") return typed.length > 0 === answer;
  const some = (how) => typed.some((one) => compares[how](...pair(one, answer)));
  return operator === "!=" ? !some("=") : some(operator);
}

function isEnabled(line) {
  const below = line.parentElement.closest("[data-answered]");
  if (below && below.parentElement.contains(line) && line.parentElement === below && !given(below.dataset.answered).length) return false;
  if (!line.dataset.when) return true;
  const { every, conditions } = JSON.parse(line.dataset.when);
  return every ? conditions.every(holds) : conditions.some(holds);
}

// A question that is hidden hides what depends on its answer, so look again until nothing changes.
function show() {
  for (let round = 0; round <= lines.length; round += 1) {
    const changed = lines.filter((line) => line.hidden === isEnabled(line));
    if (!changed.length) return;
    for (const line of changed) line.hidden = !line.hidden;
  }
}

const shown = form.querySelector("[name=shown]");
if (shown) shown.value = "all"; // what the answers ask for is shown already when the page is sent
form.addEventListener("input", show);
show();
