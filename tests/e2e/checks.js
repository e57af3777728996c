// What axe-core does not look at. Returns the faults of the page as sentences; run in the page under test.
() => {
  const faults = [];
  const seen = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: false }) && !one.closest(".visually-hidden, [inert]");
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const short = (one) => one.outerHTML.replace(/\s+/g, " ").slice(0, 140);
  const dialog = document.querySelector("dialog[open]");
  const scope = (one) => !dialog || dialog.contains(one);

  // An id names one element (HTML, 3.2.6): labels and descriptions lead to the first alone.
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) faults.push(`the id ${id} is there twice`);

  // An error is tied to a field that says it is invalid (WCAG 3.3.1, 1.3.1).
  for (const error of all(".field-error, .errorlist").filter((one) => one.textContent.trim() && !one.closest("[role=alert]"))) {
    const named = error.closest("[id]")?.id;
    const field = named && document.querySelector(`[aria-describedby~="${named}"]`);
    if (!field) faults.push(`no field is described by the error: ${short(error)}`);
    else if (field.getAttribute("aria-invalid") !== "true" && field.tagName !== "FIELDSET" && field.getAttribute("role") !== "group") faults.push(`not aria-invalid: ${short(field)}`);
  }
  for (const field of document.querySelectorAll("[aria-describedby]")) {
    for (const id of field.getAttribute("aria-describedby").split(/\s+/).filter(Boolean)) {
      if (!document.getElementById(id)) faults.push(`described by ${id}, which is not there: ${short(field)}`);
    }
  }

  // A drawing has a name (RGAA 1.1; axe-core looks at img and svg).
  for (const one of all("canvas")) if (!one.getAttribute("aria-label") || one.getAttribute("role") !== "img") faults.push(`no name: ${short(one)}`);

  // Buttons and links of different cards that do different things have different names (WCAG 2.4.6, 2.4.9).
  const names = new Map();
  for (const one of all("[data-card], .document-card, .doc-line, .library-card, .import-row, .rule-card, .slot-line")) {
    if (one.parentElement.closest("[data-card], .document-card, .doc-line, .library-card")) continue;
    for (const button of [...one.querySelectorAll("button, a.btn, [role=switch], input:not([type=hidden]), select, summary")].filter(seen)) {
      const label = button.labels?.[0]?.textContent ?? button.textContent;
      const by = (button.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean).map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
      const name = (by || button.getAttribute("aria-label") || label).replace(/\s+/g, " ").trim();
      const group = button.closest("[role=group][aria-labelledby], fieldset");
      const whole = name + (group ? ` | ${document.getElementById(group.getAttribute("aria-labelledby"))?.textContent ?? ""}` : "");
      const other = names.get(whole);
      const sameWay = other && button.href && other.button.href === button.href; // one name for one place is right
      if (other && other.one !== one && !sameWay) faults.push(`two cards have a ${button.tagName} named "${name}"`);
      names.set(whole, { one, button });
    }
  }

  // One h1, and no level left out (WCAG 1.3.1). A summary of errors stands above the h1.
  const headings = all("h1, h2, h3, h4, h5, h6").filter((one) => !one.closest("dialog:not([open])"));
  const ones = [...document.querySelectorAll("h1")].filter((one) => one.checkVisibility() && !one.closest("dialog"));
  if (ones.length !== 1) faults.push(`${ones.length} h1`);
  let level = 1;
  for (const heading of headings.filter((one) => !one.closest("[data-error-summary], dialog"))) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) faults.push(`h${own} after h${level}: ${heading.textContent.trim().slice(0, 60)}`);
    level = own;
  }

  // Targets are 24 px at least (WCAG 2.5.8), but links within a sentence.
  for (const one of all("a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=switch]").filter(scope)) {
    if (one.matches(".visually-hidden-focusable:not(:focus)")) continue; // no target until the keyboard reaches it
    const { width, height } = (one.type === "checkbox" || one.type === "radio" ? one.closest("label") ?? one : one).getBoundingClientRect();
    const inline = one.tagName === "A" && getComputedStyle(one).display === "inline" && [...one.parentElement.childNodes].some((beside) => beside !== one && beside.textContent.trim());
    if (!inline && width > 0 && (width < 23.5 || height < 23.5)) faults.push(`${Math.round(width)} × ${Math.round(height)} px: ${short(one)}`);
  }

  // A module has one address: loaded under two, it runs twice.
  const loaded = performance.getEntriesByType("resource").map((one) => new URL(one.name).pathname).filter((path) => path.includes("/js/"));
  const plain = [...new Set(loaded)].map((path) => path.replace(/\.[0-9a-f]{12}\.js$/, ".js"));
  for (const path of new Set(plain.filter((one, at) => plain.indexOf(one) !== at))) faults.push(`${path} is loaded twice`);
  return faults;
}
