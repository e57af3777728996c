"""Compiles changed locale/*/LC_MESSAGES/*.po to .mo. In Python, because a fresh machine has no msgfmt."""

from __future__ import annotations

import os
from pathlib import Path

import polib

LOCALE = Path(__file__).resolve().parent.parent / "locale"


def compile_texts() -> list[Path]:
    """Compile; returns the .mo files written. Raises OSError with the line of a syntax error in a .po file."""
    written = []
    for source in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        polib.pofile(str(source), check_for_duplicates=True).save_as_mofile(str(partial))
        partial.chmod(0o644)  # root may compile them, and the site is another user
        partial.replace(target)
        written.append(target)
    return written


if __name__ == "__main__":
    for path in compile_texts():
        print(path.relative_to(LOCALE.parent))
