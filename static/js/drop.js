// A file dropped anywhere on the page is put into the form and sent; the page works without this script.
import { announce } from "./page.js";

const form = document.querySelector("[data-drop]");
const input = form.querySelector("input[type=file]");
const button = form.querySelector("button[type=submit]");

form.querySelector("[data-with-script]").hidden = false;
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault(); // a file dropped beside the form must not leave the page
    form.classList.remove("over");
    if (kind !== "drop" || !event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    form.requestSubmit();
  });
}
form.addEventListener("submit", () => {
  button.textContent = form.dataset.busy;
  announce(form.dataset.busy);
});
