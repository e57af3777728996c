"""The messages of a link without account: what one automatic sending sends and asks, in one email and one SMS. They
never say what it is."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet
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
from notifications.outbox import Together, plan_sms
from patients.models.patient import note_shared_mobiles
from practices.letters import from_practice


class Announcement(NamedTuple):
    """What one automatic sending tells. `channels`: "email" and "sms", as far as available, with contact and
    language. `again`: reminds of what is asked."""

    link: DocumentLink
    documents: list[SharedDocument]
    channels: dict[str, tuple[str, str]]
    again: bool = False


def announce_link(
    link: DocumentLink,
    documents: list[SharedDocument],
    *,
    channels: dict[str, tuple[str, str]],
    again: bool = False,
) -> None:
    """Plan the messages of one automatic sending: as announce_each."""
    announce_each([Announcement(link, documents, channels, again)])


def announce_each(each: Sequence[Announcement]) -> None:
    """Plan the messages of automatic sendings: one email and one SMS for each, however many documents it sends and
    asks for. In as many statements for many as for one.

    Messages about documents follow these; those that only ask are about the link.
    """
    asked = dict(
        DocumentRequest.objects.filter(auto_send__link__in=[one.link for one in each], state__in=WAITS_FOR_PATIENT)
        .values_list("auto_send__link")
        .annotate(Count("pk"))
    )
    appointments = [one.link.appointment for one in each]
    note_shared_mobiles([one.patient for one in appointments])
    sms_times = {practice: sms_time(practice) for practice in {one.practice for one in appointments}}
    together, pairs = Together(), []
    pair = SharedDocument.messages.through
    for one in each:
        words = LinkWords(len(one.documents), asked.get(one.link.pk, 0), again=one.again)
        about, topic = (one.link.appointment_id, "") if one.documents else (one.link.pk, LINK)
        plan = _Plan(one.link, words, about, topic, sms_times[one.link.appointment.practice], together)
        for channel, (to, language) in one.channels.items():
            with translation.override(language):
                message = plan.email(to, language) if channel == "email" else plan.sms(to, language)
            pairs += [pair(shareddocument=document, message=message) for document in one.documents]
    together.write()
    pair.objects.bulk_create(pairs)


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


class _Plan(NamedTuple):
    """Plans the messages of one link, in the active language."""

    link: DocumentLink
    words: LinkWords
    about: uuid.UUID
    topic: str
    sms_at: datetime
    together: Together

    def email(self, to: str, language: str) -> Message:
        return plan_letter(
            _link_letter(self.link, self.words),
            to=to,
            language=language,
            about=self.about,
            topic=self.topic,
            practice=self.link.appointment.practice_id,
            together=self.together,
        )

    def sms(self, to: str, language: str) -> Message:
        return plan_sms(
            to=to,
            subject=self.words.texts()[0],
            text=_link_text(self.link, self.words),
            language=language,
            due_at=self.sms_at,
            about=self.about,
            topic=self.topic,
            account=_who_gave_the_contacts(self.link),
            practice=self.link.appointment.practice_id,
            together=self.together,
        )


def _who_gave_the_contacts(link: DocumentLink) -> uuid.UUID | None:
    """The account that booked, if it gave the contacts: rules must not write to strangers without a limit."""
    return link.appointment.holder_id if link.holder_id is None else None
