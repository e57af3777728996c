// A minute before the session ends for want of use, asks; one key is enough to stay. Other tabs' use counts too.
const { sessionSeconds, sessionStay } = document.body.dataset;
const dialog = document.querySelector("[data-session-dialog]");
const key = "session-used";
const warnAfter = (Number(sessionSeconds) - 60) * 1000;
let timer = 0;

function used() {
  localStorage.setItem(key, String(Date.now()));
  plan();
}

function plan() {
  clearTimeout(timer);
  timer = setTimeout(ask, Math.max(0, Number(localStorage.getItem(key)) + warnAfter - Date.now()));
}

function ask() {
  if (Date.now() - Number(localStorage.getItem(key)) < warnAfter) plan();
  else if (!dialog.open) dialog.showModal();
}

async function stay() {
  const token = dialog.querySelector("[name=csrfmiddlewaretoken]").value;
  const answer = await fetch(sessionStay, { method: "POST", headers: { "X-CSRFToken": token } }).catch(() => null);
  if (answer?.status === 204) used();
}

dialog.addEventListener("close", stay);
window.addEventListener("storage", (event) => {
  if (event.key !== key) return;
  if (dialog.open) dialog.close();
  plan();
});
document.addEventListener("htmx:afterRequest", used);
used();
