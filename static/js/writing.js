// The editor of written documents: ProseMirror over the form's textarea, merge fields as chips, the PDF beside it.
import { config } from "./config.js";
import { draftIsSent, findDraft, forgetDraft, keepDraft } from "./drafts.js";
import { Toolbar } from "./toolbar.js";
import { blankNode, BlankDialog } from "./writing_blank.js";
import { Preview } from "./writing_preview.js";

const root = document.querySelector("[data-writing]");
const writing = config("writing");
const { words } = writing;
const form = root.querySelector("[data-writing-form]");
const textarea = form.elements.body;
const module = await import(writing.editor);

// A field is one thing: it is put in, moved or deleted whole, and can't be mistyped.
const MergeField = module.Node.create({
  name: "mergeField",
  group: "inline",
  inline: true,
  atom: true,
  addAttributes: () => ({ field: { parseHTML: (element) => element.dataset.field, renderHTML: ({ field }) => ({ "data-field": field }) } }),
  parseHTML: () => [{ tag: "span[data-field]" }],
  renderHTML: ({ HTMLAttributes }) => ["span", { ...HTMLAttributes, class: "merge-field" }, words.fields[HTMLAttributes["data-field"]] ?? HTMLAttributes["data-field"]],
});
const Blank = blankNode(module, words, () => blanks.open());
// The Tab key leaves the editor (WCAG 2.1.2). In a table it goes from cell to cell first, and leaves by the last one.
const ListItem = module.ListItem.extend({
  addKeyboardShortcuts() {
    return { Enter: () => this.editor.commands.splitListItem(this.name) };
  },
});
const Table = module.Table.extend({
  addKeyboardShortcuts() {
    return { ...this.parent?.(), Tab: () => this.editor.commands.goToNextCell(), "Shift-Tab": () => this.editor.commands.goToPreviousCell() };
  },
});

const { Document, Paragraph, Text, HardBreak, Heading, Bold, Italic, Underline, BulletList, OrderedList, Link, TableRow, TableHeader, TableCell, Image, History, Gapcursor, Dropcursor } = module;
const place = document.createElement("div");
place.className = "editor-place form-control";
textarea.before(place);
textarea.hidden = true;
const { id } = textarea;
textarea.id = `${id}-html`; // what is said of the text leads to the editor
root.querySelector("[data-tools]").hidden = false;
root.querySelector("[data-plain-help]").remove();
const label = root.querySelector("[data-body-label]");
label.removeAttribute("for");
label.addEventListener("click", () => inText().run());
const wrong = root.querySelector("[data-body-error]");
let changed = "changed" in root.dataset; // refused text is not saved
const preview = new Preview({ root, form, writing });
const toolbar = new Toolbar(root.querySelector("[role=toolbar]"));

const editor = new module.Editor({
  element: place,
  injectCSS: false, // the page's policy allows no style that a script writes
  extensions: [Document, Paragraph, Text, HardBreak, Heading.configure({ levels: [1, 2, 3] }), Bold, Italic, Underline, BulletList, OrderedList, ListItem, Link.configure({ openOnClick: false, autolink: false }), Table.configure({ resizable: false }), TableRow, TableHeader, TableCell, Image.configure({ inline: true }), History, Gapcursor, Dropcursor, MergeField, Blank],
  content: textarea.value,
  editorProps: { attributes: { id, role: "textbox", "aria-multiline": "true", "aria-label": words.editor, "aria-describedby": ["editor-help", wrong?.id].filter(Boolean).join(" "), ...(wrong && { "aria-invalid": "true" }) } },
  onUpdate: typed,
  onTransaction: ({ editor: one }) => show(one),
});
const blanks = new BlankDialog(root, editor, inText);
const saved = editor.getHTML();
textarea.value = saved;

function typed() {
  textarea.value = editor.getHTML();
  changed = true;
  keepDraft({ title: form.elements.title.value, body: textarea.value });
  preview.ask();
}

