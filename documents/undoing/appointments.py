"""Moving and cancelling an appointment so that it can be undone for a moment."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection
from functools import partial
from hashlib import sha256
from typing import Any, Unpack

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.booking import lock_agenda, locked_to_change
from appointments.cancelling import cancel_locked
from appointments.models import Agenda, Appointment, AppointmentStatus, SlotHold
from appointments.moving import MoveParts, move_locked
from appointments.parties import parties_of
from appointments.recipients import resolve
from appointments.reinstating import PlaceTaken
from audit.acts import UNDOES, lines_of_act
from audit.trail import record
from documents.models import AutoSend
from documents.models.undoable import ActKind, UndoableAct
from documents.undoing.acts import CHANGED, SENT, close, hold_back, locked_act, may_be_undone, open_act
from documents.undoing.journal import (
    ChangedMeanwhile,
    Moved,
    TooLateToUndo,
    changes,
    keys_around,
    put_back,
    read,
    rows,
    together,
    written,
)
from notifications.models import Message
from notifications.wording import clock


@transaction.atomic
def move_for_now(
    *, appointment: Appointment, by: User, session: str, seen: str | None = None, **parts: Unpack[MoveParts]
) -> tuple[Appointment, UndoableAct | None]:
    """As appointments.moving.move; also the act, None if nothing changed. `session`: in which `by` may undo it.
    `seen`: as of locked_to_change."""
    appointment = locked_to_change(appointment, by, seen=seen)
    act = partial(move_locked, appointment, by=by, **parts)
    return appointment, _do(ActKind.MOVE, appointment, by, session, act)


@transaction.atomic
def cancel_for_now(
    *, appointment: Appointment, by: User, session: str, reason: str = "", note: str = "", seen: str | None = None
) -> tuple[Appointment, UndoableAct | None]:
    """As appointments.cancelling.cancel; also the act, None if it was cancelled already. `seen`: as of
    locked_to_change."""
    appointment = locked_to_change(appointment, by, seen=seen)
    act = partial(cancel_locked, appointment, by, reason=reason, note=note)
    return appointment, _do(ActKind.CANCEL, appointment, by, session, act)


def _do(
    kind: ActKind, appointment: Appointment, by: User, session: str, act: Callable[[], object]
) -> UndoableAct | None:
    if not may_be_undone():
        act()
        return None
    pk, until = uuid.uuid4(), timezone.now() + settings.UNDO_FOR
    keys, place = keys_around(appointment), _place_of(appointment)
    before, beside = rows(keys), _in_its_place(appointment)
    with lines_of_act(pk):
        act()
    keys = together(keys, keys_around(appointment))
    changed = changes(before, rows(keys))
    if not changed:
        return None
    hold_back(changed, until=until)
    left = None
    if appointment.status != AppointmentStatus.BOOKED or _place_of(appointment) != place:
        left = SlotHold.objects.create(**place, expires_at=until, for_undo=True)  # patients are not offered it before
    journal = {
        "changes": written(changes(before, rows(keys))),
        "beside": beside,
        "recipients": recipients_digest(appointment),
        "left": str(left.pk) if left else None,
    }
    return open_act(kind, pk=pk, by=by, session=session, appointment=appointment, until=until, journal=journal)


@transaction.atomic
def undo_change(*, act: UndoableAct, by: User) -> None:
    """Put everything back as it was. Undoing twice changes nothing.

    Raises TooLateToUndo, ChangedMeanwhile, PlaceTaken, NotAllowed; changes nothing then.
    """
    found = Appointment.objects.filter(pk__in=[act.appointment]).first()
    if found is None:
        raise ChangedMeanwhile(str(CHANGED))
    appointment = locked_to_change(found, by)  # first, as everybody who changes an appointment
    lock = locked_act(act)
    if lock is None:
        return
    journal = json.loads(lock.journal)
    if journal["recipients"] != recipients_digest(appointment):
        raise ChangedMeanwhile(str(CHANGED))
    journaled = read(journal["changes"])
    for one in journaled:
        if one.model is Appointment and one.before is not None:
            lock_agenda(Agenda(pk=one.before["agenda_id"]))  # before its messages, as everybody who takes its time
    restore(journaled)
    SlotHold.objects.filter(pk=journal["left"]).delete()
    appointment = locked_to_change(found, by)
    if appointment.status == AppointmentStatus.BOOKED:
        _check_place(appointment, set(journal["beside"]))
    record(
        "appointment.move_undone" if act.kind == ActKind.MOVE else "appointment.cancel_undone",
        by=by,
        on=appointment,
        practice=appointment.practice_id,
        within=appointment,
        detail={UNDOES: str(act.pk)},
    )
    close(lock, undone=True)


def restore(journaled: Collection[Any]) -> None:
    """Raises TooLateToUndo, ChangedMeanwhile."""
    try:
        put_back(journaled)
    except Moved as moved:
        if moved.model in (Message, AutoSend):
            raise TooLateToUndo(str(SENT)) from moved
        raise ChangedMeanwhile(str(CHANGED)) from moved


def recipients_digest(appointment: Appointment) -> str:
    """Who messages about it and its documents go to. Those that were called off must not reach anybody else."""
    appointment = Appointment.objects.select_related("practice", "patient__practice", "holder").get(pk=appointment.pk)
    facts = (appointment.patient_id, parties_of(appointment), resolve(appointment))
    return sha256(repr(facts).encode()).hexdigest()


def _place_of(appointment: Appointment) -> dict[str, Any]:
    names = ("agenda_id", "visit_reason_id", "kind", "starts_at", "ends_at")
    return {name: getattr(appointment, name) for name in names}


def _in_its_place(appointment: Appointment) -> list[str]:
    """What shares its time on its agenda: appointments, and slots that patients hold."""
    others = Appointment.objects.filter(
        agenda=appointment.agenda_id,
        status=AppointmentStatus.BOOKED,
        starts_at__lt=appointment.ends_at,
        ends_at__gt=appointment.starts_at,
    ).exclude(pk=appointment.pk)
    held = SlotHold.objects.live_over(appointment.agenda, appointment.starts_at, appointment.ends_at)
    return [str(pk) for pk in (*others.values_list("pk", flat=True), *held.values_list("pk", flat=True))]


def _check_place(appointment: Appointment, beside: set[str]) -> None:
    """Raises PlaceTaken for what was not there when it left its place."""
    came = [pk for pk in _in_its_place(appointment) if pk not in beside]
    if not came:
        return
    taken = (
        Appointment.objects.select_related("patient", "practice").filter(pk__in=came).order_by("starts_at").first()
    )
    if taken is None:
        raise PlaceTaken(_("Rien n’est annulé : un patient est en train de réserver cette heure."))
    raise PlaceTaken(
        _("Rien n’est annulé : %(who)s a pris cette place entre-temps, %(from)s–%(to)s.")
        % {"who": taken.patient.full_name, "from": clock(taken.local_start), "to": clock(taken.local_end)}
    )
