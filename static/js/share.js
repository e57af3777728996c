// The share page: files become cards, each validated by itself; a lost connection keeps the card.
import { csrfToken } from "./csrf.js";
import { isPdf, newKey, problemOf, size, titleOf } from "./files.js";
import { announce } from "./page.js";
import { openPdf } from "./pdf_preview.js";
import { sessionEnded } from "./session.js";
import { SignaturePlacement } from "./signature_placement.js";
import { upload } from "./upload.js";
import { say } from "./words.js";

const root = document.querySelector("[data-share]");
const settings = root.dataset;
const words = JSON.parse(document.getElementById("share-words").textContent);
const place = root.querySelector("[data-cards]");
const all = root.querySelector("[data-all]");
const input = root.querySelector("#files");
const cards = new Set();
let uploads = 0;
let counter = 0;

root.querySelector("[data-without-script]").remove();
root.querySelector("[data-with-script]").hidden = false;
input.multiple = !("oneFile" in settings); // one file takes the place of one
input.addEventListener("change", takeChosen);

for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    root.querySelector("[data-plain]").classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault(); // a file dropped beside the zone must not leave the page
    root.querySelector("[data-plain]").classList.remove("over");
    if (kind === "drop") add(event.dataTransfer.files);
  });
}
document.addEventListener("paste", (event) => add(event.clipboardData?.files ?? []));
// What was chosen and not shared would be lost; the browser asks in its own words. A download leaves the page there.
let downloads = false;
document.addEventListener("submit", (event) => {
  downloads = event.target.matches("[data-download]");
});
window.addEventListener("beforeunload", (event) => {
  const waiting = [...cards].some((card) => !card.done && !card.refused);
  if (!downloads && (uploads > 0 || waiting)) event.preventDefault();
  downloads = false;
});

function takeChosen() {
  add(input.files);
  input.value = "";
}

function add(files) {
  const taken = "oneFile" in settings ? [...files].slice(0, 1) : files;
  if ("oneFile" in settings && taken.length) [...cards].forEach((card) => card.remove());
  for (const file of taken) cards.add(new Card({ file }));
  refresh();
}

root.querySelectorAll("[data-library]").forEach((box) => {
  box.addEventListener("change", () => {
    if (box.checked) cards.add(new Card({ library: box.dataset.library, title: box.dataset.title, box }));
    else [...cards].filter((card) => card.library === box.dataset.library).forEach((card) => card.remove());
    refresh();
  });
});
root.querySelector("[data-library-search]")?.addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  root.querySelectorAll("[data-library-item]").forEach((item) => {
    item.hidden = !item.textContent.toLowerCase().includes(wanted);
  });
});
root.querySelector("[data-share-all]").addEventListener("click", async () => {
  for (const card of [...cards]) if (card.ready) await card.validate();
});

function refresh() {
  const ready = [...cards].filter((card) => card.ready).length;
  all.hidden = ready < 2;
  all.querySelector("button").textContent = say(words.shareAll, { count: ready, name: settings.patient });
}

class Card {
  constructor({ file, library, title, box }) {
    Object.assign(this, { file, library, box });
    this.element = root.querySelector("[data-card-template]").content.firstElementChild.cloneNode(true);
    this.id = `card-${(counter += 1)}`;
    this.part("name").textContent = file ? file.name : title;
    this.part("size").textContent = file ? size(file.size, words) : "";
    this.part("title").value = file ? titleOf(file.name) : title;
    for (const name of ["category", "title", "page", "place"]) {
      this.part(name).id = `${this.id}-${name}`;
      this.element.querySelector(`[data-for=${name}]`).htmlFor = `${this.id}-${name}`;
    }
    this.part("validate").addEventListener("click", () => this.validate());
    this.part("remove").addEventListener("click", () => this.remove());
    this.part("cancel").addEventListener("click", () => this.cancel());
    this.part("confirm").addEventListener("click", () => {
      this.confirmed = true;
      this.validate();
    });
    this.key = newKey();
    place.append(this.element);
    this.nameParts();
    this.ready = true;
    const kind = Boolean(file) && isPdf(file);
    this.isPdf = kind === true;
    const problem = file ? problemOf(file, settings, words) : "";
    if (problem) {
      this.part("size").textContent = ""; // the sentence tells it
      this.refuse(problem);
    } else if (typeof kind === "boolean") this.prepare();
    else
      kind.then((found) => {
        this.isPdf = found;
        this.prepare();
      });
  }

  // Several cards have the same buttons: each is called by its words, then by its file.
  nameParts() {
    this.part("name").id = `${this.id}-name`;
    for (const one of this.element.querySelectorAll("button, select, input")) {
      const label = one.labels?.[0] ?? one;
      label.id ||= `${this.id}-part-${(counter += 1)}`;
      one.setAttribute("aria-labelledby", `${label.id} ${this.id}-name`);
    }
  }

  part(name) {
    return this.element.querySelector(`[data-${name}]`);
  }

