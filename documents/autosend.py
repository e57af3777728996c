"""Documents that send themselves: planned with the booking, sent once when due, following what changes.

The row is the truth. What is planned follows moves, changed reasons and agendas, rules that change or stop, documents
that are archived; what was sent stays as it was.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from accounts.models import User
from accounts.roles import NotAllowed, may_share
from appointments.models import Appointment, AppointmentStatus
from appointments.recipients import Audience, Recipient, RecipientState, resolve
from audit.trail import record
from documents import messages
from documents.models import AutoSend, AutoSendRule, DocumentLink, SharedDocument
from documents.models.autosend import AutoSendState, Moment

logger = logging.getLogger(__name__)
RETRY = timedelta(minutes=1)  # until somebody may receive: contacts completed, an authorisation given
BATCH = 50  # appointments in one run
PLANNED, SENT, CANCELLED = AutoSendState.PLANNED, AutoSendState.SENT, AutoSendState.CANCELLED


def plan_booked(sender: type[Appointment], appointment: Appointment, **kwargs: Any) -> None:
    """Signal `booked`: in the transaction of the booking."""
    _follow(appointment, at_booking=True)


def follow_changed(
    sender: type[Appointment], appointment: Appointment, fields: frozenset[str], **kwargs: Any
) -> None:
    """Signal `changed`: moved, cancelled, or another reason or agenda."""
    _follow(appointment, at_booking=bool(fields & {"visit_reason", "agenda"}))


def follow_rule(rule: AutoSendRule) -> None:
    """A rule was made, changed, stopped or deleted: what is still to come follows.

    Those booked already get what is sent before or after, not what is sent at booking: that moment has passed.
    """
    concerned = Appointment.objects.filter(practice=rule.practice_id, status=AppointmentStatus.BOOKED)
    planned = Q(auto_sends__rule=rule, auto_sends__state=PLANNED)
    for appointment in (
        concerned.filter(Q(ends_at__gt=timezone.now()) | planned).distinct().select_related("practice")
    ):
        _follow(appointment, at_booking=False)


def follow_library(document_id: Any) -> None:
    """A document of the library was archived: it is not sent any more."""
    AutoSend.objects.filter(document=document_id, state=PLANNED).update(state=CANCELLED)


def _follow(appointment: Appointment, *, at_booking: bool) -> None:
    """Make what is planned for the appointment what its rules say now. `at_booking`: that moment is now."""
    wanted = dict(_wanted(appointment)) if appointment.status == AppointmentStatus.BOOKED else {}
    known = {
        (one.rule_id, one.document_id): one
        for one in AutoSend.objects.select_for_update(of=("self",))
        .filter(appointment=appointment)
        .select_related("rule")
    }
    for key, one in known.items():
        if one.state == PLANNED and key not in wanted:
            one.state = CANCELLED
            one.save(update_fields=["state"])
            _tell("auto_send.cancelled", one, by=None)
    for key, (rule, due_at) in wanted.items():
        existing = known.get(key)
        if existing is None:
            if rule.moment == Moment.BOOKING and not at_booking:
                continue
            AutoSend.objects.create(appointment=appointment, rule=rule, document_id=key[1], due_at=due_at)
        elif existing.state == PLANNED or (existing.state == CANCELLED and not existing.stopped_by_staff):
            if rule.moment == Moment.BOOKING and existing.state == PLANNED:
                continue  # due since its booking
            existing.state, existing.due_at = PLANNED, due_at
            existing.save(update_fields=["state", "due_at"])
    if wanted:
        transaction.on_commit(_nudge)


def _wanted(appointment: Appointment) -> Iterable[tuple[tuple[Any, Any], tuple[AutoSendRule, datetime]]]:
    rules = AutoSendRule.objects.matching(appointment).distinct().prefetch_related("documents")
    for rule in rules:
        due_at = _due_at(rule, appointment)
        if due_at is None:
            continue
        for document in rule.documents.all():
            if document.archived_at is None:
                yield (rule.pk, document.pk), (rule, due_at)


def _due_at(rule: AutoSendRule, appointment: Appointment) -> datetime | None:
    """When; None where that time has passed for good."""
    now, offset = timezone.now(), timedelta(hours=rule.offset_hours)
    if rule.moment == Moment.BOOKING:
        return now
    if rule.moment == Moment.BEFORE:
        return max(appointment.starts_at - offset, now) if appointment.starts_at > now else None
    due_at = appointment.ends_at + offset
    return due_at if due_at > now else None


def send_due(*, now: datetime | None = None) -> int:
    """Send what is due, an appointment at a time, each in one transaction. How many appointments were told."""
    now = now or timezone.now()
    waits = Q(retry_at__isnull=True) | Q(retry_at__lte=now)
    due = AutoSend.objects.filter(waits, state=PLANNED, due_at__lte=now).order_by("due_at")
    told = 0
    for pk in list(dict.fromkeys(due.values_list("appointment", flat=True)[: BATCH * 10]))[:BATCH]:
        with transaction.atomic():
            told += _send_for(pk, now)
    return told


def _send_for(appointment_id: Any, now: datetime) -> bool:
    lockable = Appointment.objects.select_for_update(
        of=("self",), skip_locked=connection.features.has_select_for_update_skip_locked
    )
    appointment = lockable.select_related("practice", "patient__practice", "holder").filter(pk=appointment_id).first()
    if appointment is None:
        return False  # deleted, or another worker has it
    due = list(
        AutoSend.objects.select_for_update(of=("self",))
        .filter(appointment=appointment, state=PLANNED, due_at__lte=now)
        .select_related("rule", "document")
        .order_by("due_at", "id")
    )
    if _send(appointment, due, by=None):
        return True
    AutoSend.objects.filter(pk__in=[one.pk for one in due]).update(retry_at=now + RETRY)
    return False


def _send(appointment: Appointment, due: list[AutoSend], *, by: User | None) -> bool:
    """All of them together: one link, one email, one SMS. False where nobody may be told yet; they stay planned."""
    recipient = resolve(appointment)
    channels = _channels(appointment, recipient, due)
    if not due or not channels:
        return False
    link = DocumentLink.objects.create(appointment=appointment)
    documents = []
    for rank, one in enumerate(due, start=1):
        one.shared = _share(appointment, one, recipient)
        one.state, one.sent_at, one.link, one.rank = SENT, timezone.now(), link, rank
        one.save(update_fields=["shared", "state", "sent_at", "link", "rank"])
        documents.append(one.shared)
        _tell("auto_send.sent", one, by=by)
    messages.announce_link(link, documents, channels=channels)
    return True


def _channels(appointment: Appointment, recipient: Recipient, due: list[AutoSend]) -> dict[str, tuple[str, str]]:
    """Channel -> contact and language, of those that the rules ask for; any there is, where the asked is missing.

    A patient needs only one contact. A holder is written to where the holder is the recipient, and nobody at all
    while an authorisation is missing.
    """
    if recipient.state is RecipientState.NEEDS_AUTHORISATION:
        return {}
    if recipient.audience is Audience.HOLDER and recipient.holder:
        who: Any = recipient.holder
    else:
        who = appointment.patient
    there = {name: value for name, value in (("email", who.email), ("sms", who.mobile)) if value}
    asked = {name for one in due for name in ("email", "sms") if getattr(one.rule, f"by_{name}")}
    chosen = {name: contact for name, contact in there.items() if name in asked} or there
    return {name: (contact, who.language) for name, contact in chosen.items()}


def _share(appointment: Appointment, one: AutoSend, recipient: Recipient) -> SharedDocument:
    """The version of now, pinned."""
    version = one.document.current
    to_holder = recipient.audience is Audience.HOLDER
    shared = SharedDocument(
        practice=appointment.practice,
        patient=appointment.patient,
        appointment=appointment,
        file=version.file,
        library_version=version,
        category=one.document.category,
        title=one.document.title,
        name=version.name,
        page_count=version.page_count,
        audience="holder" if to_holder else "patient",
        holder=recipient.holder if to_holder else None,
        authorisation=recipient.authorisation,
        patient_was_minor=recipient.patient_is_minor,
    )
    shared.full_clean(exclude=["file"])
    shared.save()
    return shared


@transaction.atomic
def send_now(*, sending: AutoSend, by: User) -> bool:
    """Staff don't wait for its time. False where nobody may receive yet. Raises NotAllowed."""
    one = _locked(sending, by)
    if one.state not in (PLANNED, CANCELLED):
        return True
    return _send(one.appointment, [one], by=by)


