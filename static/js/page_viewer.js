// A PDF's pages at reading size: zoom, pages, and each page's text for those who do not see it. Keys act while the page
// has the focus.
import { percent, say } from "./words.js";

const CSS_PIXELS = 96 / 72; // in a point of paper
const STEP = 1.2; // from one zoom to the next
const LEAST = 0.25; // of the real size
const MOST = 4;

export class PageViewer {
  // `part(name)`: the element of that name; `onShown(number)`: called when another page is drawn.
  constructor({ pdf, part, name, words, onShown }) {
    Object.assign(this, { pdf, part, name, words, onShown });
    this.zoom = 0; // of the real size; 0: as wide as there is room
    this.number = 0;
    this.drawing = 0;
    this.viewer = part("viewer");
    this.area = part("preview");
    this.canvas = this.area.querySelector("canvas");
    this.fillPages();
    this.listen();
  }

  fillPages() {
    const select = this.part("page");
    for (let number = 1; number <= this.pdf.pages; number += 1) {
      select.add(new Option(`${this.words.page} ${number} / ${this.pdf.pages}`, number));
    }
    this.part("pages").hidden = this.pdf.pages === 1;
  }

  listen() {
    const { part } = this;
    const pressed = {
      "page-before": () => this.show(this.number - 1),
      "page-after": () => this.show(this.number + 1),
      "zoom-out": () => this.zoomTo(this.currentZoom() / STEP),
      "zoom-in": () => this.zoomTo(this.currentZoom() * STEP),
      "zoom-fit": () => this.zoomTo(0),
      "zoom-real": () => this.zoomTo(1),
    };
    for (const [name, action] of Object.entries(pressed)) part(name).addEventListener("click", action);
    part("page").addEventListener("change", (event) => this.show(Number(event.target.value)));
    part("page-text").addEventListener("toggle", () => this.tellText());
    this.viewer.addEventListener("keydown", (event) => this.key(event));
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(this.viewer);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return; // the browser's own zoom
    const { scrollTop, clientHeight, scrollHeight } = this.viewer;
    const keys = { "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", 0: "zoom-fit", 1: "zoom-real" };
    if (keys[event.key]) this.part(keys[event.key]).click();
    else if (event.key === "PageDown" && scrollTop + clientHeight >= scrollHeight - 2) this.show(this.number + 1);
    else if (event.key === "PageUp" && scrollTop <= 2) this.show(this.number - 1);
    else return; // the browser scrolls
    event.preventDefault();
  }

  async show(number) {
    if (number < 1 || number > this.pdf.pages) return;
    this.number = number;
    this.part("page").value = String(number);
    this.part("page-before").disabled = number === 1;
    this.part("page-after").disabled = number === this.pdf.pages;
    const said = `${this.name}, ${this.words.page} ${number} / ${this.pdf.pages}`;
    this.canvas.setAttribute("aria-label", said);
    this.viewer.setAttribute("aria-label", said);
    const { width, height, unit } = await this.pdf.geometry(number);
    if (number !== this.number) return;
    this.real = width * unit * CSS_PIXELS;
    this.area.style.aspectRatio = `${width} / ${height}`; // places on it are known before it is drawn
    await Promise.all([this.onShown(number), this.draw(), this.tellText()]);
  }

  currentZoom() {
    return this.area.clientWidth / this.real;
  }

  async zoomTo(zoom) {
    const middle = (this.viewer.scrollTop + this.viewer.clientHeight / 2) / this.viewer.scrollHeight;
    this.zoom = zoom && Math.min(Math.max(zoom, LEAST), MOST);
    await this.draw();
    this.viewer.scrollTop = middle * this.viewer.scrollHeight - this.viewer.clientHeight / 2;
  }

  // The room has changed, or the card was unfolded.
  fit() {
    if (this.number && this.viewer.clientWidth && this.viewer.clientWidth !== this.room) this.draw();
  }

  async draw() {
    this.room = this.viewer.clientWidth;
    if (!this.room) return; // folded
    const width = this.zoom ? this.zoom * this.real : this.room;
    this.area.style.width = this.zoom ? `${width}px` : "";
    this.part("zoom-said").textContent = percent(width / this.real);
    this.part("zoom-fit").setAttribute("aria-pressed", String(!this.zoom));
    this.part("zoom-real").setAttribute("aria-pressed", String(this.zoom === 1));
    const mine = (this.drawing += 1);
    const sheet = document.createElement("canvas"); // the page before stays in sight meanwhile
    try {
      await this.pdf.draw(this.number, sheet, width * Math.max(window.devicePixelRatio || 1, 1));
    } catch (error) {
      if (this.number) throw error; // else it was stopped meanwhile
    }
    if (mine !== this.drawing || !this.number) return;
    this.canvas.width = sheet.width;
    this.canvas.height = sheet.height;
    this.canvas.getContext("2d").drawImage(sheet, 0, 0);
  }

  async tellText() {
    if (!this.part("page-text").open || this.told === this.number) return;
    const { number } = this;
    this.told = number;
    const text = await this.pdf.pageText(number).catch(() => "");
    if (number === this.number) this.part("page-words").textContent = text || say(this.words.noText, { number });
  }

  stop() {
    this.observer.disconnect();
    this.number = 0;
  }

  // Brings a place on the page, in fractions of it, into sight.
  lookAt({ x, y }) {
    const { clientWidth, clientHeight } = this.viewer;
    const [left, top] = [x * this.area.clientWidth, y * this.area.clientHeight];
    const { scrollLeft, scrollTop } = this.viewer;
    if (left < scrollLeft || left > scrollLeft + clientWidth) this.viewer.scrollLeft = left - clientWidth / 2;
    if (top < scrollTop + 40 || top > scrollTop + clientHeight - 40) this.viewer.scrollTop = top - clientHeight / 2;
  }
}
