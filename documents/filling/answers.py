"""Answers to the blanks of a document: checked one by one, with a sentence each, and written out for print."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _

from documents.library.writing.blanks import Blank, BlankKind
from files.letters import missing_letters, missing_sentence
from notifications.wording import long_day
from patients.names import ascii_digits

MAX_SHORT = 200  # characters
MAX_LONG = 5_000
_DAY_FIRST = re.compile(r"(\d{1,2})[/. -](\d{1,2})[/. -](\d{4})")


def field_of(number: int) -> str:
    """The name of a blank's field, by its place among the blanks of the document, from 1."""
    return f"blank_{number}"


def checked(blanks: Sequence[Blank], typed: Mapping[str, str]) -> dict[str, str]:
    """The answers by label, a date in ISO 8601. `typed`: by label. Raises ValidationError, by field_of."""
    answers: dict[str, str] = {}
    faults: dict[str, str] = {}
    for number, blank in enumerate(blanks, start=1):
        answer, fault = _checked(blank, _cleaned(blank, typed.get(blank.label, "")))
        answers[blank.label] = answer
        if fault:
            faults[field_of(number)] = fault % {"label": blank.label}
    if faults:
        raise ValidationError(faults)
    return answers


def printed(blanks: Sequence[Blank], answers: Mapping[str, str], *, language: str) -> dict[str, str]:
    """The answers as the paper shows them: dates in words."""
    with translation.override(language):
        return {
            blank.label: long_day(date.fromisoformat(answer)) if blank.kind == BlankKind.DATE and answer else answer
            for blank in blanks
            for answer in [answers.get(blank.label, "")]
        }


def _cleaned(blank: Blank, typed: str) -> str:
    text = unicodedata.normalize("NFC", typed.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if blank.kind != BlankKind.LONG:
        text = " ".join(text.split())
    return "".join(one for one in text if one == "\n" or unicodedata.category(one) not in ("Cc", "Cs"))


def _checked(blank: Blank, text: str) -> tuple[str, str]:
    """The answer, and a template with `label` for what is wrong with it, or ""."""
    if not text:
        return "", _missing(blank) if blank.required else ""
    if blank.kind == BlankKind.DATE:
        day = _day(text)
        return (day.isoformat(), "") if day else (text, _("« %(label)s » n’est pas une date. Exemple : 24/11/2026."))
    if blank.kind == BlankKind.CHOICE:
        return text, "" if text in blank.choices else _("Choisissez « %(label)s » dans la liste.")
    longest = MAX_LONG if blank.kind == BlankKind.LONG else MAX_SHORT
    if len(text) > longest:
        sentence = _("« %(label)s » dépasse %(count)s caractères. Raccourcissez ce texte.")
        return text, sentence.replace("%(count)s", str(longest))
    if missing := missing_letters(text, settings.PAPER_FONTS.values()):
        return text, _("Dans « %(label)s » :") + " " + missing_sentence(missing).replace("%", "%%")
    return text, ""


def _missing(blank: Blank) -> str:
    if blank.kind == BlankKind.DATE:
        return _("Donnez une date : « %(label)s ».")
    if blank.kind == BlankKind.CHOICE:
        return _("Choisissez « %(label)s » dans la liste.")
    return _("Remplissez « %(label)s ».")


def _day(text: str) -> date | None:
    text = ascii_digits(text)
    match = _DAY_FIRST.fullmatch(text)
    try:
        return date(int(match[3]), int(match[2]), int(match[1])) if match else date.fromisoformat(text)
    except ValueError:
        return None
