// À signer: a document whose last page was in sight is looked at; before signing, the page asks who signs, in a dialog.
import { csrfToken } from "./csrf.js";

if (document.querySelector("[data-sign-in-again]")) await import("./sign_in_again.js");
const form = document.querySelector("[data-look]");
const last = document.querySelector("[data-last-page]");
const told = document.querySelector("[data-looked]");

async function look() {
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-CSRFToken": csrfToken(), "X-Requested-With": "look" } }).catch(() => null);
  if (answer?.status !== 204) return; // the button says why
  told.hidden = false;
  for (const button of document.querySelectorAll("[data-once-looked]")) button.disabled = false;
}

if (form && last) {
  const picture = last.querySelector("img, svg"); // with the stamp drawn on it, the page is an image in an SVG
  const image = picture.querySelector("image") ?? picture;
  // Its lower edge: the whole of every page was passed.
  const seen = new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting) return;
    seen.disconnect();
    await image.decode?.().catch(() => {});
    look();
  });
  const edge = document.createElement("div");
  edge.className = "paper-edge";
  picture.after(edge);
  seen.observe(edge);
}
