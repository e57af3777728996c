"""vCard 3 and 4 (RFC 2426, RFC 6350): one row for each card."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from icalendar.parser import Contentline

from imports.reading.folding import unfolded
from imports.reading.headings import Field
from imports.reading.tables import Row

COLUMNS = (
    *(Field.LAST_NAME, Field.FIRST_NAME, Field.FIRST_LAST, Field.BIRTH_DATE),
    *(Field.MOBILE, Field.TELEPHONE, Field.EMAIL),
)


class Property(NamedTuple):
    name: str
    types: frozenset[str]
    value: str


def read_cards(lines: Iterator[str]) -> Iterator[Row]:
    """Rows of COLUMNS. Lines that are no property are skipped: the row then lacks them and is refused for it."""
    start, card = 0, list[Property]()
    inside = False
    for number, line in unfolded(lines):
        bare = line.strip().upper()
        if bare == "BEGIN:VCARD":
            start, card, inside = number, [], True
        elif bare == "END:VCARD" and inside:
            yield Row(start, _cells(card))
            inside = False
        elif inside and (entry := _property(line)):
            card.append(entry)


def _property(line: str) -> Property | None:
    try:
        name, parameters, value = Contentline(line).parts()
    except ValueError:
        return None
    name = name.rpartition(".")[2].upper()  # item1.TEL: a group (RFC 6350, 3.3)
    types = parameters.get("TYPE", [])
    listed = types if isinstance(types, list) else [types]
    kinds = {word.strip('" ').lower() for one in listed for word in str(one).split(",")}
    if "PREF" in parameters:
        kinds.add("pref")
    return Property(name, frozenset(kinds), value)


def _cells(card: list[Property]) -> list[str]:
    parts = [_plain(one) for one in _split(_first(card, "N"))] + ["", ""]
    telephones = [(one.types, _plain(one.value).removeprefix("tel:")) for one in _preferred(card, "TEL")]
    mobile = next((number for types, number in telephones if types & {"cell", "iphone", "mobile"}), "")
    others = [number for _types, number in telephones if number != mobile]
    last, first = parts[0], parts[1]
    values = {
        Field.LAST_NAME: last,
        Field.FIRST_NAME: first,
        Field.FIRST_LAST: "" if last and first else _plain(_first(card, "FN")),
        Field.BIRTH_DATE: _birthday(_first(card, "BDAY")),
        Field.MOBILE: mobile,
        Field.TELEPHONE: "" if mobile else next(iter(others), ""),
        Field.EMAIL: next((_plain(one.value) for one in _preferred(card, "EMAIL")), "").removeprefix("mailto:"),
    }
    return [values[column].strip() for column in COLUMNS]


def _birthday(value: str) -> str:
    """19500312 and 1950-03-12 are read as they are; of a date with a time the date is taken."""
    return value.partition("T")[0].strip()


def _first(card: list[Property], name: str) -> str:
    return next((one.value for one in card if one.name == name and one.value.strip(" ;")), "")


def _preferred(card: list[Property], name: str) -> list[Property]:
    properties = [one for one in card if one.name == name and one.value.strip()]
    return sorted(properties, key=lambda one: "pref" not in one.types)


def _split(value: str) -> list[str]:
    """The components of a structured value: parted by semicolons without a backslash before."""
    parts, current, escaped = list[str](), "", False
    for letter in value:
        if letter == ";" and not escaped:
            parts.append(current)
            current = ""
        else:
            current += letter
        escaped = letter == "\\" and not escaped
    return [*parts, current]


def _plain(value: str) -> str:
    """Without the escapes of RFC 6350, 3.4."""
    written = value.replace("\\n", " ").replace("\\N", " ")
    for letter in ",;:":
        written = written.replace(f"\\{letter}", letter)
    return written.replace("\\\\", "\\").strip()