  prepare() {
    const reason = this.library ? words.library : !this.isPdf ? words.picture : !settings.maySign ? words.notPractitioner : !settings.hasSignature ? words.noSignature : "";
    if (this.library) this.part("category").closest(".two-columns").hidden = true;
    if (reason) {
      this.part("no-sign").hidden = false;
      this.part("no-sign").textContent = reason;
    } else {
      this.signs = true;
      this.part("signing").hidden = false;
      this.part("sign").addEventListener("click", () => {
        this.signs = !this.signs;
        this.part("sign").setAttribute("aria-checked", String(this.signs));
        this.element.querySelector("[data-placing]").hidden = !this.signs;
        this.placement?.show(this.shown, this.signs);
      });
    }
    this.part("category").addEventListener("change", () => {
      this.categoryChosen = true;
      this.part("category-said").textContent = "";
      this.propose();
    });
    if (this.isPdf) this.preview();
    else if (this.file) {
      this.thumbnail();
      this.proposeCategory("");
    }
  }

  // The server says which category the name and the text suggest. Without its answer it decides when the file is sent.
  async proposeCategory(text) {
    if ("oneFile" in settings) return; // the category of what is replaced stays
    const body = new URLSearchParams({ name: this.file.name, text, picture: this.isPdf ? "" : "1" });
    const answer = await fetch(settings.categoryUrl, { method: "POST", body, headers: { "X-CSRFToken": csrfToken(), "X-Background": "1" } }).catch(() => null);
    if (!answer?.ok || answer.redirected || this.categoryChosen || this.done) return;
    const { category, sentence } = await answer.json();
    if (this.categoryChosen || this.done) return;
    this.part("category").value = category;
    this.part("category-said").textContent = sentence;
    this.propose();
  }

  // Browsers don't show TIFF: its card then has none.
  thumbnail() {
    const image = this.part("thumbnail");
    const address = URL.createObjectURL(this.file);
    image.addEventListener("load", () => {
      image.hidden = false;
      URL.revokeObjectURL(address);
    });
    image.src = address;
  }

  // Where the last signature of such a document went, on this machine; a place chosen by hand is left alone.
  propose() {
    if (!this.signs || !this.placement || this.chosen) return;
    const last = JSON.parse(localStorage.getItem(`place:${this.part("category").value}`) ?? "null");
    const page = last?.page === "last" ? this.pdf.pages : last?.page;
    const known = last && page <= this.pdf.pages;
    const proposed = known ? { ...last, page } : { x: 0.8, y: 0.9, width: 0.25, page: this.pdf.pages };
    this.placement.propose(proposed, known ? words.asLastTime : "");
    if (this.shown !== proposed.page) this.show(proposed.page);
  }

  rememberPlace() {
    const { x, y, page } = this.placement.place;
    const where = { x, y, width: this.placement.width, page: page === this.pdf.pages ? "last" : page };
    localStorage.setItem(`place:${this.part("category").value}`, JSON.stringify(where));
  }

  async preview() {
    try {
      this.pdf = await openPdf(this.file, settings);
      this.pdf.text(2).catch(() => "").then((text) => this.proposeCategory(text));
      this.part("preview-side").hidden = false;
      this.element.classList.add("with-preview");
      const select = this.part("page");
      for (let number = 1; number <= this.pdf.pages; number += 1) select.add(new Option(`${words.page} ${number} / ${this.pdf.pages}`, number));
      select.hidden = this.pdf.pages === 1;
      select.addEventListener("change", () => this.show(Number(select.value)));
      this.placement = new SignaturePlacement({ area: this.part("preview"), stamp: this.part("stamp"), said: this.part("said"), words, imageUrl: settings.signatureUrl, onChosen: () => { this.chosen = true; } });
      this.part("place").addEventListener("change", (event) => {
        if (!event.target.value) return;
        const [x, y] = event.target.value.split(",").map(Number);
        this.placement.put(x, y);
        this.part("stamp").focus();
      });
      this.part("smaller").addEventListener("click", () => this.placement.resize(1 / 1.15));
      this.part("larger").addEventListener("click", () => this.placement.resize(1.15));
      this.element.querySelector("[data-placing]").hidden = !this.signs;
      await this.show(this.pdf.pages);
      this.propose();
    } catch (error) {
      if (!this.pdf) this.proposeCategory("");
      this.placement = null;
      this.part("preview-side").hidden = true;
      this.element.classList.remove("with-preview");
      if (this.signs) {
        this.part("no-sign").hidden = false;
        this.part("no-sign").textContent = words.noPreview;
      }
      console.warn("preview", error?.name);
    }
  }

  async show(number) {
    this.shown = number;
    this.part("page").value = String(number);
    await this.pdf.draw(number, this.element.querySelector("canvas"));
    this.placement.show(number, Boolean(this.signs));
  }

  // The file itself is not taken: to send it again changes nothing.
  refuse(sentence) {
    this.refused = true;
    this.ready = false;
    for (const name of ["validate", "fields", "preview-side"]) this.part(name).hidden = true;
    this.element.classList.remove("with-preview");
    this.fail(sentence);
  }

