"""The messages of sharing: that a document waits, and where. They never say what it is."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.message_parts import facts_of
from appointments.models import Appointment, Reminder
from appointments.quiet_hours import sms_time
from appointments.recipients import Audience, resolve
from documents.link_messages import (
    announce_link,
    asked_behind,
    contacts_of_link,
    details_for,
    link_words,
    waiting_of_link,
)
from documents.models import DocumentLink, SharedDocument
from documents.models.shared import AudienceChoice
from documents.readers import Reader, has_account, reader_of_record, reader_with_account
from documents.sending.links import LINK, is_open
from documents.words import LinkWords, Words
from notifications import outbox
from notifications.gsm import one_segment
from notifications.letters import Button, Letter, plan_letter
from notifications.models import Channel, Message, MessageState
from notifications.outbox import plan_sms
from notifications.sms_limits import REFUSALS
from notifications.wording import long_day
from patients.models import Invitation, Patient
from practices.letters import call, from_practice
from practices.models import Practice

# However many documents follow, the message about the first leaves within this time (shared by a program).
LONGEST_SITTING = timedelta(minutes=2)
# Shared on a page: the message waits until the page is left (end_sitting), after the last document at most this long.
PAGE_LEFT_AFTER = timedelta(minutes=5)
OF_A_LINK = ("appointment__practice", "appointment__patient__practice", "holder", "authorisation")


def announce(document: SharedDocument, *, by: User, replaced: bool = False, sitting: bool = False) -> None:
    """Plan one email and one SMS, in the transaction of the sharing (or of the replacing).

    Documents shared one after the other for the same appointment and audience join the messages that have not left
    yet, which then state the number: a patient gets one SMS for four documents. Each one that joins delays the
    messages for the next one, by LONGEST_SITTING at most. `sitting`: shared on a page, which says when it is left.
    """
    waiting = _waiting_messages(document)
    channels = {Channel(message.channel) for message in waiting}
    new = {
        channel: at
        for channel, at in _notice_times(document.practice, sitting=sitting).items()
        if channel not in channels
    }
    document.messages.add(*waiting, *_plan(document, by, new, Words(1, replaced)))
    for message in waiting:
        if message.state == MessageState.QUEUED:
            _write_anew(message, by=by, joined=True, sitting=sitting)


def end_sitting(appointment: Appointment, *, by: User) -> None:
    """`by` has left the page of sharing: the messages leave, once the last sharing that they tell of can't be undone
    any more. It may be a colleague's, of a minute ago."""
    shared = SharedDocument.objects.filter(appointment=appointment, shared_by=by, auto_send=None)
    if not shared.filter(shared_at__gt=timezone.now() - PAGE_LEFT_AFTER).exists():
        return
    announced = SharedDocument.objects.filter(messages__in=shared.values("messages"))
    last = announced.order_by("-shared_at").values_list("shared_at", flat=True).first()
    soon = max(timezone.now(), last + settings.UNDO_FOR) if last else timezone.now()
    times = {Channel.EMAIL: soon, Channel.SMS: max(soon, sms_time(appointment.practice))}
    for channel, at in times.items():
        waiting = Message.objects.filter(
            pk__in=shared.values("messages"), channel=channel, state=MessageState.QUEUED, lease_until=None, attempts=0
        )
        if waiting.filter(due_at__gt=at).update(due_at=at, planned_at=at):
            transaction.on_commit(partial(outbox.nudge_channel, channel, at))


def _notice_times(practice: Practice, *, sitting: bool) -> dict[Channel, datetime]:
    soon = timezone.now() + (PAGE_LEFT_AFTER if sitting else settings.SHARE_NOTICE_DELAY)
    return {Channel.EMAIL: soon, Channel.SMS: max(soon, sms_time(practice))}


