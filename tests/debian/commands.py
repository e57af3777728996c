"""The commands on a page of docs/: lines in its fenced `console` blocks that begin with `# ` or `$ `."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Command:
    """`heading`: the nearest one above the command."""

    heading: str
    line: str


def commands_of(page: Path, section: str) -> list[Command]:
    """The commands below the heading `## section`, in order. Raises ValueError if there are none."""
    found: list[Command] = []
    text = page.read_text()
    match = re.search(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    for part in re.split(r"^(?=### )", match[1] if match else "", flags=re.MULTILINE):
        heading = part.splitlines()[0].removeprefix("### ") if part.startswith("### ") else section
        for block in BLOCK.findall(part):
            found += [Command(heading, line[2:]) for line in block.splitlines() if line.startswith(("# ", "$ "))]
    if not found:
        raise ValueError(f"{page.name} has no commands under {section}.")
    return found
