// The pages of a card's PDF, and where its signature goes on them.
import { PageViewer } from "./page_viewer.js";
import { openPdf } from "./pdf_preview.js";
import { proposeCategory } from "./share_category.js";
import { SignaturePlacement } from "./signature_placement.js";
import { StampPicture } from "./stamp_pictures.js";

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
    this.picture = new StampPicture(card.part("stamp"), card.share.stampUrl);
    this.placement = new SignaturePlacement({
      area: card.part("preview"),
      stamp: card.part("stamp"),
      said: card.part("said"),
      words: card.words,
      picture: this.picture,
      onChosen: () => { this.isPlaceChosen = true; },
      onMoved: () => this.lookAtStamp(),
    });
    card.part("place").addEventListener("change", (event) => this.putAt(event.target.value));
    card.part("smaller").addEventListener("click", () => this.placement.resize(1 / 1.15));
    card.part("larger").addEventListener("click", () => this.placement.resize(1.15));
    this.viewer = new PageViewer({
      pdf: this.pdf,
      part: (name) => card.part(name),
      name: card.part("name").textContent,
      words: card.words,
      onShown: (number) => this.showPage(number),
    });
    const shown = this.viewer.show(card.signs ? this.pdf.pages : 1);
    card.comeIntoSight();
    await shown;
    this.showStamp();
    this.propose();
  }

  async showPage(number) {
    this.geometry = await this.pdf.geometry(number);
    this.showStamp();
  }

  showStamp() {
    this.card.part("placing").hidden = !this.card.signs;
    this.placement?.show(this.viewer.number, this.geometry, Boolean(this.card.signs));
    this.card.summarise();
  }

  lookAtStamp() {
    this.card.summarise();
    if (this.placement.place?.page === this.viewer.number) this.viewer.lookAt(this.placement.place);
  }

  // The card was unfolded.
  async refresh() {
    if (!this.viewer) return;
    await this.viewer.draw();
    if (this.card.signs) this.lookAtStamp();
  }

  // The practitioner has another signature.
  useStamp(address) {
    this.picture?.refresh(address);
    this.showStamp();
    this.propose();
  }

  // A place of the list, "x,y" in fractions of the page; "" is its heading.
  putAt(value) {
    if (!value) return;
    const [x, y] = value.split(",").map(Number);
    this.placement.put(x, y);
  }

  // Suggest the place of the last signature on such a document, stored on this machine; keep a place chosen by hand.
  async propose() {
    if (!this.card.signs || !this.placement || this.isPlaceChosen) return;
    const last = JSON.parse(localStorage.getItem(this.placeKey()) ?? "null");
    const page = last?.page === "last" ? this.pdf.pages : last?.page;
    const isKnown = last && page <= this.pdf.pages;
    const proposed = isKnown ? { ...last, page } : { ...BOTTOM_RIGHT, page: this.pdf.pages };
    this.placement.propose(proposed, isKnown ? this.card.words.asLastTime : "");
    if (this.viewer.number !== proposed.page) await this.viewer.show(proposed.page);
    this.lookAtStamp();
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

  // Ends its worker and the memory that it holds.
  stop() {
    this.viewer?.stop();
    this.pdf?.close();
  }

  close() {
    this.stop();
    this.card.part("preview-side").hidden = true;
  }
}
