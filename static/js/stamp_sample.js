// The stamp on a sample page, with what is being drawn or was chosen: drawn by the server, which stores nothing of it.
import { csrfToken } from "./csrf.js";

const PAUSE = 400; // milliseconds after a stroke

export class StampSample {
  constructor(element) {
    this.element = element;
    this.image = element.querySelector("[data-sample-stamp]");
    this.said = element.querySelector("[data-sample-said]");
    this.stored = this.image.src;
    this.asked = 0;
    this.timer = 0;
  }

  // `field`: "drawing" or "file"; an empty `value` shows what is stored.
  show(field, value) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(field, value), PAUSE);
  }

  async ask(field, value) {
    const mine = (this.asked += 1);
    this.said.textContent = "";
    if (!value) {
      this.image.src = this.stored;
      return;
    }
    const body = new FormData();
    body.append(field, value);
    const headers = { "X-CSRFToken": csrfToken(), "X-Requested-With": "card", "X-Background": "1" };
    const answer = await fetch(this.element.dataset.tried, { method: "POST", body, headers }).catch(() => null);
    if (mine !== this.asked || !answer) return;
    if (answer.ok) {
      this.image.src = URL.createObjectURL(await answer.blob());
      this.image.addEventListener("load", () => URL.revokeObjectURL(this.image.src), { once: true });
    } else if (answer.status === 400) {
      this.said.textContent = new DOMParser().parseFromString(await answer.text(), "text/html").body.textContent.trim();
    }
  }
}
