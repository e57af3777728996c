// Adds and removes rows of hours without a request. Without scripts, the same buttons send the form.
import { announce } from "./page.js";

const form = document.querySelector("[data-week]");
const blank = document.querySelector("[data-blank-range]");
let number = Math.max(-1, ...[...form.querySelectorAll("[data-day]")].map((one) => Number(one.name.split("-")[1])));

form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-add-range], [data-remove-range]");
  if (!button) return;
  event.preventDefault();
  const day = button.closest("[data-day-rows]");
  if (button.matches("[data-add-range]")) add(day);
  else remove(day, button.closest("[data-range]"));
  day.querySelector("[data-closed]").hidden = day.querySelector("[data-range]") !== null;
  form.dataset.holdsWork = "";
});
form.addEventListener("input", () => { form.dataset.holdsWork = ""; });

function add(day) {
  number += 1;
  const row = blank.content.firstElementChild.cloneNode(true);
  for (const part of row.querySelectorAll("[id], [name], [for], [value]")) {
    for (const name of ["id", "name", "for"]) {
      if (part.hasAttribute(name)) part.setAttribute(name, part.getAttribute(name).replace("row-9999", `row-${number}`));
    }
  }
  row.querySelector("[data-day]").value = day.dataset.dayRows;
  row.querySelector("[data-remove-range]").value = `remove-${number}`;
  for (const name of row.querySelectorAll("[data-day-name]")) name.textContent = day.dataset.name;
  day.querySelector("[data-ranges]").append(row);
  row.querySelector("input:not([type=hidden])").focus();
}

function remove(day, row) {
  row.remove();
  day.querySelector("[data-add-range]").focus();
  announce(form.dataset.removed);
}
