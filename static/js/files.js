// What every page that takes files says of them, in the server's own words.
import { number, say } from "./words.js";

// Of 128 random bits; crypto.randomUUID is for secure origins alone.
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16).padStart(8, "0")).join("");
}

export function size(bytes, words) {
  return bytes < 999_500 ? `${number(Math.max(1, bytes / 1000))}\u00a0${words.kb}` : `${number(bytes / 1e6, 1)}\u00a0${words.mb}`;
}

// What a file is called before anybody gave it a title: "compte-rendu_12.pdf" reads "Compte rendu 12"; dates stay whole.
export function titleOf(name) {
  const bare = name.normalize("NFC").replace(/\.[^.]+$/, "");
  const words = /\s/.test(bare) ? bare : bare.replace(/_/g, " ").replace(/(?<!\d)-|-(?!\d)/g, " ");
  return words.trim().replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());
}

// As the server reads it: "scan 12.03" has none.
function extensionOf(name) {
  return (/\.(?=\d*[a-z])[a-z\d]{1,10}$/i.exec(name)?.[0] ?? "").toLowerCase();
}

// A name without extension says nothing of its kind: the beginning of the file does. A boolean, or a promise of one.
export function isPdf(file) {
  if (file.type === "application/pdf" || extensionOf(file.name)) return file.type === "application/pdf" || /\.pdf$/i.test(file.name);
  return file.slice(0, 1024).text().then((head) => head.includes("%PDF-"), () => false);
}

// The server checks again; this only spares a useless upload. "" where nothing is wrong.
export function problemOf({ name, size: bytes }, { extensions, maxBytes }, words) {
  const extension = extensionOf(name);
  if (extension && !extensions.split(",").includes(extension)) return say(words.kind, { name });
  if (bytes > Number(maxBytes)) return say(words.large, { name, size: Math.max(51, Math.round(bytes / 2 ** 20)) });
  if (bytes === 0) return say(words.empty, { name });
  return "";
}
