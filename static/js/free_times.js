// A free time chosen by its button goes into the field of date and time. Enter in a field books, as without the
// buttons: while they are of type submit, the first of them would be the form's default button.
const form = document.querySelector("[data-booking-form]");
const moment = form.elements.starts_at;

function calm() {
  for (const one of form.querySelectorAll("[data-pick], [data-times]")) one.type = "button";
}

function mark() {
  for (const one of form.querySelectorAll("[data-pick]")) {
    one.setAttribute("aria-pressed", String(one.value === moment.value));
  }
}

form.addEventListener("click", (event) => {
  if (event.target.closest("[data-past-times]")) {
    event.preventDefault(); // a fragment in the address would follow the form to the next page
    moment.focus();
  }
  const picked = event.target.closest("[data-pick]");
  if (!picked) return;
  moment.value = picked.value;
  moment.dispatchEvent(new Event("change", { bubbles: true }));
});
moment.addEventListener("change", mark);
// Times that arrive above the field that has the focus must not push it off the screen.
let focused, place;
document.body.addEventListener("htmx:beforeSwap", () => {
  focused = document.activeElement;
  place = focused.getBoundingClientRect().top;
});
document.body.addEventListener("htmx:afterSettle", () => {
  calm();
  mark();
  if (focused?.isConnected && focused === document.activeElement && focused !== document.body) {
    window.scrollBy({ top: focused.getBoundingClientRect().top - place, behavior: "instant" });
  }
});
calm();
