// Shows a PDF's pages in the browser before anything is sent (pdf.js, without eval, scripting or XFA).
const MOST_TEXT = 20_000; // characters; the server's limit
let library = null;

async function load({ module, worker }) {
  if (!library) {
    library = await import(module);
    library.GlobalWorkerOptions.workerSrc = worker;
  }
  return library;
}

// `pdfjs`: the addresses of its {module, worker, base}.
export async function openPdf(file, pdfjs) {
  const { getDocument } = await load(pdfjs);
  const { base } = pdfjs;
  const loading = getDocument({
    data: await file.arrayBuffer(),
    isEvalSupported: false,
    enableXfa: false,
    cMapUrl: `${base}cmaps/`,
    cMapPacked: true,
    standardFontDataUrl: `${base}standard_fonts/`,
    wasmUrl: `${base}wasm/`,
    iccUrl: `${base}iccs/`,
  });
  const pdf = await loading.promise;
  return {
    pages: pdf.numPages,
    close: () => loading.destroy(), // ends its worker, too
    async text(pages) {
      let found = "";
      for (let number = 1; number <= Math.min(pages, pdf.numPages) && found.length < MOST_TEXT; number += 1) {
        const { items } = await (await pdf.getPage(number)).getTextContent();
        found += `${items.map((item) => item.str + (item.hasEOL ? "\n" : "")).join("")}\n`;
      }
      return found.slice(0, MOST_TEXT);
    },
    async draw(number, canvas) {
      const page = await pdf.getPage(number);
      const natural = page.getViewport({ scale: 1 });
      const viewport = page.getViewport({ scale: Math.min(900 / natural.width, 2000 / natural.height) });
      canvas.width = Math.max(1, Math.floor(viewport.width));
      canvas.height = Math.max(1, Math.floor(viewport.height));
      await page.render({ canvasContext: canvas.getContext("2d"), canvas, viewport }).promise;
    },
  };
}
