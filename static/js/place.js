// Offers only the places allowed for the chosen reason and agenda; the server checks again.
const places = JSON.parse(document.getElementById("places").textContent);
const select = document.querySelector("[data-place]");
const { visit_reason: reason, agenda } = select.form.elements;

function follow() {
  const kinds = places.reasons[reason.value] ?? ["in_person", "video"];
  const hasVideo = !agenda.value || places.agendas_with_video.includes(agenda.value);
  for (const option of select.options) {
    option.disabled = !kinds.includes(option.value) || (option.value === "video" && !hasVideo);
  }
  if (select.selectedOptions[0]?.disabled) {
    const possible = [...select.options].find((option) => !option.disabled);
    if (possible) possible.selected = true;
  }
}

reason.addEventListener("change", follow);
agenda.addEventListener("change", follow);
follow();
