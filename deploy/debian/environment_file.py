"""Parses /etc/docshare/environment as systemd does (systemd.exec(5), EnvironmentFile=)."""

from __future__ import annotations

from pathlib import Path

ESCAPED_IN_DOUBLE_QUOTES = '"\\`$'


def read(path: Path) -> dict[str, str]:
    """The variables of the file; of one name, the last value counts. Raises OSError."""
    return parse(path.read_text())


def parse(text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for line in _lines(text):
        name, equals, value = line.partition("=")
        name = name.strip()
        if equals and name.isidentifier() and name.isascii():
            values[name] = _value(value)
    return values


def _lines(text: str) -> list[str]:
    """Lines without comments, joined if a line ends within quotes or with a backslash."""
    lines: list[str] = []
    going_on = ""
    for line in text.splitlines():
        if not going_on and line.lstrip()[:1] in ("#", ";"):
            continue
        going_on += line
        quoted, escaped = _state(going_on)
        if escaped:
            going_on = going_on[:-1]
        elif quoted:
            going_on += "\n"
        else:
            lines.append(going_on)
            going_on = ""
    return [*lines, going_on] if going_on else lines


def _state(line: str) -> tuple[str, bool]:
    """The quote that is open at the end of the line (or ""), and whether its last character is a backslash."""
    quote, escaped = "", False
    for letter in line.partition("=")[2]:
        if escaped:
            escaped = False
        elif letter == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
    return quote, escaped


def _value(written: str) -> str:
    value, quote, escaped = "", "", False
    end = 0  # length of the value without trailing blanks
    for letter in written.lstrip():
        if escaped:
            value += letter if quote != '"' or letter in ESCAPED_IN_DOUBLE_QUOTES else f"\\{letter}"
            escaped = False
        elif letter == "\\" and quote != "'":
            escaped = True
            continue
        elif letter == quote:
            quote = ""
        elif not quote and letter in "'\"":
            quote = letter
        else:
            value += letter
            if not quote and letter in " \t":
                continue
        end = len(value)
    return value[:end]
