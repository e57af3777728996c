// A signature made on the share page, by somebody who had none: the cards and what was typed on them stay.
import { csrfToken } from "./csrf.js";
import { forgetPictures } from "./stamp_pictures.js";
import { signInAgain } from "./sign_in_again.js";
import { openPad } from "./drawing_pad.js";
import { StampSample } from "./stamp_sample.js";

const dialog = document.querySelector("[data-signature-dialog]");
const form = dialog.querySelector("form");
const error = dialog.querySelector("[data-error]");
const { file } = form.elements;
const sample = new StampSample(dialog.querySelector("[data-stamp-sample]"));
let pad = null;
let answer = null; // resolves the waiting promise: whether there is a signature now

// `share`: the page's configuration. Resolves to whether a signature was made.
export async function makeSignature(share) {
  const made = new Promise((resolve) => {
    answer = resolve;
  });
  error.hidden = true;
  dialog.showModal();
  pad ??= await openPad(dialog, dialog.dataset.pad, () => {
    file.value = "";
    sample.show("drawing", pad.drawing());
  });
  if (!(await made)) return false;
  share.hasSignature = true;
  forgetPictures();
  document.dispatchEvent(new CustomEvent("signature-made"));
  return true;
}

function finish(isMade) {
  const waiting = answer;
  answer = null;
  if (dialog.open) dialog.close();
  waiting?.(isMade);
}

function fail(sentence) {
  error.textContent = sentence;
  error.hidden = false;
}

function body() {
  const sent = new FormData();
  if (file.files.length) sent.append("file", file.files[0]);
  else sent.append("drawing", pad.drawing());
  return sent;
}

async function save() {
  if (!file.files.length && !pad.drawing()) return fail(dialog.dataset.empty);
  const headers = { "X-CSRFToken": csrfToken(), "X-Requested-With": "card" };
  const reply = await fetch(dialog.dataset.url, { method: "POST", body: body(), headers }).catch(() => null);
  if (reply?.status === 204) return finish(true);
  if (reply?.status === 401 && (await signInAgain())) return save();
  if (reply?.status === 400) return fail(new DOMParser().parseFromString(await reply.text(), "text/html").body.textContent.trim());
  return reply?.status === 401 ? undefined : fail(dialog.dataset.noAnswer);
}

dialog.querySelector("[data-cancel]").addEventListener("click", () => finish(false));
dialog.addEventListener("close", () => finish(false));
file.addEventListener("change", () => sample.show("file", file.files[0]));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  event.stopPropagation();
  save();
});
