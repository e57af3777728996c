"""The agendas of a practice: make, change, put in order, close, reopen. Administrators only.

A closed agenda keeps its appointments, hours and rules; nothing more is booked online there, and staff are asked
first (appointments/doubts.py).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.models import Agenda, Appointment, AppointmentStatus
from appointments.models.appointment import AppointmentQuerySet
from appointments.specialties import Specialty
from audit.trail import record
from practices.models import Membership, Practice
from practices.roles import require_administrator
from practices.texts import one_line


@dataclass(frozen=True)
class AgendaFacts:
    """What an administrator sets. `practitioner`: a practitioner of the practice, or None. `online`: whether patients
    book there. `video_url`: "" for none. `specialty`: a value of appointments.specialties.Specialty, or "".
    `shown`: whether the page of the practice names it even if patients do not book there."""

    name: str
    practitioner: User | None = None
    online: bool = True
    video_url: str = ""
    specialty: str = ""
    shown: bool = False

    @classmethod
    def of(cls, agenda: Agenda) -> AgendaFacts:
        return cls(
            agenda.name,
            agenda.practitioner,
            agenda.books_online,
            agenda.video_url,
            agenda.specialty,
            agenda.is_shown,
        )


@transaction.atomic
def make_agenda(*, practice: Practice, facts: AgendaFacts, by: User, pk: uuid.UUID | None = None) -> Agenda:
    """Make an agenda, the last in order. Raises NotAllowed, ValidationError by field."""
    practice = lock_schedule(practice, by)
    last = practice.agendas.aggregate(last=Max("position"))["last"]
    agenda = Agenda(id=pk or uuid.uuid4(), practice=practice, position=0 if last is None else last + 1)
    _set(agenda, facts)
    agenda.save(force_insert=True)
    record("practice.agenda_made", by=by, on=agenda, practice=practice)
    return agenda


@transaction.atomic
def change_agenda(*, agenda: Agenda, facts: AgendaFacts, by: User) -> Agenda:
    """Change an agenda; if nothing differs, nothing is recorded. Raises NotAllowed, ValidationError by field."""
    practice = lock_schedule(agenda.practice, by)
    agenda = _locked(agenda)
    fields = _set(agenda, facts)
    if fields:
        agenda.save(update_fields=[*fields, "find_text"])
        if "video_url" in fields:
            record("practice.video_changed", by=by, on=agenda, practice=practice)
        if others := sorted(set(fields) - {"video_url"}):
            record("practice.agenda_changed", by=by, on=agenda, practice=practice, detail={"fields": others})
    return agenda


@transaction.atomic
def move_agenda(*, agenda: Agenda, earlier: bool, by: User) -> None:
    """Exchange an agenda with the one before or after it. Changes nothing at the end. Raises NotAllowed."""
    practice = lock_schedule(agenda.practice, by)
    ordered = list(practice.agendas.filter(is_active=True))
    place = next((number for number, one in enumerate(ordered) if one.pk == agenda.pk), None)
    other = None if place is None else place - 1 if earlier else place + 1
    if place is None or other is None or not 0 <= other < len(ordered):
        return
    ordered[place], ordered[other] = ordered[other], ordered[place]
    for number, one in enumerate(ordered):
        if one.position != number:
            Agenda.objects.filter(pk=one.pk).update(position=number)
    record("practice.agendas_ordered", by=by, on=practice, practice=practice)


@transaction.atomic
def close_agenda(*, agenda: Agenda, by: User) -> None:
    """Close an agenda; its appointments stay. Closing twice changes nothing. Raises NotAllowed."""
    practice = lock_schedule(agenda.practice, by)
    agenda = _locked(agenda)
    if agenda.is_active:
        agenda.is_active = False
        agenda.save(update_fields=["is_active"])
        left = upcoming(agenda).count()
        record("practice.agenda_closed", by=by, on=agenda, practice=practice, detail={"appointments": left})


@transaction.atomic
def reopen_agenda(*, agenda: Agenda, by: User) -> None:
    """Open a closed agenda again, as it was. Raises NotAllowed."""
    practice = lock_schedule(agenda.practice, by)
    agenda = _locked(agenda)
    if not agenda.is_active:
        agenda.is_active = True
        agenda.save(update_fields=["is_active"])
        record("practice.agenda_reopened", by=by, on=agenda, practice=practice)


def upcoming(agenda: Agenda) -> AppointmentQuerySet:
    """Booked appointments of an agenda that are not over."""
    appointments = Appointment.objects.filter(
        agenda=agenda, status=AppointmentStatus.BOOKED, ends_at__gte=timezone.now()
    )
    return appointments.order_by("starts_at", "id")


def practitioners_of(practice: Practice) -> list[User]:
    """Whom an agenda may belong to."""
    members = Membership.objects.filter(practice=practice, is_practitioner=True, user__is_active=True)
    return [one.user for one in members.select_related("user").order_by("user__last_name", "user__first_name")]


def lock_schedule(practice: Practice, by: User) -> Practice:
    """Lock the practice until the transaction ends: its administrators change agendas and reasons one after the
    other. Raises NotAllowed."""
    practice = Practice.objects.select_for_update(of=("self",), no_key=True).get(pk=practice.pk)
    require_administrator(by, practice)
    return practice


def _locked(agenda: Agenda) -> Agenda:
    """Under the lock of every booking. Raises Agenda.DoesNotExist if it was deleted meanwhile."""
    agendas = Agenda.objects.select_for_update(of=("self",)).select_related("practice", "practitioner")
    return agendas.get(pk=agenda.pk)


def _set(agenda: Agenda, facts: AgendaFacts) -> list[str]:
    """Set and check; returns the fields that differ. Raises ValidationError with all faults."""
    new = {
        "name": one_line(facts.name),
        "practitioner": facts.practitioner,
        "books_online": facts.online,
        "video_url": facts.video_url.strip(),
        "specialty": facts.specialty,
        "is_shown": facts.shown,
    }
    fields = [name for name, value in new.items() if getattr(agenda, name) != value]
    faults: dict[str, str] = {}
    for name in fields:
        setattr(agenda, name, new[name])
    if not agenda.name:
        faults["name"] = _("Écrivez le nom de l’agenda.")
    elif agenda.practice.agendas.filter(name__iexact=agenda.name).exclude(pk=agenda.pk).exists():
        faults["name"] = _("Un agenda du cabinet porte déjà ce nom : choisissez-en un autre.")
    chosen = facts.practitioner
    if chosen and "practitioner" in fields and chosen not in practitioners_of(agenda.practice):
        faults["practitioner"] = _("Choisissez un praticien de ce cabinet.")
    if facts.specialty not in ("", *Specialty.values):
        faults["specialty"] = _("Choisissez une spécialité proposée.")
    if "video_url" in fields:
        try:
            agenda.clean_fields(exclude=[one.name for one in agenda._meta.fields if one.name != "video_url"])
        except ValidationError:
            faults["video_url"] = _("Écrivez une adresse complète qui commence par https://.")
    if faults:
        raise ValidationError(faults)
    agenda.full_clean(exclude=["practice", "practitioner"], validate_unique=False)
    return fields
