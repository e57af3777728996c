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
  const parts = [...form.querySelectorAll(`[data-date="${name}"] input`)].map((part) => part.value.trim());
  const [day, month, , time] = parts;
  if (parts.some(Boolean)) found.push((day && !month) || (time && !day) ? "?" : parts.slice(0, 3).join("/") + (time ? ` ${time}` : "")); // a day without a month is no date
  const area = line && line.querySelector(`textarea[name="${name}"]`);
  return (area ? found.flatMap((text) => text.split("\n")) : found).map((text) => text.trim()).filter(Boolean);
}

const number = (text) => Number(String(text).replace(/\s/g, "").replace(",", "."));
const pair = (typed, answer) => (typeof answer === "number" ? [number(typed), answer] : [typed, answer]);

// A date as its parts, the year first, as portals/answer_dates.py reads what is typed; null for what is no date.
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const months = ["fr", "en"].map((language) => [...Array(12).keys()].map((month) => plain(new Date(2000, month).toLocaleString(language, { month: "long" }))));

function monthOf(text) {
  if (/^\d+$/.test(text)) return Number(text);
  const found = [...Array(12).keys()].filter((month) => months.some((names) => names[month].startsWith(plain(text))));
  return text.length > 2 && found.length === 1 ? found[0] + 1 : NaN;
}

const CLOCK = /(?:^|T|\s+(?:à\s+)?)(\d{1,2})\s?[:h]\s?(?:(\d{2})(?::(\d{2}(?:\.\d{1,6})?))?)?$/i;
const seconds = ([, hour, minute, second]) => Number(hour) * 3600 + Number(minute ?? 0) * 60 + Number(second ?? 0);
const timeOf = (text) => seconds(text.match(CLOCK) ?? [NaN, NaN]);

function dateOf(text) {
  const clock = text.match(CLOCK);
  const parts = text.replace(CLOCK, "").split(/[\s./-]+/).filter(Boolean);
  if (!/^\d{4}$/.test(parts[0] ?? "")) parts.reverse();
  if (!/^\d{4}$/.test(parts[0] ?? "") || parts.length > 3) return null;
  if (clock && parts.length < 3) return null;
  const read = [Number(parts[0]), ...parts.slice(1, 2).map(monthOf), ...parts.slice(2).map(Number)];
  if (clock) read.push(seconds(clock));
  return read.some(Number.isNaN) ? null : read;
}

// As FHIRPath compares: below 0, 0 or above 0; NaN, which nothing holds for, if one date has more parts.
function order(one, other) {
  const [mine, its] = [dateOf(one), dateOf(other)];
  if (!mine || !its) return NaN;
  const differs = mine.findIndex((part, place) => place < its.length && part !== its[place]);
  if (differs >= 0) return mine[differs] - its[differs];
  return mine.length === its.length ? 0 : NaN;
}

const compares = {
  "=": (typed, answer) => typed === answer,
  ">": (typed, answer) => typed > answer,
  "<": (typed, answer) => typed < answer,
  ">=": (typed, answer) => typed >= answer,
  "<=": (typed, answer) => typed <= answer,
};

function holds({ name, operator, answer, date, time }) {
  const typed = given(name);
  if (operator === "exists") return typed.length > 0 === answer;
  const pairOf = time ? (one) => [timeOf(one), timeOf(answer)] : (one) => pair(one, answer);
  const compared = date ? (one) => [order(one, answer), 0] : pairOf;
  const some = (how) => typed.some((one) => compares[how](...compared(one)));
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
