// The share page: files and documents of the library become cards, each validated by itself.
import { config } from "./config.js";
import { csrfToken } from "./csrf.js";
import { problemOf } from "./files.js";
import { take } from "./handed_files.js";
import { Card } from "./share_card.js";
import { announce } from "./page.js";
import { say } from "./words.js";

const share = config("share");
const { words } = share;
const root = document.querySelector("[data-share]");
const place = root.querySelector("[data-cards]");
const all = root.querySelector("[data-all]");
const input = root.querySelector("#files");
const zone = root.querySelector("[data-plain]");
const cards = new Set();

root.querySelector("[data-without-script]").remove();
root.querySelector("[data-with-script]").hidden = false;
input.multiple = !share.oneFile; // a replacement is one file
input.addEventListener("change", takeChosen);

for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault(); // a file dropped beside the zone must not leave the page
    zone.classList.remove("over");
    if (kind === "drop") add(event.dataTransfer.files);
  });
}
document.addEventListener("paste", (event) => add(event.clipboardData?.files ?? []));

// The browser asks before what was chosen and not shared is lost. A download does not leave the page.
let downloads = false;
document.addEventListener("submit", (event) => {
  downloads = event.target.matches("[data-download]");
});
window.addEventListener("beforeunload", (event) => {
  const unshared = [...cards].some((card) => card.isSending || (!card.isDone && !card.isRefused));
  if (!downloads && unshared) event.preventDefault();
  downloads = false;
});

// Messages about what was shared here wait for this; without it, for five minutes after the last document.
if (share.leftUrl) {
  window.addEventListener("pagehide", () => {
    if (![...cards].some((card) => card.isDone)) return;
    const body = new FormData();
    body.append("csrfmiddlewaretoken", csrfToken());
    navigator.sendBeacon(share.leftUrl, body);
  });
}

function takeChosen() {
  add(input.files);
  input.value = "";
}

function add(files) {
  const taken = share.oneFile ? [...files].slice(0, 1) : [...files];
  if (share.oneFile && taken.length) [...cards].forEach((card) => card.remove());
  for (const file of taken) addCard({ file, problem: problemOf(file, share, words) });
  refresh();
}

// The first card is in focus; those that join it wait folded.
function addCard(subject) {
  const element = root.querySelector("[data-card-template]").content.firstElementChild.cloneNode(true);
  place.append(element);
  const card = new Card({ element, share, onChange: refresh, onRemove: removed, onFocus: focusOn, ...subject });
  const isInFocus = [...cards].some((other) => !other.isFolded && !other.isDone && !other.isRefused);
  if (isInFocus && !card.isRefused) card.fold(true);
  cards.add(card);
}

function focusOn(card) {
  for (const other of cards) if (other !== card && !other.isRefused) other.fold(true);
  card.fold(false);
  card.comeIntoSight();
}

function nextInFocus() {
  const waiting = [...cards].filter((card) => card.isReady);
  if (waiting.length && waiting.every((card) => card.isFolded) && ![...cards].some((card) => card.isSending)) focusOn(waiting[0]);
}

function removed(card) {
  cards.delete(card);
  if (card.box) card.box.checked = false;
  refresh();
  if (document.activeElement === document.body) input.focus(); // the pressed button went with its card
}

const choice = root.querySelector("[data-library-choice]");
choice?.addEventListener("change", ({ target: box }) => {
  if (box.checked) addCard({ library: box.dataset.library, title: box.dataset.title, box });
  else [...cards].filter((card) => card.library === box.dataset.library).forEach((card) => card.remove());
  refresh();
});
choice?.addEventListener("submit", (event) => event.preventDefault()); // Enter on a box
choice?.addEventListener("htmx:afterSwap", () => {
  announce(choice.querySelector("[data-library-said]")?.textContent ?? "");
  for (const card of [...cards].filter((one) => one.library)) {
    card.box = choice.querySelector(`[data-library="${card.library}"]`);
    if (card.box) card.box.checked = true;
  }
});
root.querySelector("[data-share-all]").addEventListener("click", async () => {
  for (const card of [...cards].filter((one) => one.isReady)) {
    focusOn(card);
    await card.validate();
  }
});

function refresh() {
  const ready = [...cards].filter((card) => card.isReady).length;
  all.hidden = ready < 1;
  const sentence = ready > 1 ? words.shareAll : words.shareOne;
  all.querySelector("button").textContent = say(sentence, { count: ready, name: share.patient });
  nextInFocus();
}

document.addEventListener("signature-made", () => cards.forEach((card) => card.useSignature()));

takeChosen(); // what was chosen before this script had come
if (!share.oneFile) take().then(add, () => {}); // dropped on the appointment in the agenda; a browser that keeps nothing has none
