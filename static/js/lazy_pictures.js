// Loads the picture of a page half a screen before it becomes visible. Browsers' own lazy loading requests several
// screens at once on a slow connection.
const watcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    watcher.unobserve(target);
    target.src = target.dataset.near;
  }
}, { rootMargin: "50% 0px" });
document.querySelectorAll("img[data-near]").forEach((picture) => watcher.observe(picture));
// Load all pictures before printing.
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("img[data-near]").forEach((picture) => { picture.src = picture.dataset.near; });
});
