// A card: one document on its way to the patient, from the choice of its file to its receipt. A lost connection keeps it.
import { isPdf, size, startsAsPdf, titleOf } from "./files.js";
import { announce } from "./page.js";
import { proposeCategory } from "./share_category.js";
import { followDeliveries } from "./share_deliveries.js";
import { Preview } from "./share_preview.js";
import { Sending } from "./share_sending.js";
import { countDown } from "./undo.js";
import { say } from "./words.js";

const PRESCRIPTION = "prescription"; // the category's code
const REFUSED = { PasswordException: "password", InvalidPDFException: "unreadable" }; // by pdf.js, for good
let counter = 0;

export class Card {
  // Either a `file`, with the `problem` that refuses it or "", or a document of the `library` by its `title` and `box`.
  constructor({ element, share, onChange, onRemove, onFocus, file, problem = "", library, title, box }) {
    Object.assign(this, { element, share, words: share.words, onChange, onRemove, onFocus, file, library, box });
    this.asksSignature = Boolean(box?.hasAttribute("data-asks-signature"));
    this.isReady = true; // may be validated now
    this.isSending = false;
    this.isDone = false;
    this.isRefused = false;
    this.isFolded = false;
    this.signs = false;
    this.preview = null;
    this.sending = new Sending(this);
    this.fill(title);
    this.listen();
    if (problem) this.refuse(problem);
    else this.prepare();
  }

  part(name) {
    return this.element.querySelector(`[data-${name}]`);
  }

  fill(title) {
    this.part("name").textContent = this.file ? this.file.name : title;
    this.part("size").textContent = this.file ? size(this.file.size, this.words) : "";
    this.part("title").value = this.file ? titleOf(this.file.name) : title;
    const id = `card-${(counter += 1)}`;
    for (const name of ["category", "title", "page", "place"]) {
      this.part(name).id = `${id}-${name}`;
      this.element.querySelector(`[data-for=${name}]`).htmlFor = `${id}-${name}`;
    }
    // Several cards have the same buttons: each accessible name is the button's words and the file's name.
    this.part("name").id = `${id}-name`;
    this.part("viewer-help").id = `${id}-help`;
    this.part("viewer").setAttribute("aria-describedby", `${id}-help`);
    for (const one of this.element.querySelectorAll("button:not([data-fold]), select, input")) {
      const label = one.labels?.[0] ?? one;
      label.id ||= `${id}-part-${(counter += 1)}`;
      one.setAttribute("aria-labelledby", `${label.id} ${id}-name`);
    }
  }

  listen() {
    this.part("fold").addEventListener("click", () => {
      if (this.isFolded) this.onFocus(this);
      else this.fold(true);
    });
    this.part("validate").addEventListener("click", () => this.validate());
    this.part("remove").addEventListener("click", () => this.remove());
    this.part("cancel").addEventListener("click", () => this.sending.cancel());
    this.part("confirm").addEventListener("click", () => {
      this.isPatientConfirmed = true;
      this.validate();
    });
    this.part("category").addEventListener("change", () => {
      this.isCategoryChosen = true;
      this.part("category-said").textContent = "";
      this.categoryIsKnown();
    });
    this.part("make-signature-here").addEventListener("click", () => this.makeSignature());
    this.part("sign").addEventListener("click", () => {
      this.signs = !this.signs;
      this.part("sign").setAttribute("aria-checked", String(this.signs));
      this.preview?.showStamp();
      this.preview?.propose();
      this.summarise();
    });
  }

  // One card is in focus; of the others one line remains.
  fold(isFolded) {
    if (this.isDone || isFolded === this.isFolded) return;
    this.isFolded = isFolded;
    this.element.classList.toggle("folded", isFolded);
    this.part("fold").setAttribute("aria-expanded", String(!isFolded));
    this.part("body").hidden = isFolded;
    this.summarise();
    if (!isFolded) this.preview?.refresh();
  }

  comeIntoSight() {
    if (!this.isFolded) this.element.scrollIntoView({ block: "start" });
  }

  // What a folded card still says.
  summarise() {
    const summary = this.part("summary");
    if (!summary) return;
    const place = this.signs ? this.preview?.chosenPlace() : null;
    const category = this.part("category").selectedOptions[0];
    const kind = category?.value && !this.library ? category.text.trim() : "";
    const signature = place ? say(this.words.signedOn, { page: place.page }) : this.words.unsigned;
    summary.textContent = [kind, signature].filter(Boolean).join(", ");
    summary.hidden = !this.isFolded || this.isRefused;
  }

  categoryIsKnown() {
    this.part("prescription").hidden = this.part("category").value !== PRESCRIPTION;
    this.preview?.propose();
    this.summarise();
  }

  async prepare() {
    this.isPdf = Boolean(this.file) && (await isPdf(this.file));
    if (this.library) this.part("category").closest(".two-columns").hidden = true;
    this.decideSigning();
    if (this.isPdf) await this.openPreview();
    else if (this.file) {
      this.showThumbnail();
      proposeCategory(this, "");
    }
  }

