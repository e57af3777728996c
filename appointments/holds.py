"""Holds a free slot for ten minutes while somebody opens the account that books it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.counting import count_one
from appointments.booking import check_time, lock_agenda
from appointments.models import Agenda, AppointmentKind, SlotHold, VisitReason
from appointments.online import SlotTaken
from appointments.slots import is_free, next_free, open_to_online_booking
from appointments.who_may_book import check_open_to_new_patients
from refusals import Kind, Refusal

LASTS = timedelta(minutes=10)
MOST_OF_AN_ORIGIN = 10  # in an hour
MOST_OF_AN_AGENDA = 20  # at the same time: a program must not empty an agenda


class TooManyHolds(Refusal):
    """One origin holds slot after slot, or too many slots of the agenda are held."""

    code = "too_many_holds"
    kind = Kind.TOO_OFTEN
    retry_after = 600
    words = gettext_lazy(
        "Trop de créneaux sont retenus en ce moment. Réessayez dans dix minutes, connectez-vous si vous avez un "
        "compte, ou appelez le cabinet."
    )


@transaction.atomic
def hold_slot(
    *,
    agenda: Agenda,
    visit_reason: VisitReason,
    starts_at: datetime,
    kind: AppointmentKind,
    origin: str,
    instead_of: uuid.UUID | None = None,
) -> SlotHold:
    """Hold a free slot. `origin`: where the request comes from (accounts.addresses.counted_address). `instead_of`:
    the hold that the same visitor gives up.

    Raises SlotTaken, TooManyHolds, ValidationError, and what who_may_book raises.
    """
    check_time(starts_at)
    agenda = lock_agenda(agenda)
    if instead_of is not None:
        SlotHold.objects.filter(pk=instead_of).delete()
    check_open_to_new_patients(agenda.practice)
    if not open_to_online_booking(agenda, visit_reason, kind):
        raise ValidationError({"visit_reason": _("Ce motif ne se réserve pas en ligne sur cet agenda.")})
    if not is_free(agenda=agenda, visit_reason=visit_reason, starts_at=starts_at):
        after = max(starts_at, timezone.now())
        raise SlotTaken(next_free(agenda=agenda, visit_reason=visit_reason, after=after))
    if SlotHold.objects.live().filter(agenda=agenda).count() >= MOST_OF_AN_AGENDA:
        raise TooManyHolds
    if count_one("slot_hold", origin, window=timedelta(hours=1)) > MOST_OF_AN_ORIGIN:
        raise TooManyHolds
    return SlotHold.objects.create(
        agenda=agenda,
        visit_reason=visit_reason,
        kind=kind,
        starts_at=starts_at,
        ends_at=starts_at.astimezone(UTC) + timedelta(minutes=visit_reason.duration_minutes),
        expires_at=timezone.now() + LASTS,
    )


def forget_ended_holds() -> int:
    """Remove holds that ended an hour ago or more; returns their number."""
    return SlotHold.objects.filter(expires_at__lt=timezone.now() - timedelta(hours=1)).delete()[0]
