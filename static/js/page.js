import { csrfToken } from "./csrf.js";
import { keepForms } from "./kept_forms.js";

// On every page: the error summary takes the focus; a form is not sent twice; the rail shows where one is; flash messages are announced.
const summary = document.querySelector("[data-error-summary]");
if (summary) summary.focus();

// On a narrow screen the rail is one row that scrolls: where one is, is seen.
const here = document.querySelector(".rail [aria-current]");
if (here) {
  const row = here.closest("nav");
  row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-download], [method=dialog]")) return; // the page stays: it may be sent again
  if ("sending" in form.dataset) event.preventDefault();
  else form.dataset.sending = "";
  const token = form.elements.csrfmiddlewaretoken;
  if (token) token.value = csrfToken();
  if (form.method === "post") keepForms();
});
// A page taken back from the browser's cache may send again.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sending]").forEach((form) => delete form.dataset.sending);
});

// Tabs that are still open see that nobody is signed in any more.
if (!document.body.dataset.sessionSeconds) localStorage.removeItem("session-used");

export function announce(text) {
  const place = document.querySelector("[data-announcer]");
  if (place) place.textContent = text;
}