def _write_anew(
    message: Message,
    *,
    by: User | None,
    joined: bool = False,
    sitting: bool = False,
    without: Collection[uuid.UUID] = (),
) -> None:
    """Rewrite a waiting message with the current number of documents. The caller has locked its row.

    `joined`: a document was added, so the message waits for the next; with `sitting`, for the page to be left.
    `without`: documents that are about to go.
    """
    announced = SharedDocument.objects.with_readers().filter(messages=message).exclude(pk__in=without)
    related = announced.select_related("patient", "holder", "practice", "appointment__agenda__practitioner")
    documents = list(related.select_related("appointment__practice", "appointment__patient", "auto_send__link"))
    if not documents:
        return
    first, due_at = documents[0], message.due_at
    if joined and sitting:
        due_at = max(due_at, timezone.now() + (settings.UNDO_FOR if message.attempts else PAGE_LEFT_AFTER))
    elif joined and message.attempts == 0:
        latest = message.created_at + LONGEST_SITTING
        due_at = max(due_at, min(timezone.now() + settings.SHARE_NOTICE_DELAY, latest))
    with translation.override(message.language):
        sending = getattr(first, "auto_send", None)
        if sending is not None:
            about = LinkWords(len(documents), asked_behind(sending.link).count())
            subject, body, html = link_words(sending.link, message, about)
        else:
            words = Words(len(documents), all(_was_notified(one, message) for one in documents))
            reader = _reader(first, by)
            if message.channel == Channel.SMS:
                subject, body, html = words.subject(), _text(reader, first, words), ""
            else:
                letter = _letter(reader, first, words)
                subject, body, html = letter.subject, letter.text, letter.html
    outbox.rewrite(message, subject=subject, body=body, html=html, due_at=due_at)


def _was_notified(document: SharedDocument, message: Message) -> bool:
    """Whether this channel announced it to its readers before, and it was replaced since."""
    if document.replaced_at is None:
        return False
    others = document.messages.filter(channel=message.channel).exclude(pk=message.pk)
    return others.exclude(state=MessageState.CALLED_OFF).exists()


def announce_again(
    documents: list[SharedDocument], *, due_at: dict[Channel, datetime], by: User | None
) -> list[Message]:
    """Send the message again to today's contacts, for documents of one recipient, by the channels in `due_at`.

    An SMS to somebody without an account refers to the link in the last email: if that link is dead, the email is
    sent again, too.
    """
    first = documents[0]
    by_invitation = first.audience == AudienceChoice.PATIENT and not has_account(first.patient)
    if by_invitation and not first.patient.invitations.live().exists():
        due_at = {Channel.EMAIL: timezone.now()} | due_at
    planned = _plan(first, by, due_at, Words(len(documents)))
    for document in documents:
        document.messages.add(*planned)
    return planned


def contacts_of(document: SharedDocument) -> dict[Channel, str]:
    """Today's contacts of its recipient: the holder's, or those of the record that are the patient's own."""
    if document.audience == AudienceChoice.HOLDER:
        assert document.holder is not None  # the audience "holder" always has one
        contacts = {"email": document.holder.email, "mobile": document.holder.mobile}
    else:
        contacts = dict(resolve(document.appointment).contacts)
    channels = {Channel.EMAIL: contacts.get("email"), Channel.SMS: contacts.get("mobile")}
    return {channel: to for channel, to in channels.items() if to}


def messages_around(appointment: Appointment) -> QuerySet[Message]:
    """Every message about it: itself, its reminders, its documents."""
    shared = SharedDocument.messages.through.objects.filter(shareddocument__appointment=appointment)
    reminded = Reminder.messages.through.objects.filter(reminder__appointment=appointment)
    messages = [*shared.values_list("message", flat=True), *reminded.values_list("message", flat=True)]
    asked = appointment.document_requests.values_list("pk", flat=True)
    links = appointment.document_links.values_list("pk", flat=True)
    return Message.objects.filter(Q(about__in=[appointment.pk, *asked, *links]) | Q(pk__in=messages)).order_by(
        "-created_at", "-id"
    )


def can_be_notified(document: SharedDocument) -> bool:
    """Whether its recipient may get another message: a patient needs both contacts, to prove them."""
    if document.audience == AudienceChoice.HOLDER:
        return document.has_readers
    return resolve(document.appointment).audience is Audience.PATIENT


def tell_anew_behind(link: DocumentLink) -> None:
    """What is asked by it changed: rewrite what waits, and call off what has nothing to say any more."""
    asked = asked_behind(link).count()
    for message in waiting_of_link(link).select_for_update():
        if message.topic != LINK:
            _write_anew(message, by=None)
        elif asked:
            with translation.override(message.language):
                subject, body, html = link_words(link, message, LinkWords(0, asked))
            outbox.rewrite(message, subject=subject, body=body, html=html, due_at=message.due_at)
        else:
            outbox.call_off(Message.objects.filter(pk=message.pk))


