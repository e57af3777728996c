// Sentences come from the server, in the page's language, with {places} for what only the page knows.
const language = document.documentElement.lang;

export function say(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

export function number(value, digits = 0) {
  return value.toLocaleString(language, { maximumFractionDigits: digits });
}

export function percent(fraction) {
  return fraction.toLocaleString(language, { style: "percent" });
}
