"""Plans messages: a row in the transaction of the announced change, and a nudge after the commit.

Also calls messages off, or redirects them, in the transaction that makes them outdated.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone

from jobs.nudges import nudge
from notifications.models import FORGOTTEN, Channel, Message, MessageQuerySet, MessageState
from notifications.sms_limits import Sms, SmsRefused, count_each, count_sms

COPIED = (
    *("channel", "to", "language", "subject", "body", "html", "sender", "reply_to", "calendar"),
    *("about", "topic", "kind", "caused_by", "practice", "urgent_before"),
)


def plan_email(
    *,
    to: str,
    subject: str,
    body: str,
    language: str,
    html: str = "",
    sender: str = "",
    reply_to: str = "",
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    calendar: str = "",
    about: uuid.UUID | None = None,
    topic: str = "",
    kind: str = "",
    practice: uuid.UUID | None = None,
    together: Together | None = None,
) -> Message:
    """Queue an email. `subject`, `body` and `calendar` (iCalendar, attached) carry no health data: no title, reason
    or category of a document. `about`, `topic`: the keys by which the planner finds it later. `kind`: the
    planner's name for its purpose. `html`, `sender`, `reply_to`: see notifications/letters.py. `practice`: in whose
    name it is sent; without one it never waits for a practice. `together`: it is written with others."""
    return _plan(
        Message(
            channel=Channel.EMAIL,
            to=to,
            subject=subject,
            body=body,
            html=html,
            sender=sender,
            reply_to=reply_to,
            language=language,
            calendar=calendar,
            about=about,
            topic=topic,
            kind=kind,
            practice=practice,
        ),
        due_at,
        expires_at,
        together,
    )


def plan_sms(
    *,
    to: str,
    text: str,
    language: str,
    subject: str = "",
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    about: uuid.UUID | None = None,
    topic: str = "",
    kind: str = "",
    urgent_before: datetime | None = None,
    account: uuid.UUID | None = None,
    practice: uuid.UUID | None = None,
    by_staff: bool = False,
    waited_for: bool = False,
    together: Together | None = None,
) -> Message:
    """Queue an SMS to a number in E.164, within the limits (notifications/sms_limits.py). `subject`: a summary for
    staff; it is not sent. `kind`: as for plan_email. `urgent_before`: its reader must know
    before this (delivery.RULES_OF_TIME).

    It counts for `account`, which causes it (None: the site itself), for `practice`, and for the number. `by_staff`:
    the account acts for the practice, and may cause more. Over a limit, it is planned as failed with its cause, for
    staff to see; with `waited_for` (a person waits for it), SmsRefused is raised instead. `together`: it is counted
    and written with others, and nobody waits for it.
    """
    message = Message(
        channel=Channel.SMS,
        to=to,
        subject=subject,
        body=text,
        language=language,
        about=about,
        topic=topic,
        kind=kind,
        urgent_before=urgent_before,
        caused_by=account,
        practice=practice,
    )
    if together is not None:
        together.count(message, by_staff=by_staff)
        return _plan(message, due_at, expires_at, together)
    try:
        count_sms(to=to, account=account, practice=practice, by_staff=by_staff)
    except SmsRefused as refused:
        if waited_for:
            raise
        _refuse(message, refused)
    return _plan(message, due_at, expires_at)


class Together:
    """Messages of one transaction, counted and written by few statements: plan each of them with it, then `write`.

    SMS are counted last, because the counts do not roll back with the transaction.
    """

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._sms: list[tuple[Message, Sms]] = []

    def add(self, message: Message) -> None:
        self._messages.append(message)

    def count(self, message: Message, *, by_staff: bool) -> None:
        self._sms.append((message, Sms(message.to, message.caused_by, message.practice, by_staff)))

    def write(self) -> None:
        """Insert them, an SMS over a limit as failed."""
        refusals = count_each([sms for _, sms in self._sms])
        for (message, _), refused in zip(self._sms, refusals, strict=True):
            if refused:
                _refuse(message, refused)
        Message.objects.bulk_create(self._messages)
        for one in self._messages:
            if one.state == MessageState.QUEUED:
                transaction.on_commit(partial(nudge_channel, Channel(one.channel), one.due_at))


def _refuse(message: Message, refused: SmsRefused) -> None:
    message.state, message.cause, message.body = MessageState.FAILED, refused.cause, ""


def send_elsewhere(message: Message, *, to: str) -> Message:
    """Redirect a waiting message to another contact, an SMS within the limits; returns the message that will be sent.

    The caller must have locked its row.

    If a worker holds it, it is called off and a copy is sent; the original may still arrive at the former contact.
    """
    if message.lease_until is not None:
        call_off(Message.objects.filter(pk=message.pk))
        message = _copy(message)
    message.to = to
    if message.channel == Channel.SMS:
        try:
            count_sms(to=to, account=None, practice=message.practice, by_staff=False)
        except SmsRefused as refused:
            _refuse(message, refused)
    return _plan(message, message.due_at, message.expires_at)


def rewrite(
    message: Message,
    *,
    body: str,
    subject: str,
    html: str = "",
    kind: str = "",
    due_at: datetime | None = None,
) -> Message:
    """Replace the text of a waiting message, without counting for a limit again; returns the message that will be
    sent.

    The caller must have locked its row.

    If a worker holds it, it is called off and a copy is sent.
    """
    if message.lease_until is not None:
        call_off(Message.objects.filter(pk=message.pk))
        message = _copy(message)
    message.subject, message.body, message.html, message.kind = subject, body, html, kind
    return _plan(message, due_at or message.due_at, message.expires_at)


def call_off(messages: MessageQuerySet) -> None:
    """Call off those of the messages that have not been sent: they are outdated.

    A message that a worker holds, even a killed one, is never queued again. It keeps its lease, so that a worker
    whose server has just accepted it may still record it as sent (notifications/delivery.py).
    """
    waiting = Message.objects.filter(pk__in=list(messages.values_list("pk", flat=True)), state=MessageState.QUEUED)
    rows = list(waiting.order_by("id").select_for_update())
    Message.objects.filter(pk__in=[row.pk for row in rows if row.lease_until is None]).delete()
    text = {name: empty for name, empty in FORGOTTEN.items() if name != "lease_until"}
    leased = [row.pk for row in rows if row.lease_until is not None]
    Message.objects.filter(pk__in=leased).update(state=MessageState.CALLED_OFF, **text)


def erase_ended_letters() -> int:
    """Erase letters of ended messages; returns their number. Workers of the previous version erase only the text,
    because they do not know the letter."""
    return Message.objects.exclude(state=MessageState.QUEUED).exclude(html="").update(html="")


def _copy(message: Message) -> Message:
    """An unsaved copy without attempts."""
    copied = {name: getattr(message, name) for name in COPIED}
    return Message(**copied, due_at=message.due_at, expires_at=message.expires_at)


def _plan(
    message: Message, due_at: datetime | None, expires_at: datetime | None, together: Together | None = None
) -> Message:
    message.due_at = message.planned_at = due_at or timezone.now()
    message.expires_at = expires_at
    message.clean_fields()  # the database checks the constraints: checking them here, too, would cost four queries
    if together is not None:
        together.add(message)
        return message
    message.save()
    if message.state == MessageState.FAILED:
        return message
    transaction.on_commit(lambda: nudge_channel(Channel(message.channel), message.due_at))
    return message


def nudge_channel(channel: Channel, due_at: datetime) -> None:
    nudge("notifications.tasks.dispatch", channel.value, due_at=due_at)
