// The choice to send to existing bookings does not change the preview, so it causes no request.
document.querySelector("[data-rule-form]").addEventListener("change", (event) => {
  if (event.target.name === "to_booked") event.stopPropagation();
}, true);

// A part whose fields have changed does not say any more what was set.
for (const part of document.querySelectorAll(".rule-part")) {
  const words = part.querySelector("[data-set]");
  part.addEventListener("change", () => {
    words.textContent = words.dataset.changed;
  });
}
