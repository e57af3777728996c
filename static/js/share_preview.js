// The pages of a card's PDF, and where its signature goes on them.
import { openPdf } from "./pdf_preview.js";
import { proposeCategory } from "./share_category.js";
import { SignaturePlacement } from "./signature_placement.js";

const TEXT_PAGES = 2; // what the category is proposed from
const BOTTOM_RIGHT = { x: 0.8, y: 0.9, width: 0.25 };

export class Preview {
  constructor(card) {
    this.card = card;
    this.pdf = null;
    this.placement = null;
  }

  // Raises what pdf.js raises.
  async open() {
    const { card } = this;
    this.pdf = await openPdf(card.file, card.share.pdfjs);
    this.pdf.text(TEXT_PAGES).catch(() => "").then((text) => proposeCategory(card, text));
    card.part("preview-side").hidden = false;
    card.element.classList.add("with-preview");
    this.fillPages();
    this.placement = new SignaturePlacement({
      area: card.part("preview"),
      stamp: card.part("stamp"),
      said: card.part("said"),
      words: card.words,
      imageUrl: card.share.signatureUrl,
      onChosen: () => { this.isPlaceChosen = true; },
    });
    card.part("place").addEventListener("change", (event) => this.putAt(event.target.value));
    card.part("smaller").addEventListener("click", () => this.placement.resize(1 / 1.15));
    card.part("larger").addEventListener("click", () => this.placement.resize(1.15));
    card.part("placing").hidden = !card.signs;
    await this.show(this.pdf.pages);
    this.propose();
  }

  fillPages() {
    const select = this.card.part("page");
    for (let number = 1; number <= this.pdf.pages; number += 1) {
      select.add(new Option(`${this.card.words.page} ${number} / ${this.pdf.pages}`, number));
    }
    select.hidden = this.pdf.pages === 1;
    select.addEventListener("change", () => this.show(Number(select.value)));
  }

  async show(number) {
    this.shown = number;
    this.card.part("page").value = String(number);
    const canvas = this.card.element.querySelector("canvas");
    canvas.setAttribute("aria-label", `${this.card.part("name").textContent}, ${this.card.words.page} ${number} / ${this.pdf.pages}`);
    await this.pdf.draw(number, canvas);
    this.showStamp();
  }

  showStamp() {
    this.placement?.show(this.shown, Boolean(this.card.signs));
  }

  // A place of the list, "x,y" in fractions of the page; "" is its heading.
  putAt(value) {
    if (!value) return;
    const [x, y] = value.split(",").map(Number);
    this.placement.put(x, y);
  }

  // Suggest the place of the last signature on such a document, stored on this machine; keep a place chosen by hand.
  propose() {
    if (!this.card.signs || !this.placement || this.isPlaceChosen) return;
    const last = JSON.parse(localStorage.getItem(this.placeKey()) ?? "null");
    const page = last?.page === "last" ? this.pdf.pages : last?.page;
    const isKnown = last && page <= this.pdf.pages;
    const proposed = isKnown ? { ...last, page } : { ...BOTTOM_RIGHT, page: this.pdf.pages };
    this.placement.propose(proposed, isKnown ? this.card.words.asLastTime : "");
    if (this.shown !== proposed.page) this.show(proposed.page);
  }

  // {page, x, y, width} as the server reads them, or null.
  chosenPlace() {
    const place = this.placement?.place;
    return place ? { page: place.page, x: place.x, y: place.y, width: this.placement.width } : null;
  }

  rememberPlace() {
    const place = this.chosenPlace();
    if (!place) return;
    const page = place.page === this.pdf.pages ? "last" : place.page;
    localStorage.setItem(this.placeKey(), JSON.stringify({ ...place, page }));
  }

  placeKey() {
    return `place:${this.card.part("category").value}`;
  }

  close() {
    this.pdf?.close();
    this.card.part("preview-side").hidden = true;
    this.card.element.classList.remove("with-preview");
  }
}
