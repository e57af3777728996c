// The picture of a page is asked for when it is about to be seen: half a screen ahead, where browsers' own lazy loading
// asks for several screens at once on a slow line.
const watcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    watcher.unobserve(target);
    target.src = target.dataset.near;
  }
}, { rootMargin: "50% 0px" });
document.querySelectorAll("img[data-near]").forEach((picture) => watcher.observe(picture));
// Printed or saved whole, the page has all of them.
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("img[data-near]").forEach((picture) => { picture.src = picture.dataset.near; });
});
