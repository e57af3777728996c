// Moves an appointment by dragging it in the grid: at once with a mouse, after a long press with a finger. The server
// moves it, or opens the page that moves, which does the same without dragging.
import { config } from "./config.js";
import { announce } from "./page.js";
import { say } from "./words.js";

const ROW_MINUTES = 5;
const FAR = 6; // pixels before a press is a drag
const LONG_PRESS = 350; // milliseconds
const EDGE = 40; // pixels from the border of the grid, where it scrolls
const grid = document.querySelector("[data-columns]");
const form = document.querySelector("[data-drag-form]");
const { words } = form ? config("agenda") : {};
let press = null; // { slot, x, y, above, timer } until it is a drag, then also { mark, target }

if (grid && form) {
  grid.addEventListener("pointerdown", begin);
  document.addEventListener("pointermove", onMove);
  document.addEventListener("pointerup", drop);
  document.addEventListener("pointercancel", abort);
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("touchmove", keepPage, { passive: false });
  grid.addEventListener("contextmenu", keepPage);
  grid.addEventListener("dragstart", (event) => event.preventDefault()); // of the link's address
}

function begin(event) {
  const slot = event.target.closest("[data-move]");
  if (!slot || event.button !== 0 || !event.isPrimary || !isGrid()) return;
  press = { slot, pointer: event.pointerId, x: event.clientX, y: event.clientY, above: event.clientY - slot.getBoundingClientRect().top };
  if (event.pointerType !== "mouse") press.timer = setTimeout(() => press && lift(press.x, press.y), LONG_PRESS);
}

function onMove(event) {
  if (!press || event.pointerId !== press.pointer) return;
  const far = Math.hypot(event.clientX - press.x, event.clientY - press.y) > FAR;
  if (press.mark) follow(event.clientX, event.clientY);
  else if (far && press.timer) end(); // a finger that scrolls
  else if (far) lift(event.clientX, event.clientY);
}

function lift(x, y) {
  press.mark = document.createElement("p");
  press.mark.className = "drop-mark tabular";
  press.rows = lengthOf(press.slot);
  press.slot.classList.add("dragged");
  grid.classList.add("dragging");
  follow(x, y);
}

// Shows where the appointment would be: the column under the pointer, and the row at its upper edge.
function follow(x, y) {
  scroll(y);
  const column = document.elementsFromPoint(x, y).find((one) => one.matches(".day-column"));
  if (!column) return;
  const row = Math.min(rowAt(y - press.above), rowsOfGrid() - 1);
  const target = { column, row, time: timeOf(row) };
  press.mark.className = `drop-mark tabular at-${row} for-${Math.min(press.rows, rowsOfGrid() - row)}`;
  press.mark.textContent = target.time;
  if (press.mark.parentElement !== column) column.append(press.mark);
  if (press.target?.column !== column || press.target?.row !== row) {
    announce(say(words.moving, { time: target.time, column: column.querySelector("h2").textContent.trim().replace(/\s+/g, " ") }));
  }
  press.target = target;
}

function drop(event) {
  if (!press || event.pointerId !== press.pointer) return;
  const { slot, target, mark } = press;
  end();
  if (!mark) return; // a click
  swallowClick();
  if (!target || isWhereItWas(slot, target)) return;
  form.action = `${slot.dataset.move}?${form.dataset.query}`;
  form.elements.starts_at.value = `${target.column.dataset.day}T${target.time}`;
  form.elements.agenda.value = target.column.dataset.agenda ?? slot.dataset.agenda;
  form.elements.was.value = slot.querySelector("time").dateTime;
  form.requestSubmit();
}

function isWhereItWas(slot, { column, time }) {
  const start = slot.querySelector("time").dateTime.slice(0, 16);
  return start === `${column.dataset.day}T${time}` && (column.dataset.agenda ?? slot.dataset.agenda) === slot.dataset.agenda;
}

function onKey(event) {
  if (event.key !== "Escape" || !press?.mark) return;
  event.stopPropagation(); // the panel stays open
  event.preventDefault();
  abort();
}

function abort() {
  if (press?.mark) {
    swallowClick();
    announce(words.aborted);
  }
  end();
}

function end() {
  clearTimeout(press?.timer);
  press?.mark?.remove();
  press?.slot.classList.remove("dragged");
  grid.classList.remove("dragging");
  press = null;
}

function keepPage(event) {
  if (press?.mark || (press?.timer && event.type === "contextmenu")) event.preventDefault();
}

// The release of a drag would also open the appointment.
function swallowClick() {
  const swallow = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  document.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => document.removeEventListener("click", swallow, { capture: true }), 300);
}

function scroll(y) {
  const { top, bottom } = grid.getBoundingClientRect();
  if (y < top + EDGE) grid.scrollTop -= EDGE / 2;
  if (y > bottom - EDGE) grid.scrollTop += EDGE / 2;
}

// The columns are lists on a small screen, and in browsers without subgrid.
function isGrid() {
  return getComputedStyle(grid).gridAutoFlow.startsWith("column");
}

function rowsOfGrid() {
  return Number([...grid.classList].find((name) => name.startsWith("grid-of-")).slice(8));
}

// Rows have grown where their words needed it, so their heights are read as drawn. The first is the heading's.
function rowAt(y) {
  const [heading, ...rows] = getComputedStyle(grid).gridTemplateRows.split(" ").map(parseFloat);
  let rest = y - grid.getBoundingClientRect().top - grid.clientTop + grid.scrollTop - heading;
  let row = 0;
  while (row < rows.length - 1 && rest >= rows[row] / 2) rest -= rows[row++];
  return row;
}

function lengthOf(slot) {
  return Number([...slot.closest("li").classList].find((name) => name.startsWith("for-"))?.slice(4) ?? 1);
}

function timeOf(row) {
  const minutes = Number(grid.dataset.firstHour) * 60 + row * ROW_MINUTES;
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");
}
