"""Folded lines of iCalendar and vCard. Imports no Django, because jobs of the sandbox need it."""

from __future__ import annotations

from collections.abc import Iterator

LONGEST = 4 << 20  # characters of a logical line: a photograph may be inside


def unfolded(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first one (RFC 5545, 3.1; RFC 6350, 3.2)."""
    start, parts, length = 0, list[str](), 0
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip("\r\n").replace("\0", "")
        if line[:1] in (" ", "\t") and parts:
            length += len(line)
            if length < LONGEST:
                parts.append(line[1:])
            continue
        if parts:
            yield start, "".join(parts)
        start, parts, length = number, [line], len(line)
    if parts:
        yield start, "".join(parts)
