// The seconds in which an act can be undone. They are shown, not announced (WCAG 4.1.3); without this script the button
// works until the server answers that it is too late.
const seen = new WeakSet();

export function countDown(root = document) {
  for (const bar of root.querySelectorAll("[data-undo-bar]")) {
    if (seen.has(bar)) continue;
    seen.add(bar);
    run(bar, Date.now() + Number(bar.dataset.undoBar) * 1000);
  }
}

function run(bar, end) {
  const timer = setInterval(() => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (!bar.isConnected) clearInterval(timer);
    else if (left > 0) bar.querySelector("[data-undo-left]").textContent = String(left);
    else {
      clearInterval(timer);
      over(bar);
    }
  }, 500);
}

// The focus must not be lost: a button that has it stays until it is left.
function over(bar) {
  bar.querySelector("[data-undo-running]").hidden = true;
  bar.querySelector("[data-undo-over]").hidden = false;
  const button = bar.querySelector("button");
  if (document.activeElement !== button) bar.remove();
  else button.addEventListener("blur", () => bar.remove());
}

countDown();
document.addEventListener("htmx:afterSettle", () => countDown());
