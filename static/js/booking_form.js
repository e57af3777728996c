// The list follows what is typed: its button is for browsers without scripts, and Enter there books nothing.
const form = document.querySelector("[data-booking-form]");
form.querySelector("[data-without-script]").remove();
form.elements.q.addEventListener("keydown", (event) => {
  if (event.key === "Enter") event.preventDefault();
});
