"""Parses the pages of docs/illnesses/ into blocks for a template: one page for each part, and some for alarms only.

They are written in a small part of Markdown: headings, paragraphs, lists, fenced code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

FOLDER: Path = settings.BASE_DIR / "docs" / "illnesses"


@dataclass
class Block:
    """`kind`: "heading", "paragraph", "list" or "code"; a list has one line for each item."""

    kind: str
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return ("\n" if self.kind == "code" else " ").join(self.lines)


def pages() -> set[str]:
    """Names of all pages. A requested name is looked up among them, so user input never becomes a path."""
    return {path.stem for path in FOLDER.glob("[a-z]*.md")}


def title(page: str) -> str:
    return _lines(page)[0].lstrip("# ")


def blocks(page: str) -> list[Block]:
    """A page without its title. `page`: one of pages()."""
    result: list[Block] = []
    open_block: Block | None = None
    for line in _lines(page)[1:]:
        if open_block and open_block.kind == "code":
            if line.startswith("```"):
                open_block = None
            else:
                open_block.lines.append(line)
            continue
        if not line.strip():
            open_block = None
            continue
        kind, text = _kind(line)
        if kind == "continued" and open_block:
            _continue(open_block, text)
            continue
        if open_block is None or kind != "list" or open_block.kind != "list":
            open_block = Block("paragraph" if kind == "continued" else kind)
            result.append(open_block)
        if kind != "code":
            open_block.lines.append(text)
    return result


def _lines(page: str) -> list[str]:
    return (FOLDER / f"{page}.md").read_text().splitlines()


def _kind(line: str) -> tuple[str, str]:
    if line.startswith("```"):
        return "code", ""
    if line.startswith("#"):
        return "heading", line.lstrip("# ")
    if line.startswith("- "):
        return "list", line[2:]
    return "continued", line.strip()


def _continue(block: Block, text: str) -> None:
    """Append a continuation line to the block."""
    if block.kind == "list":
        block.lines[-1] += f" {text}"
    else:
        block.lines.append(text)
