import "./undo.js";

// The appointment's panel beside the agenda: opening focuses its heading, Esc closes it and restores the focus.
let opener = null;

document.addEventListener("click", (event) => {
  const slot = event.target.closest("[data-slot]");
  if (slot) opener = slot;
  const close = event.target.closest("[data-close]");
  if (close && agendaIsThere()) {
    event.preventDefault();
    closePanel();
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "panel") return;
  markOpen(opener);
  const heading = document.getElementById("panel-title");
  if (heading) {
    document.title = `${heading.textContent.trim()} – docshare`;
    heading.focus();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && document.querySelector("[data-panel]") && document.querySelector(".agenda-part")) closePanel();
});

// Back and forward: open or close the panel according to the address. A jump within the page is no other address.
let address = addressNow();
document.addEventListener("htmx:pushedIntoHistory", () => (address = addressNow()));
window.addEventListener("popstate", () => addressNow() !== address && window.location.reload());

function addressNow() {
  return window.location.pathname + window.location.search;
}

// Not on a small screen, and not for an appointment of another practice than the current one.
function agendaIsThere() {
  return Boolean(document.querySelector(".agenda-part .columns")?.offsetParent);
}

function closePanel() {
  const place = document.getElementById("panel");
  place.replaceChildren();
  history.pushState({}, "", place.dataset.agendaUrl);
  address = addressNow();
  const slot = opener ?? document.querySelector("[data-slot][aria-current]");
  markOpen(null);
  if (slot) slot.focus();
}

function markOpen(slot) {
  document.querySelectorAll("[data-slot][aria-current]").forEach((one) => one.removeAttribute("aria-current"));
  if (slot) slot.setAttribute("aria-current", "true");
}
