// Imports dropped or chosen files into the library one after the other; a refused or failed one does not stop the rest.
import { config } from "./config.js";
import { newKey, problemOf, size } from "./files.js";
import { announce } from "./page.js";
import { sessionEnded } from "./session.js";
import { upload } from "./upload.js";
import { say } from "./words.js";

const form = document.querySelector("[data-import]");
const limits = config("uploads");
const { words } = limits;
const input = form.querySelector("input[type=file]");
const list = form.querySelector("[data-imports]");
const cards = document.querySelector("[data-cards]");
let running = Promise.resolve();
let unfinished = 0;

form.querySelector("[data-with-script]").hidden = false;
form.querySelector("[data-without-script]").hidden = true;
form.querySelector("[data-browse]").addEventListener("click", () => input.click());
form.addEventListener("submit", (event) => event.preventDefault());
input.addEventListener("change", takeChosen);
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault(); // a file dropped beside the zone must not leave the page
    form.classList.toggle("over", kind.startsWith("drage") || kind === "dragover");
    if (kind === "dragleave") form.classList.remove("over");
    if (kind === "drop") add(event.dataTransfer.files);
  });
}
window.addEventListener("beforeunload", (event) => {
  if (unfinished > 0) event.preventDefault();
});

function takeChosen() {
  add(input.files);
  input.value = "";
}

function add(files) {
  for (const file of files) new Import(file);
}

class Import {
  constructor(file) {
    this.file = file;
    this.key = newKey();
    this.element = form.querySelector("[data-import-template]").content.firstElementChild.cloneNode(true);
    this.part("name").textContent = file.name;
    this.element.querySelectorAll("[data-file-name]").forEach((place) => { place.textContent = ` ${file.name}`; });
    this.part("progress").setAttribute("aria-label", file.name);
    this.part("cancel").addEventListener("click", () => this.cancel());
    this.part("retry").addEventListener("click", () => this.queue());
    this.part("dismiss").addEventListener("click", () => this.leave());
    list.append(this.element);
    list.hidden = false;
    const problem = problemOf(file, limits, words);
    if (problem) this.fail(problem, false);
    else this.queue();
  }

  part(name) {
    return this.element.querySelector(`[data-${name}]`);
  }

  queue() {
    unfinished += 1;
    this.cancelled = false;
    this.show({ text: words.queued });
    running = running.then(() => this.send()).finally(() => { unfinished -= 1; });
  }

  async send() {
    const body = new FormData();
    body.append("practice", form.elements.practice.value);
    body.append("category", form.elements.category.value);
    body.append("files", this.file);
    try {
      while (!this.cancelled) {
        this.transfer = upload(form.action, body, { key: this.key }, (step) => this.progress(step));
        const { status, html, retryAfter, ended } = await this.transfer.done;
        if (ended) {
          await sessionEnded();
          continue;
        }
        const answer = new DOMParser().parseFromString(html, "text/html").body;
        if (status === 201) return this.done(answer);
        if (status !== 503) return status === 400 ? this.fail(answer.textContent.trim(), false) : this.fail(words.lost, true);
        this.show({ text: words.waiting }); // the virus scanner is away: the file goes again by itself
        await new Promise((resume) => {
          this.resume = resume;
          setTimeout(resume, retryAfter * 1000);
        });
      }
    } catch {
      if (!this.cancelled) return this.fail(words.lost, true);
    }
    return this.fail(words.cancelled, true);
  }

  cancel() {
    this.cancelled = true;
    this.transfer?.cancel();
    this.resume?.();
  }

  progress({ loaded, total, left }) {
    const finished = loaded >= total;
    this.part("progress").value = (loaded / total) * 100;
    this.show({ text: finished ? words.analysing : say(words.sent, { loaded: size(loaded, words), total: size(total, words), seconds: Math.ceil(left) }) });
  }

  show({ text = "", error = "", retry = false }) {
    const here = document.activeElement;
    this.part("text").textContent = text;
    this.part("progress").hidden = Boolean(error);
    this.part("error").hidden = !error;
    this.part("error").textContent = error;
    this.part("cancel").hidden = Boolean(error);
    this.part("retry").hidden = !retry;
    this.part("dismiss").hidden = !error;
    // Whoever pressed a button that goes is on the one that comes in its place, not lost.
    if (this.element.contains(here) && here.hidden) this.element.querySelector("button:not([hidden])").focus();
  }

  fail(sentence, retry) {
    this.show({ error: sentence, retry });
  }

  done(answer) {
    cards.querySelector("[data-empty]")?.remove();
    const card = document.importNode(answer.querySelector("[data-card]"), true);
    cards.prepend(card);
    announce(say(words.imported, { name: this.file.name }));
    this.leave();
  }

  // Whoever is in a row that goes stays in the list, or goes back to its button.
  leave() {
    const here = this.element.contains(document.activeElement);
    const next = this.element.nextElementSibling ?? this.element.previousElementSibling;
    this.element.remove();
    list.hidden = !list.children.length;
    if (here) (next?.querySelector("button:not([hidden])") ?? form.querySelector("[data-browse]")).focus();
  }
}

takeChosen(); // what was chosen before this script had come
