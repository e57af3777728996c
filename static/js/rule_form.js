// The choice to send to existing bookings does not change the preview, so it causes no request.
document.querySelector("[data-rule-form]").addEventListener("change", (event) => {
  if (event.target.name === "to_booked") event.stopPropagation();
}, true);
