// Places the signature on a page shown by pdf.js: by click, drag, keyboard or choice. Values are fractions of the page as
// displayed, from its top left: x and y of the centre, and the width. Causes no request.
import { percent, say } from "./words.js";

const ASPECT = 0.4;

export class SignaturePlacement {
  constructor({ area, stamp, said, words, imageUrl, onChosen }) {
    Object.assign(this, { area, stamp, said, words, onChosen });
    this.place = null;
    this.width = 0.25;
    this.before = [];
    stamp.setAttribute("aria-label", words.stamp);
    if (imageUrl) {
      const image = new Image();
      image.src = imageUrl;
      image.alt = "";
      stamp.append(image);
    } else stamp.textContent = "✓";
    area.addEventListener("click", (event) => {
      if (!this.enabled || event.target.closest("[data-stamp]")) return;
      const box = area.getBoundingClientRect();
      this.put((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    });
    stamp.addEventListener("pointerdown", (event) => this.drag(event));
    stamp.addEventListener("keydown", (event) => this.key(event));
  }

  // Set a suggested place; `why` is shown with it.
  propose({ x, y, width, page }, why) {
    this.place = { x, y, page };
    this.width = width;
    this.why = why;
    this.draw();
  }

  choose() {
    this.why = "";
    this.onChosen();
  }

  put(x, y, page = this.page) {
    this.choose();
    if (this.place) this.before.push({ ...this.place, width: this.width });
    this.place = { x, y, page };
    this.clamp();
    this.draw();
  }

  // Keep the whole stamp on the page, as the server does.
  clamp() {
    const box = this.area.getBoundingClientRect();
    const tall = box.height > 0 ? (this.width * ASPECT * box.width) / box.height : 0.1;
    const within = (value, half) => Math.min(Math.max(value, half), 1 - half);
    this.place.x = within(this.place.x, Math.min(this.width / 2, 0.5));
    this.place.y = within(this.place.y, Math.min(tall / 2, 0.5));
  }

  show(page, enabled) {
    this.page = page;
    this.enabled = enabled;
    this.draw();
  }

  resize(factor) {
    if (!this.place) return;
    this.choose();
    this.width = Math.min(Math.max(this.width * factor, 0.08), 0.8);
    this.clamp();
    this.draw();
  }

  undo() {
    const last = this.before.pop();
    if (!last) return;
    this.place = { x: last.x, y: last.y, page: last.page };
    this.width = last.width;
    this.draw();
  }

  draw() {
    const visible = this.enabled && this.place && this.place.page === this.page;
    this.stamp.hidden = !visible;
    if (visible) {
      const box = this.area.getBoundingClientRect();
      this.stamp.style.left = `${this.place.x * 100}%`;
      this.stamp.style.top = `${this.place.y * 100}%`;
      this.stamp.style.width = `${this.width * box.width}px`;
      this.stamp.style.height = `${this.width * box.width * ASPECT}px`;
    }
    if (this.enabled && this.place) {
      const { page, x, y } = this.place;
      this.said.textContent = say(this.words.placed, { page, x: percent(x), y: percent(y) }) + (this.why ? `, ${this.why}` : "");
    } else this.said.textContent = "";
  }

  drag(down) {
    down.preventDefault();
    this.choose();
    this.stamp.focus();
    const box = this.area.getBoundingClientRect();
    const start = { ...this.place };
    this.before.push({ ...start, width: this.width });
    const move = (event) => {
      this.place.x = start.x + (event.clientX - down.clientX) / box.width;
      this.place.y = start.y + (event.clientY - down.clientY) / box.height;
      this.clamp();
      this.draw();
    };
    const stop = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", stop);
      window.removeEventListener("pointercancel", stop);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", stop);
    window.addEventListener("pointercancel", stop);
  }

  key(event) {
    const step = event.shiftKey ? 0.05 : 0.01;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (moves[event.key]) this.put(this.place.x + moves[event.key][0], this.place.y + moves[event.key][1]);
    else if (event.key === "+" || event.key === "=") this.resize(1.1);
    else if (event.key === "-") this.resize(1 / 1.1);
    else if (event.key === "Escape") this.undo();
    else return;
    event.preventDefault();
  }
}
