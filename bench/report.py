"""The table of goals: each measurement adds its rows, `make bench` prints them together.

A row compares with a floor or a peer of the same run. With `python -m bench --table docs/performance.md` the table
replaces the one in that document.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

ROWS = "BENCH_ROWS"  # environment: the file that rows are added to, one JSON object a line
BEGIN, END = "<!-- make bench: begin -->", "<!-- make bench: end -->"
HEAD = ("work", "ours", "floor or peer, same run", "compared", "goal", "met", "still done")
STEPS = 10_000_000


@dataclass(frozen=True)
class Row:
    work: str
    ours: str
    beside: str  # the floor or the peer
    compared: str  # what the goal is about
    goal: str  # "" if there is none
    met: bool
    still: str  # the checks within what was measured


def add(row: Row) -> None:
    """Print it, and add it to the table if one is being made."""
    verdict = f"goal {row.goal}: {'met' if row.met else 'MISSED'}" if row.goal else ""
    said = "; ".join(filter(None, (row.ours, row.beside, row.compared, verdict)))
    print(f"* {row.work}: {said}", flush=True)
    if path := os.environ.get(ROWS):
        with Path(path).open("a") as rows:
            rows.write(json.dumps(asdict(row)) + "\n")


def at_most(
    work: str, value: float, goal: float | None, unit: str, *, ours: str = "", beside: str = "", still: str = ""
) -> None:
    """`goal` is None for a figure without one."""
    told = "" if goal is None else f"≤ {goal:g}{unit}"
    add(Row(work, ours, beside, f"{value:.3g}{unit}", told, goal is None or value <= goal, still))


def at_least(
    work: str, value: float, goal: float, unit: str, *, ours: str = "", beside: str = "", still: str = ""
) -> None:
    add(Row(work, ours, beside, f"{value:.3g}{unit}", f"≥ {goal:g}{unit}", value >= goal, still))


@contextmanager
def collected() -> Iterator[Path]:
    """The file of rows, for measurements in this process and in others that it starts."""
    with NamedTemporaryFile("w", prefix="docshare-rows-", suffix=".jsonl") as file:
        os.environ[ROWS] = file.name
        try:
            yield Path(file.name)
        finally:
            del os.environ[ROWS]


def table(rows: Path) -> str:
    """In Markdown, with the day, the machine's cores and how quick one of them is."""
    made = [Row(**json.loads(line)) for line in rows.read_text().splitlines()]
    lines = ["| " + " | ".join(HEAD) + " |", "| " + " | ".join("---" for _ in HEAD) + " |"]
    for row in made:
        met = ("yes" if row.met else "**no**") if row.goal else ""
        cells = (row.work, row.ours, row.beside, row.compared, row.goal, met, row.still)
        lines.append("| " + " | ".join(cells) + " |")
    return f"{_machine()}\n\n" + "\n".join(lines) + "\n"


def write_into(document: Path, text: str) -> None:
    """Replace what stands between the two marks. Raises ValueError if the document lacks one."""
    before, begin, rest = document.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{document} lacks the marks of the table.")
    document.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")


def _machine() -> str:
    began = time.perf_counter()
    for _ in range(STEPS):
        pass
    seconds = time.perf_counter() - began
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} by `make bench`, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}; ten million steps of an empty Python loop take {seconds:.2f} s there."
    )
