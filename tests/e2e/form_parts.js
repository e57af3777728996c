// Parts of forms that axe-core does not look into: what they show, in the scheme that is emulated.
() => {
  const faults = [];
  const seen = (one) => one.checkVisibility({ visibilityProperty: true });
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  // Any colour of CSS as red, green, blue, alpha, over what lies below.
  const paint = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const below = (one) => {
    const colours = [];
    for (let each = one; each; each = each.parentElement) colours.unshift(getComputedStyle(each).backgroundColor);
    return ["Canvas", ...colours];
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((one) => (one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  for (const input of [...document.querySelectorAll("input[type=file]")].filter(seen)) {
    const button = getComputedStyle(input, "::file-selector-button");
    const found = ratio(paint([...below(input), button.backgroundColor, button.color]), paint([...below(input), button.backgroundColor]));
    if (found < 4.5) faults.push(`the button of ${input.id || input.name}: ${found.toFixed(2)}:1`);
  }
  for (const input of [...document.querySelectorAll("main input:not([type=hidden], [type=checkbox], [type=radio], [type=file]), main select, main textarea")].filter(seen)) {
    const style = getComputedStyle(input);
    const around = paint(below(input.parentElement));
    const edge = Math.max(ratio(paint([...below(input.parentElement), style.borderTopColor]), around), ratio(paint(below(input)), around));
    if (edge < 3) faults.push(`the edge of ${input.id || input.name}: ${edge.toFixed(2)}:1`);
  }
  // A switch shows its state by something that forced colours leave: a border, an outline, a text.
  for (const toggle of [...document.querySelectorAll("[role=switch]")].filter(seen)) {
    const parts = [toggle, ...toggle.querySelectorAll("*")].flatMap((one) => [getComputedStyle(one), getComputedStyle(one, "::before"), getComputedStyle(one, "::after")]);
    const edged = parts.filter((style) => style.content !== "none" && (Number.parseFloat(style.borderTopWidth) > 0 && style.borderTopStyle !== "none"));
    if (matchMedia("(forced-colors: active)").matches && edged.length < 2) faults.push(`a switch without edges: ${toggle.textContent.trim()}`);
  }
  return faults;
}
