// Drawing a signature. Without JavaScript the page only offers to import an image.
import { openPad } from "./drawing_pad.js";
import { StampSample } from "./stamp_sample.js";

const tag = document.querySelector("script[data-signature-pad]");
const place = document.querySelector("[data-stamp-sample]");
const sample = place && new StampSample(place);
const area = document.querySelector("[data-draw]");
area.hidden = false;
const form = area.querySelector("[data-draw-form]");
const error = area.querySelector("[data-draw-error]");
const pad = await openPad(area, tag.dataset.signaturePad, () => sample?.show("drawing", pad.drawing()));

document.querySelector("#signature-file").addEventListener("change", (event) => {
  sample?.show("file", event.target.files[0]);
});
form.addEventListener("submit", (event) => {
  const drawing = pad.drawing();
  error.hidden = Boolean(drawing);
  if (drawing) form.elements.drawing.value = drawing;
  else {
    event.preventDefault();
    event.stopPropagation();
  }
});
