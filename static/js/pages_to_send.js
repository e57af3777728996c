// Files chosen one after the other become one list of pages: sorted and removed with buttons, sent in this order. Each
// is uploaded in pieces with its progress; then the form is sent with the ids of these uploads.
import { config } from "./config.js";
import { problemOf, size } from "./files.js";
import { isPassing, pause, Refused, request, Uploading } from "./uploading.js";
import { percent, say } from "./words.js";

const sending = config("sending");
const { words } = sending;
const form = document.querySelector("[data-pages-form]");
const [input, camera] = form.querySelectorAll("[data-choose]");
const list = form.querySelector("[data-pages]");
const template = form.querySelector("[data-page-template]");
const status = form.querySelector("[data-pages-status]");
const told = form.querySelector("[data-sending-status]");
const announced = form.querySelector("[data-sending-announced]");
const ANNOUNCED_EACH = 0.25; // of a file
const CHECKING = 300_000; // milliseconds: twenty files are opened and scanned
let pages = [];

for (const other of form.querySelectorAll("[data-without-script]")) other.remove();
form.querySelector("[data-resumes]").hidden = false;
camera.removeAttribute("name"); // what it takes goes into the list, and from there into the first field
input.addEventListener("change", () => add(input.files));
camera.addEventListener("change", () => {
  add(camera.files);
  camera.value = "";
});
form.addEventListener("submit", (event) => {
  if (!pages.length) return; // the server says that nothing was chosen
  event.preventDefault();
  if (!form.hasAttribute("aria-busy")) send();
});
if (input.files.length) add(input.files); // chosen before this script had come

function add(files) {
  const isThere = (file) => pages.some(({ file: other }) => ["name", "size", "lastModified"].every((part) => file[part] === other[part]));
  pages = [...pages, ...[...files].filter((file) => !isThere(file)).map((file) => ({ file, picture: pictureOf(file) }))];
  show();
}

function pictureOf(file) {
  return file.type.startsWith("image/") ? URL.createObjectURL(file) : "";
}

function show() {
  const kept = new DataTransfer();
  for (const { file } of pages) kept.items.add(file);
  input.files = kept.files;
  list.replaceChildren(...pages.map(row));
  list.closest("[data-with-script]").hidden = pages.length === 0;
  status.textContent = pages.map(({ file }, number) => `${number + 1}. ${file.name}`).join(", ");
}

function row(page, number) {
  const { file, picture } = page;
  const element = template.content.firstElementChild.cloneNode(true);
  element.querySelector("[data-name]").textContent = file.name;
  element.querySelector("[data-progress-text]").textContent = problemOf(file, sending, words);
  for (const place of element.querySelectorAll("[data-of]")) place.textContent = `${number + 1}, ${file.name}`;
  const image = element.querySelector("img");
  image.addEventListener("load", () => { image.hidden = false; }); // a HEIC that the browser can't show has none
  if (picture) image.src = picture;
  const actions = { up: [number - 1, number === 0], down: [number + 1, number === pages.length - 1] };
  for (const [name, [to, atEnd]] of Object.entries(actions)) {
    const button = element.querySelector(`[data-${name}]`);
    button.disabled = atEnd;
    button.addEventListener("click", () => move(number, to, name));
  }
  element.querySelector("[data-remove]").addEventListener("click", () => remove(number));
  page.element = element;
  return element;
}

function move(from, to, name) {
  const [page] = pages.splice(from, 1);
  pages.splice(to, 0, page);
  show();
  const buttons = list.children[to];
  (buttons.querySelector(`[data-${name}]:not(:disabled)`) ?? buttons.querySelector("[data-remove]")).focus();
}

function remove(number) {
  const [page] = pages.splice(number, 1);
  if (page.picture) URL.revokeObjectURL(page.picture);
  show();
  (list.children[Math.min(number, pages.length - 1)]?.querySelector("[data-remove]") ?? input).focus();
}

async function send() {
  setBusy(true);
  try {
    for (const page of pages) if (problemOf(page.file, sending, words)) throw new Refused(problemOf(page.file, sending, words));
    const ids = [];
    for (const page of pages) ids.push(await new Uploading(page.file, sending, (progress) => showProgress(page, progress)).send());
    await sendForm(ids);
  } catch (error) {
    setBusy(false);
    if (!(error instanceof Refused)) throw error;
    tell(error.message || words.failed, { isBad: true });
  }
}

// The button that sends keeps the focus of whoever pressed it.
function setBusy(isBusy) {
  for (const element of [form, form.querySelector("[type=submit]")]) {
    const name = element === form ? "aria-busy" : "aria-disabled";
    if (isBusy) element.setAttribute(name, "true");
    else element.removeAttribute(name);
    element.classList.toggle("disabled", isBusy && element !== form);
  }
  for (const control of form.querySelectorAll("[type=button], [type=file]")) control.disabled = isBusy;
  if (isBusy) tell("");
  else show();
}

function tell(sentence, { isBad = false } = {}) {
  told.hidden = !sentence;
  told.classList.toggle("notice-bad", isBad);
  told.textContent = sentence;
}

function showProgress(page, { offset, size: total, isLost, isResumed }) {
  const bar = page.element.querySelector("progress");
  bar.hidden = false;
  bar.setAttribute("aria-label", page.file.name);
  bar.value = (offset / total) * 100;
  const isThere = offset >= total;
  const progress = { loaded: size(offset, words), total: size(total, words) };
  page.element.querySelector("[data-progress-text]").textContent = isThere ? words.arrived : say(words.progress, progress);
  tell(isLost ? words.lost : "");
  const step = Math.floor(offset / total / ANNOUNCED_EACH);
  if (isResumed || step > (page.step ?? 0)) {
    const told_ = { name: page.file.name, percent: percent(offset / total) };
    announced.textContent = say(isResumed ? words.resumed : words.announced, told_);
  }
  page.step = Math.max(step, page.step ?? 0);
}

// The same form until it is answered: repeats of it send once. While the virus scanner is away nothing is lost.
async function sendForm(ids) {
  const body = new FormData();
  for (const name of ["csrfmiddlewaretoken", "sending"]) body.set(name, form.elements[name].value);
  for (const id of ids) body.append("upload", id);
  tell(words.checking);
  for (let attempt = 0; ; attempt += 1) {
    const answer = await request("POST", location.pathname, body, {}, undefined, CHECKING);
    if (answer.status === 201) return location.assign(answer.location);
    if (answer.ended) {
      const { sessionEnded } = await import("./session.js");
      await sessionEnded();
    } else if (isPassing(answer.status)) {
      const seconds = answer.retryAfter || Math.min(2 ** attempt, 30);
      const reason = answer.status === 503 ? sentenceIn(answer) : "";
      tell(reason ? say(words.again, { reason, seconds }) : words.lost);
      await pause(seconds * 1000);
    } else throw new Refused(sentenceIn(answer));
  }
}

// The refusals of the page that the server answered.
function sentenceIn({ text }) {
  const page = new DOMParser().parseFromString(text, "text/html");
  return [...page.querySelectorAll("[data-error-summary] li")].map((one) => one.textContent.trim()).join(" ");
}