def call_off(documents: QuerySet[SharedDocument]) -> None:
    """The documents are about to go, or nobody sees them any more. Call off messages about nothing else, and
    invitations to records with nothing else to see."""
    gone = list(documents.values_list("pk", flat=True))
    about = SharedDocument.messages.through.objects.filter(shareddocument__in=gone).values("message")
    waiting = Message.objects.filter(pk__in=about, state=MessageState.QUEUED)
    others = SharedDocument.objects.with_readers().filter(messages__in=waiting).exclude(pk__in=gone)
    still_announced = set(others.values_list("messages", flat=True))
    links = DocumentLink.objects.filter(sendings__shared__in=gone).select_related(*OF_A_LINK).distinct()
    asking = [
        link for link in links if is_open(link) and waiting_of_link(link).exclude(pk__in=still_announced).exists()
    ]
    outbox.call_off(waiting.exclude(pk__in=still_announced))
    for link in asking:
        if asked_behind(link).exists():
            announce_link(link, [], channels=contacts_of_link(link))
    # Leaves alone what a worker is sending now.
    for message in waiting.filter(pk__in=still_announced, lease_until=None).select_for_update():
        _write_anew(message, by=None, without=gone)
    seen = SharedDocument.objects.with_readers().exclude(pk__in=gone).values("patient")
    theirs = SharedDocument.objects.filter(pk__in=gone).values("patient")
    patients = Patient.objects.filter(pk__in=theirs).exclude(pk__in=seen)
    # Keeps invitations by staff who checked the identity: they are for the account itself.
    vain = Invitation.objects.live().filter(patient__in=patients, identity_checked_by=None)
    outbox.call_off(Message.objects.filter(about__in=list(vain.values_list("pk", flat=True))))


def _waiting_messages(document: SharedDocument) -> list[Message]:
    """Messages of the same appointment and audience that no worker has claimed, locked so that none can; and SMS that
    were refused by a limit beside one of them: another SMS would be refused, too."""
    siblings = SharedDocument.objects.filter(
        appointment=document.appointment, audience=document.audience, holder=document.holder, auto_send=None
    )
    waiting = list(
        Message.objects.select_for_update().filter(
            pk__in=siblings.values("messages"), state=MessageState.QUEUED, lease_until=None
        )
    )
    announced = SharedDocument.messages.through.objects.filter(message__in=waiting).values("shareddocument")
    with_them = SharedDocument.messages.through.objects.filter(shareddocument__in=announced).values("message")
    refused = Message.objects.filter(pk__in=with_them, state=MessageState.FAILED, cause__in=REFUSALS)
    return waiting + [one for one in refused if one.channel not in {message.channel for message in waiting}]


def _plan(document: SharedDocument, by: User | None, due_at: dict[Channel, datetime], words: Words) -> list[Message]:
    if not due_at:
        return []
    reader, planned = _reader(document, by), []
    with translation.override(reader.language):
        if at := due_at.get(Channel.EMAIL):
            letter = _letter(reader, document, words)
            planned.append(
                plan_letter(
                    letter,
                    to=reader.email,
                    language=reader.language,
                    due_at=at,
                    about=document.appointment_id,
                    practice=document.practice_id,
                )
            )
        if reader.mobile and (at := due_at.get(Channel.SMS)):
            planned.append(
                plan_sms(
                    to=reader.mobile,
                    subject=words.subject(),
                    text=_text(reader, document, words),
                    language=reader.language,
                    due_at=at,
                    about=document.appointment_id,
                    account=by.pk if by else None,
                    practice=document.practice_id,
                    by_staff=True,
                )
            )
    return planned


def _reader(document: SharedDocument, by: User | None) -> Reader:
    where = reverse("patient:documents")
    if document.audience == AudienceChoice.HOLDER:
        assert document.holder is not None  # the audience "holder" always has one
        return reader_with_account(document.holder, where)
    return reader_of_record(document.patient, by, within=document.appointment_id, where=where)


def _letter(reader: Reader, document: SharedDocument, words: Words) -> Letter:
    practice = document.practice
    return from_practice(
        practice,
        about=words.subject(),
        paragraphs=[_("Bonjour,"), words.sentence(practice.name_in_messages), reader.how],
        facts=facts_of([document.appointment]),
        button=Button(_("Voir les documents"), reader.link),
        small=[
            _(
                "Ce message a été envoyé le %(date)s. Il ne contient aucun document. Nous ne vous demanderons jamais "
                "votre mot de passe par e-mail ou par téléphone."
            )
            % {"date": _day(timezone.now(), practice.zone)}
        ],
    )


def _text(reader: Reader, document: SharedDocument, words: Words) -> str:
    return one_segment(
        words.sms(with_account=reader.has_account),
        name=document.practice.name_in_messages,
        details=[details_for(document.appointment, to_holder=document.audience == AudienceChoice.HOLDER)],
        tail="" if reader.has_account else call(document.practice),
        count=str(words.count),
        link=reader.link if reader.has_account else "",
    )


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return long_day(timezone.localtime(moment, zone), weekday=True)
