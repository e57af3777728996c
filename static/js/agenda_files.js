// Files dropped on an appointment of the agenda open its share page, with a card for each.
import { config } from "./config.js";
import { forgetOld, hand } from "./handed_files.js";
import { announce } from "./page.js";

const grid = document.querySelector("[data-columns]");
const notice = document.querySelector("[data-files-notice]");
let over = null;

if (grid && notice) {
  const { words } = config("agenda");
  for (const kind of ["dragenter", "dragover"]) document.addEventListener(kind, show);
  document.addEventListener("dragleave", (event) => event.relatedTarget || mark(null));
  document.addEventListener("drop", (event) => take(event, words));
  forgetOld().catch(() => {}); // a browser that keeps nothing has nothing to forget
}

function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}

function show(event) {
  if (!hasFiles(event)) return;
  event.preventDefault(); // a file dropped beside an appointment must not leave the page
  mark(event.target.closest?.("[data-share]"));
  event.dataTransfer.dropEffect = over ? "copy" : "none";
}

function mark(slot) {
  over?.classList.remove("takes-files");
  over = slot ?? null;
  over?.classList.add("takes-files");
}

async function take(event, words) {
  if (!hasFiles(event)) return;
  event.preventDefault();
  const slot = event.target.closest?.("[data-share]");
  const files = event.dataTransfer.files;
  mark(null);
  if (!slot) return tell(words.noAppointment);
  try {
    await hand(files, slot.dataset.share);
  } catch {
    return tell(words.notKept, slot.dataset.share);
  }
  location.assign(slot.dataset.share);
}

function tell(sentence, address) {
  const [text, link] = [notice.querySelector("p"), notice.querySelector("a")];
  text.textContent = sentence;
  link.hidden = !address;
  link.href = address ?? "";
  notice.hidden = false;
  announce(sentence);
}
