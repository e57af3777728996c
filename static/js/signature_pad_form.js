// Drawing a signature. Without JavaScript the page only offers to import an image.
const tag = document.querySelector("script[data-signature-pad]");
const { default: SignaturePad } = await import(tag.dataset.signaturePad);

const area = document.querySelector("[data-draw]");
area.hidden = false;
const canvas = area.querySelector("[data-canvas]");
const form = area.querySelector("[data-draw-form]");
const error = area.querySelector("[data-draw-error]");
const ratio = Math.max(window.devicePixelRatio || 1, 2);
canvas.width = canvas.offsetWidth * ratio;
canvas.height = canvas.offsetHeight * ratio;
canvas.getContext("2d").scale(ratio, ratio);
const pad = new SignaturePad(canvas, { penColor: "#10202e", backgroundColor: "#ffffff", minWidth: 1, maxWidth: 3 });

area.querySelector("[data-clear]").addEventListener("click", () => pad.clear());
area.querySelector("[data-undo]").addEventListener("click", () => pad.fromData(pad.toData().slice(0, -1)));
form.addEventListener("submit", (event) => {
  error.hidden = !pad.isEmpty();
  if (pad.isEmpty()) {
    event.preventDefault();
    event.stopPropagation();
    return;
  }
  form.elements.drawing.value = pad.toDataURL("image/png");
});
