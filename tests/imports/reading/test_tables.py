"""Encodings, delimiters, headings, quotes: what is written is read, whatever the combination."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from imports.reading.headings import HEADINGS, OF_APPOINTMENTS, OF_PATIENTS, Field, field_of, recognised
from imports.reading.tables import DELIMITERS, read_table
from imports.reading.texts import Unreadable, encoding_of, text_of
from imports.reading.values import birth_date, clock, day, duration, moment, names_in

PARIS = ZoneInfo("Europe/Paris")
TODAY = date(2026, 11, 29)
LETTERS = st.text("abcdefghijklmnopqrstuvwxyzéèçàùôëïœÉÀÇ '-", min_size=1, max_size=20).map(str.strip).filter(bool)
CELL = st.one_of(LETTERS, st.text('ab;,|\t"\n é', max_size=12).map(str.strip))


@given(
    rows=st.lists(st.tuples(LETTERS, LETTERS, CELL, CELL), min_size=1, max_size=30),
    delimiter=st.sampled_from(DELIMITERS),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_a_table_is_read_as_it_was_written(
    rows: list[tuple[str, ...]], delimiter: str, encoding: str, end: str
) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator=end)
    writer.writerow(["Nom", "Prénom", "Né(e) le", "E-mail"])
    writer.writerows(rows)
    with text_of(io.BytesIO(written.getvalue().encode(encoding))) as text:
        table = read_table(iter(text))
        assert table.headings == ["Nom", "Prénom", "Né(e) le", "E-mail"]
        assert [tuple(row.cells) for row in table.rows] == rows


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        with text_of(io.BytesIO(content)) as text:
            list(read_table(iter(text)).rows)
    except Unreadable:
        pass


def test_a_row_has_the_number_of_its_first_line() -> None:
    text = 'Nom;Prénom\n"Du\nrand";Marie\n\nPetit;Paul\n'
    assert [row.line for row in read_table(iter(text.splitlines(keepends=True))).rows] == [2, 5]


@pytest.mark.parametrize("field", Field)
def test_each_field_is_recognised_by_its_headings(field: Field) -> None:
    for heading in HEADINGS.get(field, ()):
        assert field_of(heading.upper()) is field


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Né(e) le", Field.BIRTH_DATE),
        ("NOM DE NAISSANCE", Field.BIRTH_NAME),
        ("Tél. portable", Field.MOBILE),
        ("Courriel", Field.EMAIL),
        ("Date/heure", Field.START),
        ("Durée (min)", Field.DURATION),
        ("Date of birth", Field.BIRTH_DATE),
        ("E-mail address", Field.EMAIL),
        ("Couleur", None),
    ],
)
def test_headings(heading: str, field: Field | None) -> None:
    assert field_of(heading) is field


def test_of_two_columns_of_one_thing_the_first_counts() -> None:
    assert recognised(["Mobile", "Portable"], OF_PATIENTS) == {0: Field.MOBILE}
    assert recognised(["Motif"], OF_PATIENTS) == {}
    assert recognised(["Motif"], OF_APPOINTMENTS) == {0: Field.REASON}


def test_a_file_without_headings_loses_no_line() -> None:
    table = read_table(iter(["Durand;Marie;12/03/1950\n", "Petit;Paul;01/02/1960\n"]))
    assert table.headings == ["Colonne 1", "Colonne 2", "Colonne 3"]
    assert len(list(table.rows)) == 2


@pytest.mark.parametrize(
    "content", [b"", b" \n", b"PK\x03\x04zip", b"%PDF-1.7", b"\0\1\2\0\0\0", b"\xd0\xcf\x11\xe0"]
)
def test_other_files_are_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        encoding_of(io.BytesIO(content))
    assert refused.value.sentence.endswith(".")


def test_an_open_quote_is_named_by_its_line() -> None:
    with pytest.raises(Unreadable) as refused:
        list(read_table(iter(["Nom;Prénom\n", '"Durand;Marie\n', *["x;y\n"] * 100_000])).rows)
    assert "ligne 2" in refused.value.sentence


@given(st.dates(date(1905, 1, 1), TODAY))
def test_birth_dates_in_every_form(born: date) -> None:
    for written in (f"{born:%d/%m/%Y}", f"{born:%d.%m.%Y}", born.isoformat(), f"{born:%Y%m%d}", f"{born}T00:00:00"):
        assert birth_date(written, today=TODAY) == born
    short = f"{born:%d.%m.%y}"
    if born.year % 100 > 26 and born.year >= 1927:
        assert birth_date(short, today=TODAY) == born


@pytest.mark.parametrize("written", ["01.02.15", "31/02/1950", "1950", "demain", "", "12/03/1950 et après"])
def test_birth_dates_that_are_none(written: str) -> None:
    with pytest.raises(ValidationError):
        birth_date(written, today=TODAY)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)))
def test_moments_in_every_form(at: datetime) -> None:
    local = at.replace(second=0, microsecond=0, tzinfo=PARIS)
    if local.astimezone(ZoneInfo("UTC")).astimezone(PARIS) != local:
        return
    for form in ("%d/%m/%Y %H:%M", "%d/%m/%Y à %Hh%M", "%Y-%m-%d %H:%M:00", "%Y-%m-%dT%H:%M", "%d.%m.%Y %H.%M"):
        assert moment(local.strftime(form), PARIS) == local
    assert moment(local.isoformat(), PARIS) == local


def test_an_hour_that_clocks_skip_is_refused() -> None:
    with pytest.raises(ValidationError):
        moment("29/03/2026 02:30", PARIS)


def test_clocks_days_and_durations() -> None:
    assert [clock(one) for one in ("9h", "9:05", "09h30", "9.30", "9:30 PM")] == [
        time(9), time(9, 5), time(9, 30), time(9, 30), time(21, 30),
    ]  # fmt: skip
    assert day("03/04/2026 00:00:00") == date(2026, 4, 3)
    minutes = [duration(one) / timedelta(minutes=1) for one in ("20", "20 min", "1h", "1 h 30", "00:45", "01:00:00")]
    assert minutes == [20, 20, 60, 90, 45, 60]
    for written in ("", "0", "x", "25:00"):
        with pytest.raises(ValidationError):
            duration(written)


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("DURAND Marie", "Marie", "DURAND"),
        ("Marie DURAND", "Marie", "DURAND"),
        ("DE LA TOUR Jean-Paul", "Jean-Paul", "DE LA TOUR"),
        ("Durand, Marie", "Marie", "Durand"),
        ("Durand Marie", "Marie", "Durand"),
    ],
)
def test_names(written: str, first: str, last: str) -> None:
    found = names_in(written, last_first=True)
    assert (found.first, found.last) == (first, last)


def test_names_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(ValidationError):
        names_in("Jean Paul Durand", last_first=True)
