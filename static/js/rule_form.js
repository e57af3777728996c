// Whether to send to those booked already changes nothing of what is shown: it is not asked for again.
document.querySelector("[data-rule-form]").addEventListener("change", (event) => {
  if (event.target.name === "to_booked") event.stopPropagation();
}, true);
