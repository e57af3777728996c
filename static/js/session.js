// Warns a minute before the session ends without use; any key extends it. Once it has ended, the page is covered until
// the same person signs in again. Use of other tabs counts, too.
import { csrfToken } from "./csrf.js";
import { keepForms } from "./form_recovery.js";

const { sessionSeconds, sessionStay, sessionOwner } = document.body.dataset;
const dialog = document.querySelector("[data-session-dialog]");
const over = document.querySelector("[data-session-over]");
const part = (name) => over.querySelector(`[data-session-${name}]`);
const key = "session-used";
const whole = Number(sessionSeconds) * 1000;
const warning = Math.min(60_000, whole / 2);
const title = document.title;
const waiting = new Set(); // callbacks for when the session is restored
let lastUse = Date.now();
let timer = 0;

function used() {
  lastUse = Date.now();
  localStorage.setItem(key, String(lastUse));
  plan();
}

function idle() {
  return Date.now() - Math.max(lastUse, Number(localStorage.getItem(key)));
}

function plan() {
  clearTimeout(timer);
  if (over.open) return;
  const next = idle() < whole - warning ? whole - warning : whole;
  timer = setTimeout(look, Math.max(0, next - idle()) + 50);
}

// Also check when the tab becomes visible: timers stop while the machine sleeps.
function look() {
  if (over.open) return;
  if (idle() >= whole) cover();
  else if (idle() >= whole - warning) {
    if (!dialog.open) dialog.showModal();
    plan();
  } else {
    if (dialog.open) dialog.close();
    plan();
  }
}

async function ask(method) {
  const headers = method === "POST" ? { "X-CSRFToken": csrfToken() } : { "X-Background": "1" };
  const answer = await fetch(sessionStay, { method, headers }).catch(() => null);
  if (answer?.status === 204) return answer.headers.get("Session-Owner") === sessionOwner ? "mine" : "other";
  return answer?.status === 401 ? "over" : "lost";
}

async function stay() {
  const state = await ask("POST");
  dialog.querySelector("[data-session-lost]").hidden = state !== "lost";
  if (state === "mine") used();
  else if (state !== "lost") cover();
  else if (!over.open && !dialog.open) dialog.showModal();
}

function cover() {
  clearTimeout(timer);
  if (over.open) return;
  const chosen = [...document.querySelectorAll("input[type=file]")].some((input) => input.files.length);
  const work = chosen || Boolean(document.querySelector("[data-holds-work]"));
  for (const name of ["plain", "sign-in"]) part(name).hidden = work;
  for (const name of ["work", "new-tab", "resume"]) part(name).hidden = !work;
  for (const name of ["still", "other"]) part(name).hidden = true;
  part("sign-in").search = new URLSearchParams({ next: location.pathname + location.search });
  document.title = over.dataset.title;
  document.body.classList.add("session-over");
  if (dialog.open) dialog.close();
  over.showModal();
}

// Only the server knows who is signed in now.
async function resume() {
  const state = await ask("GET");
  part("still").hidden = state !== "over";
  part("other").hidden = state !== "other";
  if (state !== "mine") return;
  document.body.classList.remove("session-over");
  document.title = title;
  over.close();
  used();
  for (const goOn of waiting) goOn();
  waiting.clear();
}

// For scripts that received the answer that the session has ended. Resolves once the same person has signed in again.
export function sessionEnded() {
  cover();
  return new Promise((goOn) => {
    waiting.add(goOn);
  });
}

async function check() {
  const state = await ask("GET");
  if (state === "over" || state === "other") cover();
  else localStorage.setItem(key, String(lastUse));
}

dialog.addEventListener("close", () => {
  if (!over.open && idle() >= whole - warning) stay();
});
over.addEventListener("cancel", (event) => event.preventDefault());
over.addEventListener("close", () => {
  if (document.body.classList.contains("session-over")) over.showModal(); // a second Escape closes any dialog
});
part("sign-in").addEventListener("click", keepForms);
part("resume").addEventListener("click", resume);
window.addEventListener("storage", (event) => {
  if (event.key !== key) return;
  if (over.open) resume();
  else if (event.newValue === null) check(); // another tab showed a page without a session: the user has signed out there
  else look();
});
for (const kind of ["visibilitychange", "pageshow", "focus"]) window.addEventListener(kind, look);
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.xhr.getResponseHeader("Session-Ended")) cover();
  else if (detail.successful) used();
});
used();
