"""Answers as Python values, and FHIR's `value[x]` as JSON.

A decimal has at most 15 digits, so that it survives any JSON library unchanged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeGuard

from questionnaires.fhir.dates import (
    AnyDate,
    AnyDateTime,
    Dated,
    PartialDate,
    PartialDateTime,
    date_of,
    date_time_of,
    is_before,
)

Json = dict[str, Any]
LONGEST_TEXT = 10_000
MOST_DIGITS = 15


class Kind(StrEnum):
    """The types of items that are understood (Questionnaire.item.type)."""

    GROUP = "group"
    DISPLAY = "display"
    BOOLEAN = "boolean"
    DECIMAL = "decimal"
    INTEGER = "integer"
    DATE = "date"
    DATE_TIME = "dateTime"
    TIME = "time"
    STRING = "string"
    TEXT = "text"
    CHOICE = "choice"
    OPEN_CHOICE = "open-choice"
    QUANTITY = "quantity"


NOT_ASKED = {Kind.GROUP, Kind.DISPLAY}
CHOICES = {Kind.CHOICE, Kind.OPEN_CHOICE}
TEXTS = {Kind.STRING, Kind.TEXT}


@dataclass(frozen=True)
class Coding:
    """Two codings are the same if system and code are; the words may differ (R4, enableWhen)."""

    system: str
    code: str
    display: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Coding) and (self.system, self.code) == (other.system, other.code)

    def __hash__(self) -> int:
        return hash((self.system, self.code))


@dataclass(frozen=True)
class Quantity:
    number: Decimal
    unit: str = ""


Value = bool | int | Decimal | date | PartialDate | datetime | PartialDateTime | time | str | Coding | Quantity


def is_date(value: Value) -> TypeGuard[AnyDate]:
    """Whether it answers a question of type date: no dateTime."""
    return type(value) in TYPES[Kind.DATE]


def is_date_time(value: Value) -> TypeGuard[AnyDateTime]:
    """Whether it answers a question of type dateTime."""
    return type(value) in TYPES[Kind.DATE_TIME]


def is_dated(value: Value | None) -> TypeGuard[Dated]:
    return value is not None and (is_date(value) or is_date_time(value))


def is_less(one: Value, other: Value) -> bool:
    """Of two values of one kind that has an order. Of dates, whether the whole of one is before the whole of the
    other; of quantities, in the same unit only."""
    if is_dated(one) and is_dated(other):
        return is_before(one, other)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return one.unit == other.unit and one.number < other.number
    left: Any = one
    return bool(left < other)


class NotAValue(ValueError):
    """The JSON is no value of the type that is named."""


def read_value(name: str, raw: object) -> Value:
    """`name`: the type as in the property, `Boolean` of `valueBoolean`. Raises NotAValue."""
    if (reader := READERS.get(name)) is None:
        raise NotAValue(name)
    try:
        return reader(raw)
    except (ValueError, InvalidOperation, TypeError, KeyError):
        raise NotAValue(name) from None


def read_property(element: Mapping[str, Any], prefix: str) -> Value | None:
    """The one property `prefix[x]` of the element; None without one. Raises NotAValue, for two of them too."""
    found = [name for name in element if name.startswith(prefix) and name[len(prefix) :][:1].isupper()]
    if len(found) > 1:
        raise NotAValue(", ".join(found))
    return read_value(found[0][len(prefix) :], element[found[0]]) if found else None


def write_value(value: Value, prefix: str = "value") -> Json:
    """The property `prefix[x]` of this value."""
    match value:
        case bool():
            return {f"{prefix}Boolean": value}
        case int():
            return {f"{prefix}Integer": value}
        case Decimal():
            return {f"{prefix}Decimal": _number(value)}
        case datetime():
            return {f"{prefix}DateTime": value.isoformat()}
        case PartialDateTime():
            return {f"{prefix}DateTime": str(value)}
        case date():
            return {f"{prefix}Date": value.isoformat()}
        case PartialDate():
            return {f"{prefix}Date": str(value)}
        case time():
            return {f"{prefix}Time": value.isoformat()}
        case Coding():
            parts = {"system": value.system, "code": value.code, "display": value.display}
            return {f"{prefix}Coding": {name: part for name, part in parts.items() if part}}
        case Quantity():
            unit = {"unit": value.unit} if value.unit else {}
            return {f"{prefix}Quantity": {"value": _number(value.number)} | unit}
        case str():
            return {f"{prefix}String": value}


def decimal_of(raw: object) -> Decimal:
    """Raises NotAValue if it is no finite number, or has more than MOST_DIGITS digits."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal | str):
        raise NotAValue("decimal")
    try:
        number = Decimal(str(raw))
    except InvalidOperation:
        raise NotAValue("decimal") from None
    if not number.is_finite() or len(number.as_tuple().digits) > MOST_DIGITS or abs(number.adjusted()) > MOST_DIGITS:
        raise NotAValue("decimal")
    return number


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def is_storable(text: str) -> bool:
    """No NUL, and no half of a character (a lone surrogate): databases refuse both."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def is_on_every_clock(moment: datetime) -> bool:
    """Whether it is a moment that Python can write in any time zone: none of the first or the last year."""
    return MINYEAR < moment.year < MAXYEAR


def _boolean(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise NotAValue("boolean")
    return raw


def _integer(raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not -(2**31) <= raw < 2**31:
        raise NotAValue("integer")
    return raw


def _decimal(raw: object) -> Decimal:
    if isinstance(raw, str):
        raise NotAValue("decimal")
    return decimal_of(raw)


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip() or len(raw) > LONGEST_TEXT or not is_storable(raw):
        raise NotAValue("string")
    return raw


def _date(raw: object) -> AnyDate:
    return date_of(_text(raw))


def _date_time(raw: object) -> AnyDateTime:
    """A date with a time has an offset (R4, dateTime)."""
    moment = date_time_of(_text(raw))
    if isinstance(moment, datetime) and (moment.tzinfo is None or not is_on_every_clock(moment)):
        raise NotAValue("dateTime")
    return moment


def _time(raw: object) -> time:
    if not re.fullmatch(r"\d\d:\d\d:\d\d(\.\d{1,6})?", text := _text(raw)):
        raise NotAValue("time")
    return time.fromisoformat(text)


def _coding(raw: object) -> Coding:
    if not isinstance(raw, dict):
        raise NotAValue("Coding")
    parts = {name: raw.get(name, "") for name in ("system", "code", "display")}
    if not all(isinstance(part, str) for part in parts.values()) or not parts["code"]:
        raise NotAValue("Coding")
    return Coding(**parts)


def _quantity(raw: object) -> Quantity:
    if not isinstance(raw, dict) or raw.get("comparator"):
        raise NotAValue("Quantity")
    return Quantity(_decimal(raw["value"]), _text(raw["unit"]) if raw.get("unit", "") != "" else "")


def as_kind(value: Value, kind: Kind) -> Value | None:
    """The value, if it may answer an item of this type. A whole number answers a decimal too."""
    if kind is Kind.DECIMAL and type(value) is int:
        return Decimal(value)
    return value if type(value) in TYPES[kind] else None


TYPES: dict[Kind, set[type]] = {
    Kind.GROUP: set(),
    Kind.DISPLAY: set(),
    Kind.BOOLEAN: {bool},
    Kind.DECIMAL: {Decimal},
    Kind.INTEGER: {int},
    Kind.DATE: {date, PartialDate},
    Kind.DATE_TIME: {datetime, PartialDateTime},
    Kind.TIME: {time},
    Kind.STRING: {str},
    Kind.TEXT: {str},
    Kind.CHOICE: {Coding, str, int, date, PartialDate, time},  # its options say which
    Kind.OPEN_CHOICE: {Coding, str, int, date, PartialDate, time},
    Kind.QUANTITY: {Quantity},
}


def parse_json(raw: bytes) -> object:
    """Raises NotAValue: no JSON (RFC 8259), nested too deep, with numbers that are none, or with halves of characters
    (lone surrogates), which nothing can show or store."""
    try:
        parsed = json.loads(raw, parse_constant=_no_number)
        json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise NotAValue("json") from None
    return parsed


def _no_number(name: str) -> None:
    raise NotAValue(name)


READERS: dict[str, Callable[[object], Value]] = {
    "Boolean": _boolean,
    "Integer": _integer,
    "Decimal": _decimal,
    "Date": _date,
    "DateTime": _date_time,
    "Time": _time,
    "String": _text,
    "Coding": _coding,
    "Quantity": _quantity,
}
