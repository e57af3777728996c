// The list updates while typing: its button is for browsers without scripts, and Enter in the field must not book.
const form = document.querySelector("[data-booking-form]");
form.querySelector("[data-without-script]").remove();
form.elements.q.addEventListener("keydown", (event) => {
  if (event.key === "Enter") event.preventDefault();
});
