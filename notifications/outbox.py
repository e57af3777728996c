"""Planning a message: a row in the transaction of what it announces, and a nudge once that is committed. And calling
it off, or sending it elsewhere, in the transaction of what made it untrue.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from jobs.nudges import nudge
from notifications.models import FORGOTTEN, Channel, Message, MessageQuerySet, MessageState
from notifications.sms_limits import SmsRefused, count_sms

COPIED = (
    *("channel", "to", "language", "subject", "body", "html", "sender", "reply_to", "calendar"),
    *("about", "topic", "caused_by", "practice"),
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
) -> Message:
    """Queue an email. `subject`, `body` and `calendar` (iCalendar, attached) carry no health data: no title,
    reason or category of a document. `about`, `topic`: whatever the planner will ask for it by. `html`, `sender`,
    `reply_to`: see notifications/letters.py, which writes them."""
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
        ),
        due_at,
        expires_at,
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
    account: uuid.UUID | None = None,
    practice: uuid.UUID | None = None,
    by_staff: bool = False,
    waited_for: bool = False,
) -> Message:
    """Queue an SMS to a number in E.164, within the limits (notifications/sms_limits.py). `subject`: what it is
    about, for staff; it is not sent.

    It counts for `account`, which causes it (None: the site itself), for `practice`, and for the number. `by_staff`:
    the account acts for the practice, and may cause more. Over a limit, it is planned as failed with its cause, for
    staff to see; with `waited_for`, where a person waits for it, SmsRefused is raised instead.
    """
    message = Message(
        channel=Channel.SMS,
        to=to,
        subject=subject,
        body=text,
        language=language,
        about=about,
        topic=topic,
        caused_by=account,
        practice=practice,
    )
    try:
        count_sms(to=to, account=account, practice=practice, by_staff=by_staff)
    except SmsRefused as refused:
        if waited_for:
            raise
        message.state, message.cause, message.body = MessageState.FAILED, refused.cause, ""
    return _plan(message, due_at, expires_at)


def send_elsewhere(message: Message, *, to: str) -> Message:
    """A message that waits goes to another contact, an SMS within the limits. The caller has locked its row.

    One that a worker holds is called off, and a copy goes: it may arrive at the former contact all the same. The
    message that goes.
    """
    if message.lease_until is not None:
        call_off(Message.objects.filter(pk=message.pk))
        message = _copy(message)
    message.to = to
    if message.channel == Channel.SMS:
        try:
            count_sms(to=to, account=None, practice=message.practice, by_staff=False)
        except SmsRefused as refused:
            message.state, message.cause, message.body = MessageState.FAILED, refused.cause, ""
    return _plan(message, message.due_at, message.expires_at)


def rewrite(message: Message, *, body: str, subject: str, html: str = "", due_at: datetime | None = None) -> Message:
    """A message that waits says something else; it counts for no limit again. The caller has locked its row.

    One that a worker holds is called off, and a copy goes. The message that goes.
    """
    if message.lease_until is not None:
        call_off(Message.objects.filter(pk=message.pk))
        message = _copy(message)
    message.subject, message.body, message.html = subject, body, html
    return _plan(message, due_at or message.due_at, message.expires_at)


def call_off(messages: MessageQuerySet) -> None:
    """Those of them that have not left are not sent: they are no longer true.

    What a worker holds, or a killed one held, is never queued again; it keeps its lease, so that a worker whom the
    server has just answered may still record it as sent (notifications/delivery.py).
    """
    waiting = Message.objects.filter(pk__in=list(messages.values_list("pk", flat=True)), state=MessageState.QUEUED)
    rows = list(waiting.order_by("id").select_for_update())
    Message.objects.filter(pk__in=[row.pk for row in rows if row.lease_until is None]).delete()
    text = {name: empty for name, empty in FORGOTTEN.items() if name != "lease_until"}
    held = [row.pk for row in rows if row.lease_until is not None]
    Message.objects.filter(pk__in=held).update(state=MessageState.CALLED_OFF, **text)


def forget_left_letters() -> int:
    """Of messages that are over: workers of the version before empty their text and know nothing of the letter. How
    many there were."""
    return Message.objects.exclude(state=MessageState.QUEUED).exclude(html="").update(html="")


def _copy(message: Message) -> Message:
    """The same, not saved and never tried."""
    copied = {name: getattr(message, name) for name in COPIED}
    return Message(**copied, due_at=message.due_at, expires_at=message.expires_at)


def _plan(message: Message, due_at: datetime | None, expires_at: datetime | None) -> Message:
    message.due_at = message.planned_at = due_at or timezone.now()
    message.expires_at = expires_at
    message.clean_fields()  # constraints are the database's: asked of it beforehand, they cost four queries
    message.save()
    if message.state == MessageState.FAILED:
        return message
    transaction.on_commit(lambda: nudge_channel(Channel(message.channel), message.due_at))
    return message


def nudge_channel(channel: Channel, due_at: datetime) -> None:
    nudge("notifications.tasks.dispatch", channel.value, due_at=due_at)
