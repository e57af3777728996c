"""Templates as `djangofmt` writes them, with no line that a diff cannot show. `--write` formats them.

djangofmt keeps the white space that a browser shows; it breaks neither sentences nor attributes that hold statements.
Those are broken by hand: a long sentence as `blocktranslate trimmed`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
LINE_LENGTH = 120  # where djangofmt breaks
LONGEST = 200  # characters


def main(arguments: list[str]) -> int:
    command = [str(Path(sys.executable).parent / "djangofmt"), "--line-length", str(LINE_LENGTH)]
    if "--write" not in arguments:
        command.append("--check")
    formatted = subprocess.run([*command, str(TEMPLATES)], check=False, capture_output=True, text=True)
    if formatted.returncode != 0:
        print(formatted.stdout + formatted.stderr)
        print("Format them with: .venv/bin/python tools/lint_templates.py --write")
    long = too_long(TEMPLATES)
    for place in long:
        print(f"{place}: longer than {LONGEST} characters")
    return int(formatted.returncode != 0 or bool(long))


def too_long(folder: Path) -> list[str]:
    """`path:line` of each line of a template that is longer than LONGEST."""
    return [
        f"{path.relative_to(folder.parent)}:{number}"
        for path in sorted(folder.rglob("*.html"))
        for number, line in enumerate(path.read_text().split("\n"), start=1)
        if len(line) > LONGEST
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
