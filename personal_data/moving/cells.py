"""CSV that a French spreadsheet opens by a double click: UTF-8 with its mark, semicolons, every cell in quotes.

A cell that begins with = + - @ (or a tab, or a line break) would be computed as a formula. It gets an apostrophe in
front; so does a cell that begins with an apostrophe, so that `plain` restores every text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

MARK = b"\xef\xbb\xbf"
GUARDED = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def guarded(text: str) -> str:
    return f"'{text}" if text.startswith(GUARDED) else text


def plain(cell: str) -> str:
    """The text of a cell that `guarded` wrote."""
    return cell[1:] if cell.startswith("'") else cell


def csv_lines(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The first row has the headings."""
    yield MARK
    for row in rows:
        buffer = io.StringIO()
        csv.writer(buffer, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(map(guarded, row))
        yield buffer.getvalue().encode()


def rows_in(file: IO[bytes]) -> Iterator[list[str]]:
    """What `csv_lines` wrote, headings first."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    for row in csv.reader(text, delimiter=";", strict=True):
        yield [plain(cell) for cell in row]
