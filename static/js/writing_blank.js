// Blanks of a written document, as chips: inserted and changed in one dialog, by its button, Ctrl+Alt+B, a double click,
// or Enter on a selected one.
const NAME = "blank";

// The blank that is selected, alone, as a node or as text; null if none is.
function selectedBlank({ selection: { $from, from, to } }) {
  const node = to - from === 1 ? $from.nodeAfter : null;
  return node?.type.name === NAME ? node.attrs : null;
}

const attribute = (name, from) => ({ default: null, parseHTML: (element) => element.dataset[from] ?? null, renderHTML: (attributes) => (attributes[name] === null ? {} : { [`data-${from}`]: attributes[name] }) });

export function blankNode(module, words, edit) {
  return module.Node.create({
    name: NAME,
    group: "inline",
    inline: true,
    atom: true,
    addAttributes: () => ({ label: attribute("label", "blank"), kind: attribute("kind", "kind"), choices: attribute("choices", "choices"), optional: attribute("optional", "optional") }),
    parseHTML: () => [{ tag: "span[data-blank]" }],
    renderHTML: ({ node, HTMLAttributes }) => ["span", { ...HTMLAttributes, class: "blank-gap" }, node.attrs.label + (node.attrs.optional ? ` (${words.optional})` : "")],
    addKeyboardShortcuts() {
      return {
        "Mod-Alt-b": () => edit() || true,
        Enter: () => (selectedBlank(this.editor.state) ? edit() || true : false),
      };
    },
  });
}

export class BlankDialog {
  constructor(root, editor, inText) {
    Object.assign(this, { editor, inText });
    this.dialog = root.querySelector("[data-dialog=blank]");
    this.fields = this.dialog.querySelector("form").elements;
    this.choices = this.dialog.querySelector("[data-blank-choices]");
    this.fields.kind.addEventListener("change", () => this.follow());
    this.dialog.addEventListener("close", () => this.closed());
    root.querySelector("[data-edit-blank]").addEventListener("click", () => this.open());
    editor.view.dom.addEventListener("dblclick", (event) => {
      if (event.target.closest(".blank-gap")) this.open();
    });
  }

  get selected() {
    return selectedBlank(this.editor.state);
  }

  follow() {
    this.choices.hidden = this.fields.kind.value !== "choice";
    this.fields.choices.required = !this.choices.hidden;
  }

  open() {
    const { label = "", kind = "short", choices = "", optional = null } = this.selected ?? {};
    this.fields.label.value = label;
    this.fields.kind.value = kind;
    this.fields.choices.value = (choices ?? "").replaceAll("|", "\n");
    this.fields.optional.checked = optional !== null;
    this.follow();
    this.dialog.returnValue = "";
    this.dialog.showModal();
  }

  closed() {
    const chain = this.inText();
    if (this.dialog.returnValue === "ok") {
      const { label, kind, choices, optional } = this.fields;
      const lines = choices.value.replaceAll("|", "/").split("\n").map((line) => line.trim()).filter(Boolean);
      const attrs = { label: label.value.trim(), kind: kind.value, choices: kind.value === "choice" ? lines.join("|") : null, optional: optional.checked ? "1" : null };
      if (this.selected) chain.updateAttributes(NAME, attrs);
      else chain.insertContent({ type: NAME, attrs });
    }
    chain.run();
  }
}
