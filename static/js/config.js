// What the server tells a page's script: one element of JSON, named after the page.
export function config(name) {
  return JSON.parse(document.getElementById(`${name}-config`).textContent);
}
