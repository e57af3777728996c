"""Prints how much of each room the tests run: `python tools/coverage_by_room.py coverage.json`, from the report of
`coverage json`. No threshold: a number that must not fall is reached by tests that assert nothing.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any


def by_room(report: dict[str, Any]) -> list[tuple[str, int, int]]:
    """Room, statements, and those that ran; the room with the least part of them first."""
    statements: Counter[str] = Counter()
    ran: Counter[str] = Counter()
    for name, file in report["files"].items():
        room = Path(name).parts[0]
        statements[room] += file["summary"]["num_statements"]
        ran[room] += file["summary"]["covered_lines"]
    rows = [(room, count, ran[room]) for room, count in statements.items() if count]
    return sorted(rows, key=lambda row: row[2] / row[1])


def main(path: str) -> None:
    rows = by_room(json.loads(Path(path).read_text()))
    for room, statements, ran in [*rows, ("all", sum(row[1] for row in rows), sum(row[2] for row in rows))]:
        print(f"{room:14} {statements:6} statements {100 * ran / max(1, statements):5.1f} %")


if __name__ == "__main__":
    main(*sys.argv[1:])
