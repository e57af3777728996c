// A card on its way to the server, until the server took it, refused it, or asks something.
import { newKey } from "./files.js";
import { sessionEnded } from "./session.js";
import { upload } from "./upload.js";

export class Sending {
  constructor(card) {
    this.card = card;
    this.key = newKey(); // the same for every attempt: they make one document
  }

  async send() {
    const { card } = this;
    if (this.needsSigner() && !(await this.confirmSigner())) return;
    card.setSending(true);
    try {
      await this.sendUntilAnswered(card.body());
    } catch {
      card.fail(card.words.lost);
    } finally {
      card.setSending(false);
    }
  }

  // Known beforehand: no need to send the file to be asked.
  needsSigner() {
    const { maySignUntil } = this.card.share;
    return Boolean(this.card.signs && maySignUntil && Date.now() >= maySignUntil);
  }

  async confirmSigner() {
    const { signInAgain } = await import("./sign_in_again.js");
    const isConfirmed = await signInAgain();
    if (isConfirmed) this.card.share.maySignUntil = null; // the first signature lets the session sign on
    else this.card.part("validate").focus();
    return isConfirmed;
  }

  // While the virus scanner is away the file waits here, sent to nobody, and goes again by itself.
  async sendUntilAnswered(body) {
    const { card } = this;
    this.isCancelled = false;
    while (!this.isCancelled) {
      this.transfer = upload(card.share.url, body, { key: this.key }, (progress) => card.showProgress(progress));
      const answer = await this.transfer.done;
      if (answer.ended) {
        card.fail(sentenceOf(answer));
        await sessionEnded(); // the card stays, and is sent again after signing in
        card.part("error").hidden = true;
      } else if (answer.status === 503) {
        card.showWaiting();
        await this.pause(answer.retryAfter);
      } else if (answer.status !== 401 || !(await this.confirmSigner())) return this.take(answer);
    }
    return card.fail(card.words.lost);
  }

  take(answer) {
    const { card } = this;
    if (answer.status === 201) return card.showReceipt(bodyOf(answer).childNodes);
    if (answer.status === 409) return card.ask(sentenceOf(answer));
    if (answer.status === 400 && bodyOf(answer).querySelector("[data-file-refused]")) return card.refuse(sentenceOf(answer));
    return card.fail([400, 401].includes(answer.status) ? sentenceOf(answer) : card.words.lost);
  }

  pause(seconds) {
    return new Promise((resume) => {
      this.resume = resume;
      setTimeout(resume, seconds * 1000);
    });
  }

  cancel() {
    this.isCancelled = true;
    this.transfer?.cancel();
    this.resume?.();
  }
}

function bodyOf({ html }) {
  return new DOMParser().parseFromString(html, "text/html").body;
}

function sentenceOf(answer) {
  return bodyOf(answer).textContent.trim();
}