  fail(sentence) {
    this.part("error").textContent = sentence;
    this.part("error").hidden = false;
  }

  async validate() {
    const body = new FormData();
    if (this.library) body.append("library_document", this.library);
    else {
      body.append("category", this.part("category").value);
      body.append("title", this.part("title").value);
      if (this.signs) {
        body.append("sign", "1");
        const where = this.placement?.place;
        if (where) for (const [name, value] of Object.entries({ page: where.page, x: where.x, y: where.y, width: this.placement.width })) body.append(name, value);
      }
      if (this.confirmed) body.append("confirm_patient", "1");
      body.append("file", this.file);
    }
    this.part("doubt").hidden = true;
    this.part("validate").hidden = false;
    // Known beforehand: no need to send the file to be told.
    const { maySignUntil } = settings;
    if (this.signs && maySignUntil && Date.now() >= Number(maySignUntil) && !(await this.confirmSigner())) return;
    this.busy(true);
    try {
      await this.send(body);
    } catch {
      this.fail(words.lost);
    } finally {
      if (!this.done) this.part("waiting").hidden = true;
      this.busy(false);
      refresh();
    }
  }

  // The virus scanner may be away for a while: the file waits here, unsent to anybody, and goes again by itself.
  async send(body) {
    this.cancelled = false;
    while (!this.cancelled) {
      this.transfer = upload(settings.url, body, { key: this.key }, (progress) => this.progress(progress));
      const { status, html, retryAfter, ended } = await this.transfer.done;
      const answer = () => new DOMParser().parseFromString(html, "text/html").body;
      const said = () => answer().textContent.trim();
      if (status === 201) return this.receipt(html);
      if (ended) {
        this.fail(said());
        await sessionEnded(); // the card stays as it is, and goes again once one is back
        this.part("error").hidden = true;
        continue;
      }
      if (status === 409) return this.doubt(said());
      if (status === 401 && (await this.confirmSigner())) continue;
      if (status === 401) return this.fail(said());
      if (status === 400 && answer().querySelector("[data-file-refused]")) return this.refuse(said());
      if (status !== 503) return this.fail(status === 400 ? said() : words.lost);
      this.part("waiting-text").textContent = words.waiting;
      this.part("waiting").hidden = false;
      await new Promise((resume) => {
        this.resume = resume;
        setTimeout(resume, retryAfter * 1000);
      });
    }
    return this.fail(words.lost);
  }

  async confirmSigner() {
    const { signInAgain } = await import("./sign_in_again.js");
    const confirmed = await signInAgain();
    if (confirmed) settings.maySignUntil = ""; // and the first signature lets the session sign on
    else this.part("validate").focus();
    return confirmed;
  }

  cancel() {
    this.cancelled = true;
    this.transfer?.cancel();
    this.resume?.();
  }

  doubt(sentence) {
    this.part("doubt-text").textContent = sentence;
    this.part("doubt").hidden = false;
    this.part("validate").hidden = true; // one button answers the question
    this.part("doubt").focus();
  }

  busy(sending) {
    uploads += sending ? 1 : -1;
    this.ready = !sending && !this.done && !this.refused;
    if (this.done) return;
    this.part("progress").hidden = !sending;
    this.part("validate").disabled = sending;
    this.part("validate").textContent = sending || this.part("error").hidden ? this.part("validate").textContent : words.retry;
    this.part("cancel").hidden = !sending;
    this.part("remove").hidden = sending;
    if (sending) this.part("error").hidden = true;
  }

  progress({ loaded, total, left }) {
    const bar = this.element.querySelector("progress");
    bar.setAttribute("aria-label", this.file?.name ?? "");
    bar.value = (loaded / total) * 100;
    const finished = loaded >= total;
    this.part("progress-text").textContent = finished ? words.analysing : say(words.sent, { loaded: size(loaded, words), total: size(total, words), seconds: Math.ceil(left) });
    if (finished) announce(words.analysing);
  }

  receipt(html) {
    this.done = true;
    if (this.signs && this.placement?.place) this.rememberPlace();
    this.element.classList.remove("with-preview");
    this.element.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    const heading = this.element.querySelector("[data-receipt]");
    announce(heading.textContent);
    heading.focus();
    follow(this.element.querySelector("[data-follow]"));
  }

  remove() {
    cards.delete(this);
    this.element.remove();
    if (this.box) this.box.checked = false;
    refresh();
    input.focus();
  }
}

// What became of the messages, until none waits or for two minutes; nobody is kept signed in by it.
async function follow(state) {
  for (const seconds of [1, 2, 3, 5, 5, 10, 10, 20, 30, 30]) {
    if (!state.querySelector("[data-waiting]")?.dataset.waiting) return;
    await new Promise((resume) => {
      setTimeout(resume, seconds * 1000);
    });
    const answer = await fetch(state.dataset.follow, { headers: { "X-Background": "1" } }).catch(() => null);
    if (answer?.status === 200) state.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
    else if (answer) return; // taken back meanwhile, or the session has ended
  }
}

takeChosen(); // what was chosen before this script had come
