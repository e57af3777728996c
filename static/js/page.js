import { csrfToken } from "./csrf.js";
import { keepForms } from "./form_recovery.js";

// On every page: focus the error summary, prevent double submission, show the current place in the rail, announce flash messages.
const summary = document.querySelector("[data-error-summary]");
if (summary) summary.focus();

// On a narrow screen the rail is one scrolling row: scroll to the current item.
const here = document.querySelector(".rail [aria-current]");
if (here) {
  const row = here.closest("nav");
  row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-download], [method=dialog]")) return; // the page stays, so the form may be sent again
  if ("sending" in form.dataset) event.preventDefault();
  else form.dataset.sending = "";
  const token = form.elements.csrfmiddlewaretoken;
  if (token) token.value = csrfToken();
  if (form.method === "post") keepForms();
});
// A page restored from the browser's cache may send its forms again.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sending]").forEach((form) => delete form.dataset.sending);
});

// Tell other open tabs that the user has signed out.
if (!document.body.dataset.sessionSeconds) localStorage.removeItem("session-used");

export function announce(text) {
  const place = document.querySelector("[data-announcer]");
  if (place) place.textContent = text;
}
