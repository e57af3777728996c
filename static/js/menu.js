// A menu is a <details>: it works without this. Here Esc closes it and gives the focus back, and so does a click beside it.
function close(menu, { focus = false } = {}) {
  menu.open = false;
  if (focus) menu.querySelector("summary").focus();
}

const open = () => document.querySelectorAll("details[data-menu][open]");

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !open().length) return;
  event.stopImmediatePropagation(); // the panel stays
  open().forEach((menu) => close(menu, { focus: menu.contains(document.activeElement) }));
}, true);

document.addEventListener("click", (event) => {
  open().forEach((menu) => { if (!menu.contains(event.target)) close(menu); });
});

// The keyboard leaves the menu: it closes, so that it hides nothing that has the focus.
document.addEventListener("focusin", (event) => {
  open().forEach((menu) => { if (!menu.contains(event.target)) close(menu); });
});
