"""The rows of the list of my documents, by person and month: the few columns that _document_row.html shows."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe

from accounts.models.user import full_name
from documents.models.category import label_in_language
from notifications.wording import long_day
from portals.alike_rows import AlikeRows
from portals.templatetags.presentation import bytes_size, kind_of_file

COLUMNS = (
    *("pk", "shared_at", "title", "first_read_at", "replaced_at", "signed_at", "signatures"),
    *("patient", "patient__first_name", "practice__name", "practice__time_zone"),
    *("category__label_fr", "category__label_en", "file__media_type", "file__size"),
    *("signed_by__title", "signed_by__first_name", "signed_by__last_name"),
    *("consent__state", "consent__signer_name"),
)


class Listed(NamedTuple):
    """What the list shows of a document, in the order of COLUMNS."""

    pk: uuid.UUID
    shared_at: datetime
    title: str
    first_read_at: datetime | None
    replaced_at: datetime | None
    signed_at: datetime | None
    signatures: list[object]
    patient_id: uuid.UUID
    first_name: str
    practice: str
    time_zone: str
    category_fr: str
    category_en: str
    media_type: str
    size: int
    signer_title: str | None
    signer_first_name: str | None
    signer_last_name: str | None
    consent_state: str | None
    consent_signer: str | None

    def local(self, moment: datetime) -> datetime:
        """On the clock of the document's practice."""
        return moment.astimezone(ZoneInfo(self.time_zone))

    @property
    def month(self) -> date:
        """Its first day."""
        return self.local(self.shared_at).date().replace(day=1)


class ConsentLook(NamedTuple):
    state: str
    signer_name: str | None


@dataclass(frozen=True)
class PersonDocuments:
    """The rows of one person, newest first, by month."""

    patient_id: uuid.UUID
    first_name: str
    is_self: bool
    months: list[tuple[str, SafeString]]


def by_person(request: HttpRequest, found: Iterable[Listed], own: Collection[uuid.UUID]) -> list[PersonDocuments]:
    """Each person has a heading; the owner of the account, whose records `own` are, comes first."""
    rows = AlikeRows("patient/_document_row.html", "title", "at", "day", "size", request=request)
    people: dict[uuid.UUID, list[Listed]] = {}
    for one in found:
        people.setdefault(one.patient_id, []).append(one)
    grouped = [
        PersonDocuments(
            patient_id=patient_id,
            first_name=documents[0].first_name,
            is_self=patient_id in own,
            months=[
                (date_format(month, "F Y"), mark_safe("".join(_drawn(rows, one) for one in items)))  # noqa: S308  # each is safe
                for month, items in groupby(documents, key=lambda one: one.month)
            ],
        )
        for patient_id, documents in people.items()
    ]
    return sorted(grouped, key=lambda person: not person.is_self)


def _drawn(rows: AlikeRows, one: Listed) -> str:
    at = one.local(one.shared_at)
    look = {
        "is_new": one.first_read_at is None,
        "category": label_in_language(one.category_fr, one.category_en),
        "practice": one.practice,
        "replaced_on": long_day(one.local(one.replaced_at)) if one.replaced_at else "",
        "is_signed": one.signed_at is not None,
        "signer": full_name(one.signer_title, one.signer_first_name, one.signer_last_name),
        "has_signatures": bool(one.signatures),
        "consent": ConsentLook(one.consent_state, one.consent_signer) if one.consent_state else None,
        "kind": kind_of_file(one.media_type),
    }
    return rows.drawn(
        look, pk=one.pk, title=one.title, at=at.isoformat(), day=long_day(at), size=bytes_size(one.size)
    )
