// The area where a signature is drawn, with its buttons. `address`: of the library.
export async function openPad(area, address, onDrawn) {
  const { default: SignaturePad } = await import(address);
  const canvas = area.querySelector("[data-canvas]");
  const ratio = Math.max(window.devicePixelRatio || 1, 2);
  canvas.width = canvas.offsetWidth * ratio;
  canvas.height = canvas.offsetHeight * ratio;
  canvas.getContext("2d").scale(ratio, ratio);
  const pad = new SignaturePad(canvas, { penColor: "#10202e", backgroundColor: "#ffffff", minWidth: 1, maxWidth: 3 });
  pad.addEventListener("endStroke", onDrawn);
  area.querySelector("[data-clear]").addEventListener("click", () => {
    pad.clear();
    onDrawn();
  });
  area.querySelector("[data-undo]").addEventListener("click", () => {
    pad.fromData(pad.toData().slice(0, -1));
    onDrawn();
  });
  return { drawing: () => (pad.isEmpty() ? "" : pad.toDataURL("image/png")) };
}
