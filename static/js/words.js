// Sentences come from the server, in the page's language, with {placeholders} for values that only the page knows.
const language = document.documentElement.lang;

export function say(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

// Lower case, without accents, every run of anything but letters and digits a space: as patients/names.py::plain.
export function plain(text) {
  const bare = text.toLowerCase().replace(/œ/g, "oe").replace(/æ/g, "ae").normalize("NFKD").replace(/\p{M}/gu, "");
  return bare.replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

export function number(value, digits = 0) {
  return value.toLocaleString(language, { maximumFractionDigits: digits });
}

export function percent(fraction) {
  return fraction.toLocaleString(language, { style: "percent" });
}
