// The agenda's grid: arrows from one appointment to the next, one key for each view, the line of the present time.
const ROW_MINUTES = 5;
const OFF = "agenda-keys-off"; // in localStorage: single keys are switched off on this computer
const grid = document.querySelector("[data-columns]");
const help = document.querySelector("[data-keys]");

if (grid) {
  revealButtons();
  scrollToNow();
  setInterval(moveNow, 60_000);
  document.addEventListener("keydown", onKey);
}

function revealButtons() {
  const opener = document.querySelector("[data-help]");
  const printer = document.querySelector("[data-print]");
  const off = help.querySelector("[data-keys-off]");
  opener.hidden = printer.hidden = false;
  opener.addEventListener("click", () => help.showModal());
  printer.addEventListener("click", () => window.print());
  off.checked = localStorage.getItem(OFF) === "1";
  off.addEventListener("change", () => (off.checked ? localStorage.setItem(OFF, "1") : localStorage.removeItem(OFF)));
}

// The grid has a scroll bar of its own: show the present time, with an hour before it.
function scrollToNow() {
  const line = grid.querySelector("[data-now]");
  if (line?.offsetParent) grid.scrollTop = line.offsetTop - grid.clientHeight / 4;
}

function moveNow() {
  for (const line of grid.querySelectorAll("[data-now]")) {
    const row = [...line.classList].find((name) => name.startsWith("at-"));
    const drawn = Number(line.dataset.drawn ?? Date.now());
    line.dataset.drawn = drawn;
    line.dataset.first ??= row.slice(3);
    const rows = Math.floor((Date.now() - drawn) / 60_000 / ROW_MINUTES);
    line.classList.replace(row, `at-${Number(line.dataset.first) + rows}`);
  }
}

function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (event.target.closest("input, select, textarea, [contenteditable], dialog")) return;
  const slot = event.target.closest("[data-slot]");
  if (slot && event.key.startsWith("Arrow")) return step(slot, event);
  if (localStorage.getItem(OFF) === "1") return;
  if (event.key === "?") help.showModal();
  else document.querySelector(`.agenda-toolbar a[data-key="${CSS.escape(event.key)}"]`)?.click();
}

// Up and down within a column; left and right to the appointment of the next column that is nearest in time.
function step(slot, event) {
  const columns = [...grid.querySelectorAll(".day-column")].map((one) => [...one.querySelectorAll("[data-slot]")]);
  const here = columns.findIndex((one) => one.includes(slot));
  const index = columns[here].indexOf(slot);
  const aside = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  let target = columns[here][index + { ArrowUp: -1, ArrowDown: 1 }[event.key]];
  if (aside) {
    const others = aside < 0 ? columns.slice(0, here).reverse() : columns.slice(here + 1);
    target = nearest(others.find((one) => one.length) ?? [], timeOf(slot));
  }
  event.preventDefault(); // the grid must not scroll away from the appointment
  target?.focus();
}

function nearest(slots, time) {
  return slots.toSorted((one, other) => Math.abs(timeOf(one) - time) - Math.abs(timeOf(other) - time))[0];
}

// Minutes since midnight, so that columns of different days compare.
function timeOf(slot) {
  const [hours, minutes] = slot.querySelector("time").textContent.match(/\d+/g).map(Number);
  return hours * 60 + minutes;
}
