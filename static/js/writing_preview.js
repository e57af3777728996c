// The PDF of the text, beside it: requested when typing pauses, drawn by pdf.js.
import { csrfToken } from "./csrf.js";
import { openPdf } from "./pdf_preview.js";
import { sessionEnded } from "./session.js";

const PAUSE = 600; // milliseconds
const SLOW = 1000; // milliseconds; a message shows that it takes longer
const MOST_PAGES = 10;

export class Preview {
  constructor({ root, form, writing }) {
    Object.assign(this, { writing, form, words: writing.words, turn: 0 });
    this.state = root.querySelector("[data-preview-state]");
    this.pages = root.querySelector("[data-pages]");
    root.querySelector("[data-preview-side]").hidden = false;
  }

  ask() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.fetch(), PAUSE);
  }

  async fetch() {
    const turn = (this.turn += 1);
    const slow = setTimeout(() => { this.state.textContent = this.words.working; }, SLOW);
    this.pages.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(this.writing.previewUrl, { method: "POST", body: new FormData(this.form), headers: { "X-CSRFToken": csrfToken() } });
      if (answer.headers.get("Session-Ended")) {
        await sessionEnded();
        return this.ask();
      }
      if (turn !== this.turn) return; // a newer request exists
      if (answer.status === 400) this.state.textContent = await answer.text();
      else if (!answer.ok || answer.redirected) this.state.textContent = this.words.lost;
      else await this.draw(await answer.blob());
    } catch {
      if (turn === this.turn) this.state.textContent = this.words.lost;
    } finally {
      clearTimeout(slow);
      if (turn === this.turn) this.pages.setAttribute("aria-busy", "false");
    }
  }

  async draw(blob) {
    const pdf = await openPdf(blob, this.writing.pdfjs);
    const drawn = [];
    for (let number = 1; number <= Math.min(pdf.pages, MOST_PAGES); number += 1) {
      const canvas = document.createElement("canvas");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${this.words.page} ${number} / ${pdf.pages}`);
      await pdf.draw(number, canvas);
      drawn.push(canvas);
    }
    this.pages.replaceChildren(...drawn);
    await pdf.close();
    this.state.textContent = `${this.words.ready} ${pdf.pages}`;
  }
}
