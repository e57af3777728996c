"""Writes static/css/agenda_rows.css: a class for each row, length and lane of the agenda's grid.

Pages allow no inline style.
"""

from __future__ import annotations

from pathlib import Path

PRINTED = 630  # CSS pixels of height for the rows on a sheet of paper (A4, landscape)
ROWS_AN_HOUR, MOST_LANES, LANE = 12, 12, 104  # as in portals/practitioner/agenda_grid.py
PATH = Path(__file__).resolve().parent.parent / "static" / "css" / "agenda_rows.css"
DAY = 24 * ROWS_AN_HOUR


def rules() -> str:
    """Row 0 of the day is the second row of the grid: the first has the headings."""
    lines = ["/* Made by tools/agenda_rows.py. */", "@media (min-width: 761px), print {"]
    hours = range(ROWS_AN_HOUR, DAY + 1, ROWS_AN_HOUR)
    lines += [f".grid-of-{n} {{ grid-template-rows: auto repeat({n}, minmax(var(--row), auto)); }}" for n in hours]
    lines += [f".at-{n} {{ grid-row-start: {n + 2}; }}" for n in range(DAY + 1)]
    lines += [f".for-{n} {{ grid-row-end: span {n}; }}" for n in range(1, DAY + 1)]
    lanes = range(1, MOST_LANES + 1)
    lines += [
        f".lanes-{n} {{ grid-template-columns: repeat({n}, minmax(min-content, 1fr)); "
        f"min-width: {max(132, n * LANE)}px; }}"
        for n in lanes
    ]
    lines += [f".lane-{n} {{ grid-column-start: {n}; }}" for n in lanes]
    lines += ["}", "@media print {"]
    lines += [f".grid-of-{n} {{ grid-template-rows: auto repeat({n}, {min(6, PRINTED / n):.2f}px); }}" for n in hours]
    return "\n".join([*lines, "}", ""])


if __name__ == "__main__":
    PATH.write_text(rules(), encoding="utf-8")
