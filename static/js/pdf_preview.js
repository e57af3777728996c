// Shows a PDF's pages in the browser before anything is sent (pdf.js, without eval, scripting or XFA).
import { pageGeometry } from "./stamp_geometry.js";

const MOST_TEXT = 20_000; // characters; the server's limit
const MOST_PIXELS = 16_000_000; // of a drawn page: more fails in some browsers
let library = null;

async function load({ module, worker }) {
  if (!library) {
    library = await import(module);
    library.GlobalWorkerOptions.workerSrc = worker;
  }
  return library;
}

// A signature names the bytes that it covers, outside of compressed streams (ISO 32000-1, 12.8.1).
function carriesSignature(bytes) {
  return new TextDecoder("latin1").decode(bytes).includes("/ByteRange");
}

function textOf({ items }) {
  return items.map((item) => item.str + (item.hasEOL ? "\n" : "")).join("");
}

// `pdfjs`: the addresses of its {module, worker, base}. Raises what pdf.js raises (whyRefused).
export async function openPdf(file, pdfjs) {
  const { getDocument } = await load(pdfjs);
  const { base } = pdfjs;
  const data = new Uint8Array(await file.arrayBuffer());
  const isSigned = carriesSignature(data);
  const loading = getDocument({
    data,
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
    // Of the first `pages` pages.
    async text(pages) {
      let found = "";
      for (let number = 1; number <= Math.min(pages, pdf.numPages) && found.length < MOST_TEXT; number += 1) {
        found += `${textOf(await (await pdf.getPage(number)).getTextContent())}\n`;
      }
      return found.slice(0, MOST_TEXT);
    },
    async pageText(number) {
      return textOf(await (await pdf.getPage(number)).getTextContent()).trim();
    },
    async geometry(number) {
      return pageGeometry(await pdf.getPage(number), { isSigned });
    },
    // `width`: of the canvas, in pixels.
    async draw(number, canvas, width = 900) {
      const page = await pdf.getPage(number);
      const natural = page.getViewport({ scale: 1 });
      const most = Math.sqrt(MOST_PIXELS / (natural.width * natural.height));
      const viewport = page.getViewport({ scale: Math.min(width / natural.width, most) });
      canvas.width = Math.max(1, Math.floor(viewport.width));
      canvas.height = Math.max(1, Math.floor(viewport.height));
      await page.render({ canvasContext: canvas.getContext("2d"), canvas, viewport }).promise;
    },
  };
}
