// Files chosen one after the other become one list of pages: sorted and removed with buttons, sent in this order.
const form = document.querySelector("[data-pages-form]");
const [input, camera] = form.querySelectorAll("[data-choose]");
const list = form.querySelector("[data-pages]");
const template = form.querySelector("[data-page-template]");
const status = form.querySelector("[data-pages-status]");
let pages = [];

for (const other of form.querySelectorAll("[data-without-script]")) other.remove();
camera.removeAttribute("name"); // what it takes goes into the list, and from there into the first field
input.addEventListener("change", () => add(input.files));
camera.addEventListener("change", () => {
  add(camera.files);
  camera.value = "";
});
form.addEventListener("submit", () => {
  const place = form.querySelector("[data-sending-words]");
  place.textContent = place.dataset.sendingWords;
});
if (input.files.length) add(input.files); // chosen before this script had come

function add(files) {
  pages = [...pages, ...[...files].map((file) => ({ file, picture: pictureOf(file) }))];
  show();
}

function pictureOf(file) {
  return file.type.startsWith("image/") ? URL.createObjectURL(file) : "";
}

function show() {
  const kept = new DataTransfer();
  for (const { file } of pages) kept.items.add(file);
  input.files = kept.files;
  list.replaceChildren(...pages.map(row));
  list.closest("[data-with-script]").hidden = pages.length === 0;
  status.textContent = pages.map(({ file }, number) => `${number + 1}. ${file.name}`).join(", ");
}

function row({ file, picture }, number) {
  const element = template.content.firstElementChild.cloneNode(true);
  element.querySelector("[data-name]").textContent = file.name;
  for (const place of element.querySelectorAll("[data-of]")) place.textContent = `${number + 1}, ${file.name}`;
  const image = element.querySelector("img");
  image.addEventListener("load", () => { image.hidden = false; }); // a HEIC that the browser can't show has none
  if (picture) image.src = picture;
  const actions = { up: [number - 1, number === 0], down: [number + 1, number === pages.length - 1] };
  for (const [name, [to, atEnd]] of Object.entries(actions)) {
    const button = element.querySelector(`[data-${name}]`);
    button.disabled = atEnd;
    button.addEventListener("click", () => move(number, to, name));
  }
  element.querySelector("[data-remove]").addEventListener("click", () => remove(number));
  return element;
}

function move(from, to, name) {
  const [page] = pages.splice(from, 1);
  pages.splice(to, 0, page);
  show();
  const buttons = list.children[to];
  (buttons.querySelector(`[data-${name}]:not(:disabled)`) ?? buttons.querySelector("[data-remove]")).focus();
}

function remove(number) {
  const [page] = pages.splice(number, 1);
  if (page.picture) URL.revokeObjectURL(page.picture);
  show();
  (list.children[Math.min(number, pages.length - 1)]?.querySelector("[data-remove]") ?? input).focus();
}
