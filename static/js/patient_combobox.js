// Finds records while one types, as a combobox with a list box (ARIA APG, list autocomplete with manual selection).
// The server answers with the same choices that the page shows without scripts; the chosen one moves into the page.
import { csrfToken } from "./csrf.js";

const input = document.querySelector("[data-patient-search]");
const form = input.form;
const choices = document.getElementById("patient-choices");
const list = document.getElementById("patient-options");
const status = document.getElementById("patient-found");
const WAIT = 200; // milliseconds after the last key
let timer, asked, options = [], active = -1;

function close() {
  list.hidden = true;
  active = -1;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

function activate(index) {
  active = index;
  options.forEach((one, number) => one.setAttribute("aria-selected", String(number === active)));
  if (active < 0) return input.removeAttribute("aria-activedescendant");
  input.setAttribute("aria-activedescendant", options[active].id);
  options[active].scrollIntoView({ block: "nearest" });
}

function choose(option) {
  const nobody = choices.querySelector("[name=patient][value='']").closest("label");
  for (const one of choices.querySelectorAll("label")) if (one !== nobody) one.remove();
  nobody.before(option.choice);
  const radio = option.choice.querySelector("input");
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
  input.value = "";
  status.textContent = option.choice.textContent.trim().replaceAll(/\s+/g, " ");
  close();
}

function offer(page) {
  options = [...page.querySelectorAll("[data-found]")].map((choice, number) => {
    const option = document.createElement("li");
    option.id = `patient-option-${number}`;
    option.setAttribute("role", "option");
    option.append(...choice.querySelector("span").cloneNode(true).childNodes);
    option.choice = choice;
    option.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
    option.addEventListener("click", () => choose(option));
    return option;
  });
  list.replaceChildren(...options);
  status.textContent = page.querySelector("[data-how-many]")?.textContent.trim().replaceAll(/\s+/g, " ") ?? "";
  activate(-1);
  list.hidden = !options.length;
  input.setAttribute("aria-expanded", String(options.length > 0));
}

async function search() {
  asked?.abort();
  asked = new AbortController();
  const typed = new FormData(form);
  typed.set("search", "1");
  try {
    const answer = await fetch(input.dataset.patientSearch, {
      method: "POST", body: typed, headers: { "HX-Request": "true", "X-CSRFToken": csrfToken() }, signal: asked.signal,
    });
    if (answer.ok) offer(new DOMParser().parseFromString(await answer.text(), "text/html"));
    else status.textContent = input.dataset.failed;
  } catch (failure) {
    if (failure.name !== "AbortError") status.textContent = input.dataset.failed;
  }
}

input.addEventListener("input", () => {
  clearTimeout(timer);
  if (input.value.trim()) timer = setTimeout(search, WAIT);
  else {
    asked?.abort();
    status.textContent = "";
    close();
  }
});
input.addEventListener("keydown", (event) => {
  const last = options.length - 1;
  if (event.key === "Enter") {
    event.preventDefault(); // must not book
    if (!list.hidden && active >= 0) choose(options[active]);
  } else if (event.key === "Escape" && !list.hidden) {
    event.preventDefault();
    close();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (!options.length) return;
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    if (event.key === "ArrowDown") activate(active < last ? active + 1 : 0);
    else activate(active > 0 ? active - 1 : last);
  }
});
input.addEventListener("blur", close);
input.setAttribute("role", "combobox");
input.setAttribute("aria-autocomplete", "list");
input.setAttribute("aria-controls", list.id);
close();
