// Size, title, kind and problems of a file, for every page with uploads, in sentences of the server.
import { number, say } from "./words.js";

// 128 random bits in hexadecimal; crypto.randomUUID only exists on secure origins.
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16).padStart(8, "0")).join("");
}

export function size(bytes, words) {
  return bytes < 999_500 ? `${number(Math.max(1, bytes / 1000))}\u00a0${words.kb}` : `${number(bytes / 1e6, 1)}\u00a0${words.mb}`;
}

// The suggested title of a file: "Compte rendu 12" for "compte-rendu_12.pdf"; dates keep their hyphens.
export function titleOf(name) {
  const whole = name.normalize("NFC");
  const bare = whole.slice(0, whole.length - extensionOf(whole).length);
  const words = /\s/.test(bare) ? bare : bare.replace(/_/g, " ").replace(/(?<!\d)-|-(?!\d)/g, " ");
  return words.trim().replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());
}

// The extension by the server's rules: "scan 12.03" has none.
function extensionOf(name) {
  return (/\.(?=\d*[a-z])[a-z\d]{1,10}$/i.exec(name)?.[0] ?? "").toLowerCase();
}

// Without an extension, the beginning of the file decides. Returns a boolean, or a promise of one.
export function isPdf(file) {
  if (file.type === "application/pdf" || extensionOf(file.name)) return file.type === "application/pdf" || /\.pdf$/i.test(file.name);
  return startsAsPdf(file);
}

// Whether it has a PDF's header where viewers look for one.
export function startsAsPdf(file) {
  return file.slice(0, 1024).text().then((head) => head.includes("%PDF-"), () => false);
}

// A sentence, or "" if nothing is wrong. The server checks again; this only avoids a useless upload.
export function problemOf({ name, size: bytes }, { extensions, maxBytes }, words) {
  const extension = extensionOf(name);
  if (extension && !extensions.includes(extension)) return say(words.kind, { name });
  if (bytes > maxBytes) return say(words.large, { name, size: Math.max(51, Math.round(bytes / 2 ** 20)) });
  if (bytes === 0) return say(words.empty, { name });
  return "";
}
