// A document that is filled in: what is typed is kept while one types; the paper is shown beside it by pdf.js, made by the
// server for this alone; and the signature is placed on it.
import { config } from "./config.js";
import { csrfToken } from "./csrf.js";
import { openPdf } from "./pdf_preview.js";
import { sessionEnded } from "./session.js";
import { SignaturePlacement } from "./signature_placement.js";
import { StampPicture } from "./stamp_pictures.js";
import { say } from "./words.js";

const PAUSE = 800; // milliseconds
const LAST = "last";
const root = document.querySelector("[data-filling]");
const part = (name) => root.querySelector(`[data-${name}]`);
const filling = config("filling");
const { words } = filling;
const form = part("filling-form");
const { signer, placed, sign_at: at } = form.elements;
const state = part("paper-state");
let pdf = null;
let shown = 1;
let geometry = null; // of the page shown
let placement = null;

async function send(name) {
  const body = new FormData(form);
  body.set(name, "1");
  const answer = await fetch(location.pathname, { method: "POST", body, headers: { "X-CSRFToken": csrfToken() } });
  if (!answer.headers.get("Session-Ended")) return answer;
  await sessionEnded();
  return send(name);
}

let waiting = 0;
async function keep() {
  try {
    const { status } = await send("keep");
    if (status === 204) history.replaceState(history.state, "", location.pathname); // not a stored page with older text
    part("kept").textContent = status === 204 ? say(words.kept, { time: new Date().toLocaleTimeString(document.documentElement.lang, { timeStyle: "short" }) }) : words.notKept;
  } catch {
    part("kept").textContent = words.notKept;
  }
}

if ("keeps" in form.dataset) {
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(keep, PAUSE);
  });
}

const signs = () => Boolean(signer?.value);

function followSigner() {
  const plain = part("plain-place");
  if (plain) plain.hidden = !signs() || pdf !== null;
  for (const name of ["smaller", "larger"]) part(name).hidden = !signs();
  placement?.show(shown, geometry, signs());
  remember();
}

function remember() {
  if (!placed || !placement?.place) return;
  const { page, x, y } = placement.place;
  placed.value = signs() ? [page === pdf.pages ? LAST : page, x.toFixed(4), y.toFixed(4), placement.width.toFixed(4)].join(",") : "";
}

async function show(number) {
  shown = number;
  part("page").value = String(number);
  const canvas = root.querySelector("canvas");
  canvas.setAttribute("aria-label", `${words.page} ${number} / ${pdf.pages}`);
  await pdf.draw(number, canvas);
  geometry = await pdf.geometry(number);
  placement.show(shown, geometry, signs());
}

function startPlacing() {
  const stamp = part("stamp");
  placement = new SignaturePlacement({
    area: part("preview"),
    stamp,
    said: part("said"),
    words,
    picture: new StampPicture(stamp, filling.stampUrl),
    onChosen: () => {},
    onMoved: () => {},
  });
  const draw = placement.draw.bind(placement);
  placement.draw = () => {
    draw();
    remember();
  };
  const [page, x, y, width] = placed?.value ? placed.value.split(",") : [LAST, ...(at?.value ?? "0.8,0.9").split(","), 0.25];
  const number = page === LAST ? pdf.pages : Math.min(Number(page), pdf.pages);
  placement.propose({ page: number, x: Number(x), y: Number(y), width: Number(width) }, "");
  part("smaller").addEventListener("click", () => placement.resize(1 / 1.15));
  part("larger").addEventListener("click", () => placement.resize(1.15));
  part("page").addEventListener("change", (event) => show(Number(event.target.value)));
}

async function ask() {
  part("paper").hidden = false;
  state.textContent = words.working;
  try {
    const answer = await send("pdf");
    if (answer.status === 400) {
      state.textContent = await answer.text();
      return;
    }
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const before = pdf;
    pdf = await openPdf(await answer.blob(), filling.pdfjs);
    before?.close();
    root.querySelector(".paper-pages")?.remove();
    part("placing").hidden = false;
    const select = part("page");
    select.replaceChildren(...Array.from({ length: pdf.pages }, (_none, index) => new Option(`${words.page} ${index + 1} / ${pdf.pages}`, index + 1)));
    select.hidden = pdf.pages === 1;
    if (!placement) startPlacing();
    await show(Math.min(placement.place?.page ?? 1, pdf.pages));
    state.textContent = "";
    followSigner();
  } catch {
    state.textContent = words.lost;
  }
}

part("show").addEventListener("click", (event) => {
  event.preventDefault();
  ask();
});
signer?.addEventListener("change", followSigner);
at?.addEventListener("change", () => {
  if (placement) placement.put(...at.value.split(",").map(Number));
});
form.addEventListener("submit", async (event) => {
  clearTimeout(waiting);
  if (signer?.value !== "me" || !form.dataset.until || Date.now() < Number(form.dataset.until)) return;
  event.preventDefault();
  event.stopPropagation();
  const { signInAgain } = await import("./sign_in_again.js");
  if (!(await signInAgain())) return;
  delete form.dataset.until;
  form.requestSubmit(part("finish"));
});
followSigner();
