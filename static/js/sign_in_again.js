// Asks to sign in again in a dialog, before a signature or a change of it, so that nothing on the page is lost.
import { csrfToken } from "./csrf.js";
import { sessionEnded } from "./session.js";

const dialog = document.querySelector("[data-sign-in-again]");
const form = dialog.querySelector("form");
const error = dialog.querySelector("[data-error]");
let answer = null; // resolves the waiting promise: true once confirmed, false if cancelled
let waiting = null;

export function signInAgain() {
  waiting ??= new Promise((resolve) => {
    answer = resolve;
    form.reset();
    error.hidden = true;
    dialog.showModal();
  });
  return waiting;
}

function finish(confirmed) {
  const told = answer;
  answer = waiting = null;
  if (dialog.open) dialog.close();
  told?.(confirmed);
}

function fail(sentence) {
  error.textContent = sentence;
  error.hidden = false;
  form.elements.password.select();
}

dialog.querySelector("[data-cancel]").addEventListener("click", () => finish(false));
dialog.addEventListener("close", () => finish(false));
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  event.stopPropagation();
  const reply = await fetch(dialog.dataset.url, { method: "POST", body: new FormData(form), headers: { "X-CSRFToken": csrfToken() } }).catch(() => null);
  if (reply?.headers.get("Session-Ended")) {
    await sessionEnded();
    return finish(true); // the last sign-in is recent
  }
  if (reply?.status === 204) finish(true);
  else fail(reply?.status === 400 ? await reply.text() : dialog.dataset.noAnswer);
});

// Forms that change a signature or a certificate.
let until = Number(document.querySelector("[data-signed-in-until]")?.dataset.signedInUntil ?? 0);
document.querySelectorAll("form[data-needs-sign-in]").forEach((needing) => {
  needing.addEventListener("submit", async (event) => {
    if (event.defaultPrevented || Date.now() < until) return;
    event.preventDefault();
    event.stopPropagation();
    if (await signInAgain()) {
      until = Date.now() + 60_000;
      needing.requestSubmit(event.submitter);
    }
  });
});
