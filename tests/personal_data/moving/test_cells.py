"""Texts come back from CSV and JSON, and no spreadsheet computes them."""

from __future__ import annotations

import csv
import io
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personal_data.moving.cells import GUARDED, MARK, csv_lines, guarded, rows_in
from personal_data.moving.tables import as_objects

# Every script; not what no database column holds.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
HARD = st.sampled_from(
    ['"', ";", "\n", "\r", "\r\n", "=1+1", "+33 6", "-1", "@a", "\t=1", "'", "''=", "\ufeff", 'é;ü"', "‏א"]
)
CELLS = st.one_of(TEXTS, HARD, st.tuples(HARD, TEXTS).map("".join))
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8)


@UNHURRIED
@given(ROWS)
def test_every_text_comes_back_from_csv(rows: list[tuple[str, str, str]]) -> None:
    table = [("Nom", "Prénom", "E-mail"), *rows]
    written = b"".join(csv_lines(table))
    assert written.startswith(MARK)
    assert [tuple(row) for row in rows_in(io.BytesIO(written))] == table


@UNHURRIED
@given(ROWS)
def test_every_text_comes_back_from_json(rows: list[tuple[str, str, str]]) -> None:
    table = [("Nom", "Prénom", "E-mail"), *rows]
    found = json.loads(b"".join(as_objects(table)))
    assert [tuple(one.values()) for one in found] == rows


@UNHURRIED
@given(CELLS)
def test_no_cell_begins_like_a_formula(text: str) -> None:
    """As a spreadsheet reads it, which knows nothing of our apostrophes."""
    written = b"".join(csv_lines([("a",), (text,)])).decode("utf-8-sig")
    cell = list(csv.reader(io.StringIO(written, newline=""), delimiter=";"))[1][0]
    assert not cell.startswith(tuple(one for one in GUARDED if one != "'"))
    assert cell == guarded(text)
