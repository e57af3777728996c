// Drawing beside the written name. Without JavaScript the written name is the signature.
import { openPad } from "./drawing_pad.js";

const tag = document.querySelector("script[data-signature-pad]");
const area = document.querySelector("[data-draw]");
area.hidden = false;
const form = document.querySelector("[data-draw-form]");
const pad = await openPad(area, tag.dataset.signaturePad, () => {});

form.addEventListener("submit", () => {
  form.elements.drawing.value = pad.drawing();
});
