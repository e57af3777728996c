// A toolbar is one stop of the Tab key; arrows, Home and End go from button to button (ARIA Authoring Practices).
export class Toolbar {
  constructor(element) {
    this.buttons = [...element.querySelectorAll("button")];
    this.refresh();
    element.addEventListener("keydown", (event) => this.move(event));
    element.addEventListener("focusin", ({ target }) => this.stopAt(target));
  }

  get shown() {
    return this.buttons.filter((button) => !button.hidden);
  }

  // If the current stop was hidden, another button replaces it.
  refresh() {
    const stop = this.shown.find((button) => button.tabIndex === 0 && button === this.stop) ?? this.shown[0];
    this.stopAt(stop);
  }

  stopAt(stop) {
    if (!this.buttons.includes(stop)) return;
    this.stop = stop;
    for (const button of this.buttons) button.tabIndex = button === stop ? 0 : -1;
  }

  move(event) {
    const shown = this.shown;
    const here = shown.indexOf(document.activeElement);
    const next = { ArrowRight: here + 1, ArrowLeft: here - 1 + shown.length, Home: 0, End: shown.length - 1 }[event.key];
    if (next === undefined) return;
    shown[next % shown.length].focus();
    event.preventDefault();
  }
}
