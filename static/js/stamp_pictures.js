// The pictures of the practitioner's own stamp, drawn by the server as it will sign: one for each width on paper.
const kept = new Map(); // width -> promise of an object URL, or of "" where the server gave none
const PAUSE = 150; // milliseconds: while a stamp is being resized, nothing is asked for

// `address`: of the pictures; `points`: the width on paper, in points.
function pictureOf(address, points) {
  const width = points.toFixed(2);
  if (!kept.has(width)) kept.set(width, ask(`${address}?width=${width}`));
  return kept.get(width);
}

async function ask(address) {
  const answer = await fetch(address, { headers: { "X-Background": "1" } }).catch(() => null);
  const isPicture = answer?.ok && answer.headers.get("Content-Type") === "image/png";
  return isPicture ? URL.createObjectURL(await answer.blob()) : "";
}

// The practitioner has another signature.
export function forgetPictures() {
  kept.clear();
}

// Keeps the picture in `element` that of the stamp's present width.
export class StampPicture {
  constructor(element, address) {
    Object.assign(this, { element, address, points: "", timer: 0 });
    this.image = new Image();
    this.image.alt = "";
  }

  show(points) {
    if (!this.address || points.toFixed(2) === this.points) return;
    const pause = this.points ? PAUSE : 0;
    this.points = points.toFixed(2);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(points), pause);
  }

  async load(points) {
    const address = await pictureOf(this.address, points);
    if (points.toFixed(2) !== this.points) return; // resized meanwhile
    if (!address) {
      kept.delete(points.toFixed(2)); // asked for again once the width has changed
      return;
    }
    this.image.src = address;
    await this.image.decode();
    this.element.replaceChildren(this.image);
    this.element.dataset.drawn = this.points;
  }

  // From another address, or of another signature.
  refresh(address) {
    this.address = address;
    this.points = "";
  }
}
