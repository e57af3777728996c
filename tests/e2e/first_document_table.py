"""The table of docs/first_document.md: what each part of the walk from nothing takes."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from tests.e2e.hands import Ledger

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "first_document.md"
ROW = re.compile(r"^\| ([^|]+?) \| (\d+) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)
COLUMNS = {"by mouse": 2, "by keyboard alone": 3}  # where the seconds of a row stand


READ = "The same read by the patient, on a telephone"  # the last part that is needed


def actions_in(text: str) -> dict[str, int]:
    """The actions of each part, without the total."""
    return {name: int(actions) for name, actions, *_seconds in ROW.findall(text)}


def total(ledger: Ledger) -> tuple[int, float]:
    """Actions and seconds up to the document read, without what can wait."""
    names = list(ledger.parts)
    needed = [ledger.parts[name] for name in names[: names.index(READ) + 1] if "can wait" not in name]
    return sum(part.actions for part in needed), sum(part.seconds for part in needed)


def written(ledger: Ledger, way: str) -> str:
    """The document with this walk's counts, and its seconds in the column of its way."""
    text = DOCUMENT.read_text()
    known = {name: [actions, by_mouse, by_keys] for name, actions, by_mouse, by_keys in ROW.findall(text)}
    rows = []
    for name, part in ledger.parts.items():
        seconds = known.get(name, ["", "", ""])[1:]
        seconds[COLUMNS[way] - 2] = f"{part.seconds:.0f}"
        rows.append(f"| {name} | {part.actions} | {seconds[0]} | {seconds[1]} |")
    sums = re.search(r"^\| \*\*Up to .*\| (.*) \| (.*) \|$", text, re.MULTILINE)
    seconds = list(sums.groups()) if sums else ["", ""]
    actions, sum_of_seconds = total(ledger)
    seconds[COLUMNS[way] - 2] = f"**{sum_of_seconds:.0f}**"
    label = "**Up to the document read, without what can wait**"
    rows.append(f"| {label} | **{actions}** | {seconds[0]} | {seconds[1]} |")
    before, _first, rest = text.partition("<!-- rows -->\n")
    _rows, _last, after = rest.partition("<!-- end of rows -->\n")
    after = re.sub(r"\d{4}-\d\d-\d\d", f"{timezone.localdate():%Y-%m-%d}", after, count=1)
    return f"{before}<!-- rows -->\n" + "\n".join(rows) + f"\n<!-- end of rows -->\n{after}"