  decideSigning() {
    const reason = this.whyUnsigned();
    this.signs = !reason;
    this.part("signing").hidden = Boolean(reason);
    this.part("make-signature").hidden = reason !== this.words.noSignature;
    this.sayUnsigned(reason);
  }

  // Without leaving the page: the file and what was typed stay.
  async makeSignature() {
    const { makeSignature } = await import("./share_signature.js");
    if (await makeSignature(this.share)) this.part(this.signs ? "sign" : "make-signature-here").focus();
    else this.part("make-signature-here").focus();
  }

  // The practitioner has a signature now.
  useSignature() {
    if (this.isDone || this.isSending || this.isRefused || !this.isPdf) return;
    this.decideSigning();
    this.preview?.useStamp(this.share.stampUrl);
  }

  whyUnsigned() {
    if (this.library) return this.asksSignature ? this.words.libraryToSign : this.words.library;
    if (!this.isPdf) return this.words.picture;
    if (!this.share.maySign) return this.words.notPractitioner;
    return this.share.hasSignature ? "" : this.words.noSignature;
  }

  sayUnsigned(reason) {
    this.part("no-sign").hidden = !reason;
    this.part("no-sign").textContent = reason;
  }

  // Browsers can't show TIFF: the card then has no picture.
  showThumbnail() {
    const image = this.part("thumbnail");
    const address = URL.createObjectURL(this.file);
    image.addEventListener("load", () => {
      image.hidden = false;
      URL.revokeObjectURL(address);
    });
    image.src = address;
  }

  async openPreview() {
    try {
      this.preview = new Preview(this);
      await this.preview.open();
    } catch (error) {
      const refusal = REFUSED[error?.name];
      if (refusal && !this.preview.pdf && (await startsAsPdf(this.file))) {
        this.refuse(say(this.words[refusal], { name: this.file.name }));
        this.onChange();
        return;
      }
      if (!this.preview.pdf) proposeCategory(this, "");
      this.preview.close();
      this.preview = null;
      if (this.signs) this.sayUnsigned(this.words.noPreview);
      console.warn("preview", error?.name);
    }
  }

  validate() {
    this.part("doubt").hidden = true;
    this.part("validate").hidden = false;
    return this.sending.send();
  }

  // What the card sends: its fields, and the file last, so that the server knows the rest before it reads it.
  body() {
    const body = new FormData();
    if (this.library) {
      body.append("library_document", this.library);
      return body;
    }
    body.append("category", this.part("category").value);
    body.append("title", this.part("title").value);
    if (this.signs) {
      body.append("sign", "1");
      for (const [name, value] of Object.entries(this.preview?.chosenPlace() ?? {})) body.append(name, value);
    }
    if (this.isPatientConfirmed) body.append("confirm_patient", "1");
    body.append("file", this.file);
    return body;
  }

  // The file itself is refused: sending it again would not help.
  refuse(sentence) {
    this.isRefused = true;
    this.isReady = false;
    this.part("size").textContent = ""; // the sentence names it
    for (const name of ["validate", "fields", "signing", "preview-side", "summary"]) this.part(name).hidden = true;
    this.fold(false);
    this.fail(sentence);
  }

  fail(sentence) {
    this.part("error").textContent = sentence;
    this.part("error").hidden = false;
  }

  ask(sentence) {
    this.part("doubt-text").textContent = sentence;
    this.part("doubt").hidden = false;
    this.part("validate").hidden = true; // the question's own buttons replace it
    this.part("doubt").focus();
  }

  setSending(sending) {
    this.isSending = sending;
    this.isReady = !sending && !this.isDone && !this.isRefused;
    if (!this.isDone) {
      const validate = this.part("validate");
      if (!sending && !this.part("error").hidden) validate.textContent = this.words.retry;
      validate.disabled = sending;
      this.part("progress").hidden = !sending;
      this.part("cancel").hidden = !sending;
      this.part("remove").hidden = sending;
      this.part("waiting").hidden = true;
      if (sending) this.part("error").hidden = true;
    }
    this.onChange();
  }

  showWaiting() {
    this.part("waiting-text").textContent = this.words.waiting;
    this.part("waiting").hidden = false;
  }

  showProgress({ loaded, total, left }) {
    const bar = this.element.querySelector("progress");
    bar.setAttribute("aria-label", this.file?.name ?? "");
    bar.value = (loaded / total) * 100;
    const sent = { loaded: size(loaded, this.words), total: size(total, this.words), seconds: Math.ceil(left) };
    const isSent = loaded >= total;
    this.part("progress-text").textContent = isSent ? this.words.analysing : say(this.words.sent, sent);
    if (isSent) announce(this.words.analysing);
  }

  showReceipt(parts) {
    this.isDone = true;
    if (this.signs) this.preview?.rememberPlace();
    this.preview?.stop();
    this.element.replaceChildren(...parts);
    const heading = this.part("receipt");
    announce(heading.textContent);
    heading.focus();
    followDeliveries(this.part("follow"));
    countDown(this.element);
  }

  remove() {
    this.element.remove();
    this.onRemove(this);
  }
}
