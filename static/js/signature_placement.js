// Places a signature on a page drawn by pdf.js: by click, drag, keyboard or choice. Values are fractions of the page as
// displayed, from its top left: x and y of the centre, and the width.
import { stampOn } from "./stamp_geometry.js";
import { percent, say } from "./words.js";

export class SignaturePlacement {
  // `picture`: a StampPicture; `onChosen`: called when the user has placed it; `onMoved`: when it may be out of sight.
  constructor({ area, stamp, said, words, picture, onChosen, onMoved }) {
    Object.assign(this, { area, stamp, said, words, picture, onChosen, onMoved });
    this.place = null;
    this.width = 0.25;
    this.before = [];
    stamp.setAttribute("aria-label", words.stamp);
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
    this.draw();
    this.onMoved();
  }

  // `geometry`: of the page, as stamp_geometry.js has it.
  show(page, geometry, enabled) {
    Object.assign(this, { page, geometry, enabled });
    this.draw();
  }

  resize(factor) {
    if (!this.place) return;
    this.choose();
    this.before.push({ ...this.place, width: this.width });
    this.width = Math.min(Math.max(this.width * factor, 0.08), 0.8);
    this.draw();
    this.onMoved();
  }

  undo() {
    const last = this.before.pop();
    if (!last) return;
    this.place = { x: last.x, y: last.y, page: last.page };
    this.width = last.width;
    this.draw();
    this.onMoved();
  }

  draw() {
    const visible = Boolean(this.enabled && this.place && this.geometry && this.place.page === this.page);
    this.stamp.hidden = !visible;
    if (visible) {
      const box = stampOn(this.geometry, { ...this.place, width: this.width });
      for (const side of ["left", "top", "width", "height"]) this.stamp.style[side] = `${box[side] * 100}%`;
      this.picture.show(box.points);
      this.place.x = box.left + box.width / 2; // where the server will put it
      this.place.y = box.top + box.height / 2;
    }
    if (this.enabled && this.place) {
      const { page, x, y } = this.place;
      this.said.textContent = say(this.words.placed, { page, x: percent(x), y: percent(y) }) + (this.why ? `, ${this.why}` : "");
    } else this.said.textContent = "";
  }

  drag(down) {
    down.preventDefault();
    this.choose();
    this.stamp.focus({ preventScroll: true });
    const box = this.area.getBoundingClientRect();
    const start = { ...this.place };
    this.before.push({ ...start, width: this.width });
    const move = (event) => {
      this.place.x = start.x + (event.clientX - down.clientX) / box.width;
      this.place.y = start.y + (event.clientY - down.clientY) / box.height;
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
    event.stopPropagation(); // the page has keys of its own
  }
}