@transaction.atomic
def do_not_send(*, sending: AutoSend, by: User) -> None:
    """Staff stop one that is planned; no rule plans it again. Raises NotAllowed."""
    one = _locked(sending, by)
    if one.state == PLANNED:
        one.state, one.stopped_by_staff = CANCELLED, True
        one.save(update_fields=["state", "stopped_by_staff"])
        _tell("auto_send.cancelled", one, by=by)


def _locked(sending: AutoSend, by: User) -> AutoSend:
    one = (
        AutoSend.objects.select_for_update(of=("self",))
        .select_related("appointment__practice", "appointment__patient__practice", "appointment__holder", "rule")
        .select_related("document")
        .get(pk=sending.pk)
    )
    if not may_share(by, one.appointment.practice):
        raise NotAllowed(
            _("Votre rôle permet de lire, pas de partager. Un administrateur du cabinet peut le changer.")
        )
    return one


def _tell(action: str, one: AutoSend, *, by: User | None) -> None:
    record(
        action,
        by=by,
        on=one.shared or one,
        practice=one.rule.practice_id,
        within=one.appointment_id,
        detail={"rule": str(one.rule_id), "library_document": str(one.document_id)},
    )


def _nudge() -> None:
    """Tell a worker that something may be due. Where the queue is away, the sweep finds the rows."""
    try:
        current_app.send_task("documents.tasks.send_auto_sends")
    except (RedisError, OperationalError, OSError) as error:
        logger.warning("The queue did not take a nudge (%s); the sweep will send what is due.", type(error).__name__)
