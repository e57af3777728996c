"""Tells records with the same names and birth date apart in a list: by what nobody needs to have entered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext as _

from appointments.models import Appointment
from patients.duplicates import Likeness
from patients.models import Patient
from patients.names import joined
from portals.templatetags.presentation import short_day


def tell_apart(listed: Iterable[Patient]) -> dict[UUID, str]:
    """Id of a record that another one in the list is like -> when it was made, its last appointment, its number."""
    alike = defaultdict[object, dict[UUID, Patient]](dict)
    for one in listed:
        alike[(*sorted(map(joined, one.names)), one.birth_date)][one.pk] = one
    twins = {pk: one for group in alike.values() if len(group) > 1 for pk, one in group.items()}
    if not twins:
        return {}
    booked = Appointment.objects.filter(patient__in=twins).order_by()
    last = dict(booked.values_list("patient").annotate(Max("starts_at")))
    return {pk: _words(one, last.get(pk)) for pk, one in twins.items()}


def distinguish(listed: Iterable[Patient]) -> None:
    """Set `distinction` of each, for templates: a sentence, or "" if no other record in the list is like it."""
    records = list(listed)
    words = tell_apart(records)
    for one in records:
        one.distinction = words.get(one.pk, "")  # type: ignore[attr-defined]


def distinguished(patient: Patient, likenesses: list[Likeness]) -> list[Likeness]:
    """These records with their `distinction` from the record that they are like, and from each other."""
    distinguish([patient, *(one.patient for one in likenesses)])
    return likenesses


def number_of(patient: Patient) -> str:
    """The beginning of its id: short enough to be read aloud."""
    return patient.pk.hex[:8].upper()


def _words(patient: Patient, last: datetime | None) -> str:
    facts = {"day": short_day(patient.created_at), "number": number_of(patient)}
    if last is None:
        return _("fiche n° %(number)s créée le %(day)s, sans rendez-vous") % facts
    return _("fiche n° %(number)s créée le %(day)s, dernier rendez-vous le %(last)s") % {
        **facts,
        "last": short_day(last),
    }
