"""CSV: delimiter, headings, rows; quoted fields may contain line breaks (RFC 4180)."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from django.utils.translation import gettext as _

from imports.reading.headings import field_of
from imports.reading.texts import Unreadable, text_of

DELIMITERS = (";", ",", "\t", "|")
SAMPLE = 50  # lines of text
MOST_COLUMNS = 200
LIKE_A_VALUE = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-\d\d-\d\d|[^@\s]+@[^@\s]+|\+?[\d .]{8,}")


@dataclass(frozen=True)
class Row:
    """`line`: where it begins in the file, from 1."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Table:
    headings: list[str]
    rows: Iterator[Row]


def read_table(lines: Iterator[str]) -> Table:
    """`lines`: of the text, with their ends. Rows are read as they are needed.

    Raises Unreadable, also from `rows`.
    """
    sample = list(itertools.islice(lines, SAMPLE))
    rows = _rows(itertools.chain(sample, lines), delimiter_of(sample))
    first = next(rows, None)
    if first is None:
        raise Unreadable(_("Ce fichier est vide. Choisissez l’export de l’autre logiciel."))
    if len(first.cells) > MOST_COLUMNS:
        raise Unreadable(_("Ce fichier a plus de %(count)d colonnes.") % {"count": MOST_COLUMNS})
    if _is_heading(first.cells):
        return Table(first.cells, rows)
    headings = [_("Colonne %(number)d") % {"number": number} for number in range(1, len(first.cells) + 1)]
    return Table(headings, itertools.chain([first], rows))


def delimiter_of(sample: Sequence[str]) -> str:
    """The one by which most headings are recognised; then the one that makes most rows as long as the first."""

    def fitness(delimiter: str) -> tuple[int, int, int]:
        rows = list(itertools.islice(_leniently(sample, delimiter), SAMPLE))
        if not rows:
            return 0, 0, 0
        columns = len(rows[0])
        equal = sum(len(row) == columns for row in rows) if columns > 1 else 0
        return sum(field_of(cell) is not None for cell in rows[0]), equal, columns

    return max(DELIMITERS, key=fitness)


def _leniently(sample: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    try:
        for row in csv.reader(sample, delimiter=delimiter):
            if any(cell.strip() for cell in row):
                yield row
    except csv.Error:
        return


def _rows(lines: Iterable[str], delimiter: str) -> Iterator[Row]:
    reader = csv.reader((one.replace("\0", "") for one in lines), delimiter=delimiter)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            sentence = _('À partir de la ligne %(line)d, un guillemet (") ne se ferme pas. Corrigez cette ligne.')
            raise Unreadable(sentence % {"line": line}) from None
        if any(cell.strip() for cell in cells):
            yield Row(line, [cell.strip() for cell in cells])


def _is_heading(cells: Sequence[str]) -> bool:
    if any(field_of(cell) for cell in cells):
        return True
    return not any(LIKE_A_VALUE.fullmatch(cell.strip()) for cell in cells)


def count_lines(file: BinaryIO) -> int:
    with text_of(file) as text:
        return sum(1 for _line in text)
