"""Closings of a practice, or of some of its agendas: create, remove, and list the appointments inside.

A closing removes free time. Appointments inside remain until staff move or cancel them: whoever closes sees how many
there are, and which.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.booking import EARLIEST, LATEST
from appointments.models import Agenda, Appointment, AppointmentStatus, Closing
from appointments.models.appointment import AppointmentQuerySet
from audit.trail import record
from patients.names import kept
from practices.models import Practice
from practices.roles import require_administrator

LONGEST = timedelta(days=366)


@transaction.atomic
def close(
    *,
    practice: Practice,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    agendas: Collection[Agenda] = (),
    by: User,
    pk: uuid.UUID | None = None,
) -> Closing:
    """Close the agendas, or without any the whole practice, including later agendas. Raises NotAllowed,
    ValidationError.

    Locks the agendas as every booking does: an earlier booking is found inside, a later one finds no slot. Locks the
    practice too, which may have no agendas yet: the second of two equal closings is refused.
    """
    require_administrator(by, practice)
    if any(one.practice_id != practice.pk for one in agendas):
        raise ValidationError({"agendas": _("Cet agenda n’est pas de ce cabinet.")})
    _check_times(starts_at, ends_at)
    Practice.objects.select_for_update(of=("self",), no_key=True).get(pk=practice.pk)
    chosen = sorted({one.pk for one in agendas})
    locked = Agenda.objects.select_for_update(of=("self",)).filter(practice=practice).order_by("pk")
    list(locked.filter(pk__in=chosen) if chosen else locked)
    closing = Closing(
        id=pk or uuid.uuid4(),
        practice=practice,
        whole_practice=not chosen,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=kept(reason),
    )
    _check_new(closing, chosen)
    closing.full_clean(exclude=["practice"])
    closing.save()
    closing.agendas.set(Agenda.objects.filter(pk__in=chosen))
    inside = booked_inside(closing).count()
    record("practice.closed", by=by, on=closing, practice=practice, detail={"appointments": inside})
    return closing


@transaction.atomic
def open_again(*, closing: Closing, by: User) -> None:
    """Delete a closing: its time can be booked again. Raises NotAllowed; Closing.DoesNotExist if it was deleted
    meanwhile."""
    closing = Closing.objects.select_for_update(of=("self",)).select_related("practice").get(pk=closing.pk)
    require_administrator(by, closing.practice)
    record("practice.opened_again", by=by, on=closing, practice=closing.practice_id)
    closing.delete()


def booked_inside(*closings: Closing) -> AppointmentQuerySet:
    """Appointments inside any of these closings, without duplicates, in time order. None for a closing whose agendas
    were all deleted."""
    return _standing_in(closings).select_related("practice", "patient", "agenda", "visit_reason")


def booked_inside_each(closings: Collection[Closing]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """As `booked_inside`, for each of several closings: ids of the appointments inside, by the closing's id.

    One query for all, if `agendas` of the closings is prefetched.
    """
    inside: dict[uuid.UUID, list[uuid.UUID]] = {one.pk: [] for one in closings}
    facts = _standing_in(closings).values_list("pk", "practice", "agenda", "starts_at", "ends_at") if closings else ()
    for pk, practice, agenda, starts_at, ends_at in facts:
        for one in closings:
            overlaps = starts_at < one.ends_at and ends_at > one.starts_at
            if overlaps and practice == one.practice_id and (one.whole_practice or agenda in _agendas(one)):
                inside[one.pk].append(pk)
    return inside


def _standing_in(closings: Collection[Closing]) -> AppointmentQuerySet:
    """Appointments inside at least one of them, without duplicates, in time order."""
    any_of = Q(pk=None)
    for one in closings:
        during = Q(practice=one.practice_id, starts_at__lt=one.ends_at, ends_at__gt=one.starts_at)
        any_of |= during if one.whole_practice else during & Q(agenda__in=_agendas(one))
    appointments = Appointment.objects.filter(any_of, status=AppointmentStatus.BOOKED, ends_at__gte=timezone.now())
    return appointments.order_by("starts_at", "id")


def _agendas(closing: Closing) -> set[uuid.UUID]:
    return {one.pk for one in closing.agendas.all()}


def _check_times(starts_at: datetime, ends_at: datetime) -> None:
    for name, moment in (("starts_at", starts_at), ("ends_at", ends_at)):
        if not EARLIEST <= moment <= LATEST:
            raise ValidationError({name: _("Vérifiez l’année de cette date.")})
    if ends_at <= starts_at:
        raise ValidationError({"ends_at": _("La fin doit être après le début.")})
    if ends_at <= timezone.now():
        raise ValidationError({"ends_at": _("Cette fermeture est déjà passée : donnez une fin à venir.")})
    if ends_at - starts_at > LONGEST:
        raise ValidationError(
            {
                "ends_at": _(
                    "Une fermeture dure un an au plus. Pour fermer un agenda sans fin, fermez l’agenda lui-même."
                )
            }
        )


def _check_new(closing: Closing, agendas: list[uuid.UUID]) -> None:
    """Refuse an equal closing: it is a double click. Raises ValidationError."""
    same = Closing.objects.filter(
        practice=closing.practice,
        whole_practice=closing.whole_practice,
        starts_at=closing.starts_at,
        ends_at=closing.ends_at,
    )
    if any(sorted(one.agendas.values_list("pk", flat=True)) == agendas for one in same.order_by("pk")):
        raise ValidationError({"starts_at": _("Cette fermeture existe déjà.")}, code="exists")
