"""Draws docs/floors.svg from the code: `make docs`; `--check` fails if it is out of date.

One row for each floor of the import contract "Imports point down only" (pyproject.toml), one box for each room with
its first line and its size, one line for each pair of rooms of which one imports the other. Lines point down; their
width grows with the number of imports.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from math import log2
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "floors.svg"
CONTRACT = "Imports point down only"
# they import everything or nothing, and their lines would hide the others
NOT_DRAWN = {"tests", "bench", "tools", "deploy"}
WIDTH, ROW, BOX_HEIGHT, GAP, MARGIN = 1180, 104, 56, 24, 24  # pixels of the picture


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float


def main(arguments: list[str]) -> int:
    made = picture()
    if "--check" in arguments:
        if PICTURE.exists() and PICTURE.read_text() == made:
            return 0
        print("docs/floors.svg is out of date: make docs", file=sys.stderr)
        return 1
    PICTURE.write_text(made)
    return 0


def picture() -> str:
    floors = [[room for room in floor if room not in NOT_DRAWN] for floor in _floors()]
    floors = [floor for floor in floors if floor]
    boxes = _boxes(floors)
    height = MARGIN * 2 + ROW * (len(floors) - 1) + BOX_HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        *_lines(boxes),
        *(line for room, box in boxes.items() for line in _room(room, box)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _floors() -> list[list[str]]:
    """The floors from the top down, from the import contract."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["name"] == CONTRACT)
    return [[room.strip() for room in layer.split("|")] for layer in layers]


def _boxes(floors: list[list[str]]) -> dict[str, Box]:
    boxes = {}
    for row, floor in enumerate(floors):
        width = min(560, (WIDTH - 2 * MARGIN - GAP * (len(floor) - 1)) / len(floor))
        left = (WIDTH - width * len(floor) - GAP * (len(floor) - 1)) / 2
        # Shift every second floor a little, so that a line between two floors does not hide behind a third.
        left += 150 * (-1 if row % 2 else 1) if len(floor) == 1 else 0
        for place, room in enumerate(floor):
            boxes[room] = Box(left + place * (width + GAP), MARGIN + row * ROW, width)
    return boxes


def _lines(boxes: dict[str, Box]) -> Iterator[str]:
    for (upper, lower), count in sorted(_imports(set(boxes)).items()):
        above, below = boxes[upper], boxes[lower]
        start, end = above.x + above.width / 2, below.x + below.width / 2
        top, bottom = above.y + BOX_HEIGHT, below.y
        bend = (bottom - top) / 2
        yield (
            f'<path d="M{start:.0f} {top:.0f}C{start:.0f} {top + bend:.0f} {end:.0f} {bottom - bend:.0f} '
            f'{end:.0f} {bottom:.0f}" fill="none" stroke="#3a6ea5" stroke-opacity="0.45" '
            f'stroke-width="{1 + log2(count) / 2:.1f}"><title>{upper} imports {lower}: {count}</title></path>'
        )


def _room(room: str, box: Box) -> Iterator[str]:
    yield (
        f'<rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{BOX_HEIGHT}" rx="6" '
        'fill="#eef4fa" stroke="#1d4063"/>'
    )
    modules = list(_modules(room))
    lines = sum(len(path.read_text().splitlines()) for path in modules)
    yield (
        f'<text x="{box.x + 12:.0f}" y="{box.y + 23:.0f}" font-size="16" font-weight="bold" fill="#14293f">{room}'
        f'<tspan font-size="12" font-weight="normal"> {len(modules)} files, {round(lines, -2)} lines</tspan></text>'
    )
    first = (ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text())) or "").split("\n")[0]
    letters = int((box.width - 24) / 6.1)
    shown = first if len(first) <= letters else first[: letters - 1].rsplit(" ", 1)[0] + " …"
    yield f'<text x="{box.x + 12:.0f}" y="{box.y + 44:.0f}" font-size="12" fill="#14293f">{escape(shown)}</text>'


def _modules(room: str) -> Iterator[Path]:
    return (path for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts)


def _imports(rooms: set[str]) -> Counter[tuple[str, str]]:
    """Room that imports, room that is imported -> how often."""
    counts: Counter[tuple[str, str]] = Counter()
    for room in rooms:
        for path in _modules(room):
            for node in ast.walk(ast.parse(path.read_text())):
                names = []
                if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module]
                elif isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                for name in names:
                    other = name.partition(".")[0]
                    if other in rooms and other != room:
                        counts[room, other] += 1
    return counts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
