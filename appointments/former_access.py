"""What appointments an account could see once and can't see any more: for the page that an old link leads to.

The page names the practice only to an account that provably had the appointment: it booked it, or a tie with its own
record showed it. Once an appointment is deleted, the trail tells whose it was. An account that was tied to somebody
else's record by mistake had nothing, in the whole practice.

Whatever somebody never had is answered like an appointment that never existed, and by the same queries.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from appointments.models.appointment import AppointmentQuerySet
from audit.models import AuditEvent
from patients.models import RecordTie, Relationship, TieEnd
from practices.models import Practice


def accounts_that_saw(appointment: Appointment) -> list[str]:
    """Ids, for the trail of its deletion: whoever booked it, and the accounts to which a tie with their own record
    showed it, now or before."""
    return accounts_that_saw_each([appointment])[0]


def accounts_that_saw_each(appointments: Sequence[Appointment]) -> list[list[str]]:
    """The same of each, in one query."""
    patients = {one.patient_id for one in appointments}
    ties = RecordTie.objects.filter(patient__in=patients, relationship=Relationship.SELF)
    now = timezone.now()
    dated = [(tie, tie.suspended_at or tie.ended_at or now) for tie in ties]
    accounts = []
    for one in appointments:
        of_record = one.of_record_id or one.patient_id
        theirs = [tie for tie, until in dated if tie.patient_id == one.patient_id and until >= one.created_at]
        shown = [tie.user_id for tie in theirs if tie.shows_what_came_from(of_record)]
        accounts.append(sorted({str(pk) for pk in (one.holder_id, *shown) if pk}))
    return accounts


def practice_of_former_appointment(user: User, appointment: uuid.UUID) -> Practice | None:
    """The practice of an appointment that the user does not see now; None if the user never had it.

    None, too, of one that was deleted before the trail told whose it was.
    """
    row = _once_shown_to(user).filter(pk=appointment).values_list("practice", flat=True).first()
    deleted = AuditEvent.objects.filter(object_id=appointment, action="appointment.deleted").first()
    had = deleted is not None and str(user.pk) in deleted.detail.get("accounts", [])
    return first_not_mistaken([row, deleted.practice_id if deleted and had else None], user)


def practices_of_former_appointments(user: User) -> list[Practice]:
    """The practices of the appointments to come that the user could see once and can't see any more, by name.

    Without those that are deleted: a link to one still finds its practice.
    """
    to_come = _once_shown_to(user).upcoming()
    return list(without_mistaken(to_come.values_list("practice", flat=True), user))


def first_not_mistaken(practices: Iterable[uuid.UUID | None], user: User) -> Practice | None:
    """One of them where the account was not tied to somebody else's record. `practices`: ids, or None.

    Asks for the mistaken ones first, so that an account tied by mistake costs the same queries for every id.
    """
    mistaken = set(_mistaken(user).values_list("patient__practice", flat=True))
    return Practice.objects.filter(pk__in=[one for one in practices if one and one not in mistaken]).first()


def without_mistaken(practices: Iterable[uuid.UUID], user: User) -> QuerySet[Practice]:
    """Without practices where the account was tied to somebody else's record. `practices`: ids."""
    mistaken = _mistaken(user).values("patient__practice")
    return Practice.objects.filter(pk__in=practices).exclude(pk__in=mistaken).order_by("name", "pk")


def _mistaken(user: User) -> QuerySet[RecordTie]:
    return RecordTie.objects.filter(user=user, end=TieEnd.SOMEONE_ELSE)


def _once_shown_to(user: User) -> AppointmentQuerySet:
    """Appointments that still exist and were booked before the tie that showed them ended or was suspended."""
    over = RecordTie.objects.filter(user=user, relationship=Relationship.SELF, ended_at__isnull=False)
    ended = over.filter(patient=OuterRef("patient"), shows_only__isnull=True)
    ended = ended.annotate(until=Coalesce("suspended_at", "ended_at")).filter(until__gte=OuterRef("created_at"))
    shown = Q(Exists(ended))
    for tie in over.filter(shows_only__isnull=False):
        until = tie.suspended_at or tie.ended_at
        shown |= Q(pk__in=Appointment.objects.shown_by(tie).filter(created_at__lte=until).values("pk"))
    return Appointment.objects.filter(shown)
