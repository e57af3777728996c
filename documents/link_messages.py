"""The messages of a link without account: what one automatic sending sends and asks, in one email and one SMS. They
never say what it is."""

from __future__ import annotations

import uuid

from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from appointments.message_parts import facts_of
from appointments.models import Appointment, BookedFor
from appointments.quiet_hours import sms_time
from appointments.sms import for_whom
from documents.models import DocumentLink, DocumentRequest, SharedDocument
from documents.models.receiving import WAITS_FOR_PATIENT
from documents.sending.links import LINK, link_url
from documents.words import LinkWords
from notifications.gsm import one_segment
from notifications.letters import Button, Letter, plan_letter
from notifications.models import Channel, Message, MessageState
from notifications.outbox import plan_sms
from practices.letters import from_practice


def announce_link(
    link: DocumentLink,
    documents: list[SharedDocument],
    *,
    channels: dict[str, tuple[str, str]],
    again: bool = False,
) -> None:
    """Plan the messages of one automatic sending: one email and one SMS, however many documents it sends and asks
    for.

    `channels`: "email" and "sms", as far as available, with contact and language. Messages about documents follow
    these; those that only ask are about the link. `again`: reminds of what is asked.
    """
    planned = []
    words = LinkWords(len(documents), asked_behind(link).count(), again=again)
    about, topic = (link.appointment_id, "") if documents else (link.pk, LINK)
    for channel, (to, language) in channels.items():
        with translation.override(language):
            if channel == "email":
                letter = _link_letter(link, words)
                practice = link.appointment.practice_id
                planned.append(
                    plan_letter(letter, to=to, language=language, about=about, topic=topic, practice=practice)
                )
            else:
                planned.append(_link_sms(link, words, to, language, about=about, topic=topic))
    pair = SharedDocument.messages.through
    pair.objects.bulk_create(
        [pair(shareddocument=document, message=message) for document in documents for message in planned]
    )


def asked_behind(link: DocumentLink) -> QuerySet[DocumentRequest]:
    """What rules asked by this link and still wait for."""
    return DocumentRequest.objects.filter(auto_send__link=link, state__in=WAITS_FOR_PATIENT)


def waiting_of_link(link: DocumentLink) -> QuerySet[Message]:
    about = SharedDocument.messages.through.objects.filter(shareddocument__auto_send__link=link).values("message")
    return Message.objects.filter(
        Q(about=link.pk, topic=LINK) | Q(pk__in=about), state=MessageState.QUEUED, lease_until=None
    )


def contacts_of_link(link: DocumentLink) -> dict[str, tuple[str, str]]:
    """The contacts that it was sent to, with the language of their owner."""
    sent = {"email": link.email, "sms": link.mobile}
    return {channel: (to, link.owner.language) for channel, to in sent.items() if to}


def link_words(link: DocumentLink, message: Message, words: LinkWords) -> tuple[str, str, str]:
    """Subject, body and HTML, in the active language."""
    if message.channel == Channel.SMS:
        return words.texts()[0], _link_text(link, words), ""
    letter = _link_letter(link, words)
    return letter.subject, letter.text, letter.html


def _link_letter(link: DocumentLink, words: LinkWords) -> Letter:
    appointment = link.appointment
    subject, sentence, _sms = words.texts()
    return from_practice(
        appointment.practice,
        about=subject,
        paragraphs=[_("Bonjour,"), sentence],
        facts=facts_of([appointment]),
        button=Button(words.button(), link_url(link)),
        small=[_("Ce lien est personnel : ne le transmettez à personne.")],
    )


def _link_text(link: DocumentLink, words: LinkWords) -> str:
    return one_segment(
        words.texts()[2],
        name=link.appointment.practice.name_in_messages,
        details=[details_for(link.appointment, to_holder=link.holder_id is not None)],
        count=str(words.documents or words.asked),
        link=link_url(link, short=True),
    )


def details_for(appointment: Appointment, *, to_holder: bool) -> list[str]:
    """Details of the SMS, as in the SMS about its appointment: a first name if the reader may not be the patient."""
    patient = appointment.patient
    # A minor's contacts are a parent's.
    is_read_by_them = appointment.booked_for == BookedFor.SELF if to_holder else not patient.is_minor_now()
    return for_whom([patient], is_read_by_them=is_read_by_them)


def _link_sms(
    link: DocumentLink, words: LinkWords, to: str, language: str, *, about: uuid.UUID, topic: str
) -> Message:
    practice = link.appointment.practice
    return plan_sms(
        to=to,
        subject=words.texts()[0],
        text=_link_text(link, words),
        language=language,
        due_at=sms_time(practice),
        about=about,
        topic=topic,
        account=_who_gave_the_contacts(link),
        practice=practice.pk,
    )


def _who_gave_the_contacts(link: DocumentLink) -> uuid.UUID | None:
    """The account that booked, if it gave the contacts: rules must not write to strangers without a limit."""
    return link.appointment.holder_id if link.holder_id is None else None
