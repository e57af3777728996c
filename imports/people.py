"""The person that a line describes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from imports.reading.headings import Field
from imports.reading.values import birth_date, names_in
from imports.reasons import ContactFault
from patients.birth_dates import check_birth_date
from patients.contacts import clean_email, clean_mobile
from patients.models import Patient
from patients.names import joined, kept

LONGEST_NAME = 100
Identity = tuple[tuple[str, ...], date | None]


@dataclass(frozen=True)
class Person:
    """`birth_date`: None only for an appointment whose line says none."""

    first_name: str
    last_name: str
    birth_date: date | None
    email: str | None = None
    mobile: str | None = None

    @property
    def identity(self) -> Identity:
        """Names in any spelling and order, and the birth date."""
        return tuple(sorted((joined(self.first_name), joined(self.last_name)))), self.birth_date

    @property
    def key(self) -> str:
        names, born = self.identity
        return digest("patient", *names, str(born))

    @property
    def content(self) -> str:
        return digest(self.first_name, self.last_name, str(self.birth_date), self.email or "", self.mobile or "")

    def contradicts(self, patient: Patient) -> bool:
        """Whether it has another email or mobile than the record; a missing one contradicts nothing."""
        pairs = ((self.email, patient.email), (self.mobile, patient.mobile))
        return any(one and other and one.lower() != other.lower() for one, other in pairs)


def digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def person_of(values: Mapping[Field, str], *, today: date, dated: bool = True) -> Person:
    """`values`: the cells of a line. `dated`: whether it must have a birth date. Raises ValidationError, with a
    sentence for each fault."""
    faults: list[ValidationError] = []
    first, last = "", ""
    born, email, mobile = None, None, None
    try:
        first, last = _names(values)
    except ValidationError as error:
        faults += error.error_list
    try:
        if written := values.get(Field.BIRTH_DATE, ""):
            born = birth_date(written, today=today)
            check_birth_date(born, today=today)
        elif dated:
            faults.append(ValidationError(_("La date de naissance manque.")))
    except ValidationError as error:
        faults += error.error_list
    try:
        email = clean_email(values.get(Field.EMAIL))
    except ValidationError as error:
        faults.append(ContactFault("email", values[Field.EMAIL], " ".join(error.messages)))
    try:
        mobile = clean_mobile(values.get(Field.MOBILE)) or _mobile_among(values.get(Field.TELEPHONE, ""))
    except ValidationError as error:
        faults.append(ContactFault("mobile", values[Field.MOBILE], " ".join(error.messages)))
    if faults:
        raise ValidationError(faults)
    return Person(first, last, born, email, mobile)


def _names(values: Mapping[Field, str]) -> tuple[str, str]:
    first = kept(values.get(Field.FIRST_NAME, ""))
    last = kept(values.get(Field.LAST_NAME, "") or values.get(Field.BIRTH_NAME, ""))
    if not (first and last):
        for field, last_first in ((Field.LAST_FIRST, True), (Field.FIRST_LAST, False)):
            if written := values.get(field, ""):
                names = names_in(written, last_first=last_first)
                first, last = names.first, names.last
                break
    if not joined(last):
        raise ValidationError(_("Le nom manque."))
    if not joined(first):
        raise ValidationError(_("Le prénom manque."))
    if len(first) > LONGEST_NAME or len(last) > LONGEST_NAME:
        raise ValidationError(_("Le nom ou le prénom dépasse %(count)d caractères."), params={"count": LONGEST_NAME})
    return first, last


def _mobile_among(written: str) -> str | None:
    """A column of telephones may hold landlines, which a record does not have."""
    try:
        return clean_mobile(written)
    except ValidationError:
        return None