const commands = {
  heading: (chain, button) => chain.toggleHeading({ level: Number(button.dataset.level) }),
  paragraph: (chain) => chain.setParagraph(),
  bold: (chain) => chain.toggleBold(),
  italic: (chain) => chain.toggleItalic(),
  underline: (chain) => chain.toggleUnderline(),
  bulletList: (chain) => chain.toggleBulletList(),
  orderedList: (chain) => chain.toggleOrderedList(),
  table: (chain) => chain.insertTable({ rows: 3, cols: 2, withHeaderRow: true }),
  addRow: (chain) => chain.addRowAfter(),
  addColumn: (chain) => chain.addColumnAfter(),
  deleteRow: (chain) => chain.deleteRow(),
  deleteColumn: (chain) => chain.deleteColumn(),
  deleteTable: (chain) => chain.deleteTable(),
  undo: (chain) => chain.undo(),
  redo: (chain) => chain.redo(),
};
const asked = { link: askLink };

// The text has the focus at once, where the editor's own command gives it a frame later: what is typed right after a
// button is not lost on a slow machine.
function inText() {
  editor.view.focus();
  return editor.chain().scrollIntoView();
}

for (const button of toolbar.buttons) {
  const { command } = button.dataset;
  button.addEventListener("click", () => (asked[command] ? asked[command]() : commands[command](inText(), button).run()));
}

// Asked in a dialog of the page. Resolves to the choice ("" for Escape) and what was typed.
function ask(name, value) {
  const dialog = root.querySelector(`[data-dialog=${name}]`);
  const input = dialog.querySelector("input");
  input.value = value;
  dialog.returnValue = "";
  dialog.showModal();
  input.select();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve({ choice: dialog.returnValue, text: input.value.trim() }), { once: true });
  });
}

async function askLink() {
  const { choice, text } = await ask("link", editor.getAttributes("link").href ?? "");
  const chain = inText();
  if (choice === "remove" || (choice === "ok" && !text)) chain.extendMarkRange("link").unsetMark("link");
  else if (choice === "ok") {
    const href = /^(https?:|mailto:|tel:)/i.test(text) ? text : text.includes("@") ? `mailto:${text}` : `https://${text}`;
    if (editor.state.selection.empty && !editor.isActive("link")) chain.insertContent({ type: "text", text, marks: [{ type: "link", attrs: { href } }] });
    else chain.extendMarkRange("link").setMark("link", { href });
  }
  chain.run();
}

root.querySelector("[data-insert-field]").addEventListener("click", () => {
  const field = root.querySelector("#insert-field").value;
  inText().insertContent({ type: "mergeField", attrs: { field } }).run();
});
root.querySelector("[data-insert-picture]")?.addEventListener("click", async () => {
  const chosen = root.querySelector("#insert-picture");
  const { choice, text: alt } = await ask("picture", chosen.selectedOptions[0].textContent);
  const chain = inText();
  if (choice === "ok") chain.insertContent({ type: "image", attrs: { src: chosen.value, alt } });
  chain.run();
});

function show(editor) {
  for (const button of toolbar.buttons) {
    const { command, level } = button.dataset;
    if (button.hasAttribute("aria-pressed")) button.setAttribute("aria-pressed", String(editor.isActive(command, level ? { level: Number(level) } : {})));
    if ("inTable" in button.dataset) button.hidden = !editor.isActive("table");
  }
  toolbar.refresh();
}

form.elements.title.addEventListener("input", typed);
form.addEventListener("submit", () => {
  changed = false;
  draftIsSent();
});
window.addEventListener("beforeunload", (event) => {
  if (changed) event.preventDefault(); // the browser asks in its own words
});

const draft = findDraft();
if (draft && draft.body !== saved) {
  const offer = root.querySelector("[data-draft]");
  offer.hidden = false;
  offer.querySelector("[data-take-draft]").addEventListener("click", () => {
    form.elements.title.value = draft.title;
    offer.remove();
    inText().setContent(draft.body, { emitUpdate: true }).run();
  });
  offer.querySelector("[data-leave-draft]").addEventListener("click", () => {
    forgetDraft();
    offer.remove();
    inText().run();
  });
}
show(editor);
root.dataset.ready = "";
if (!editor.isEmpty) preview.ask();
