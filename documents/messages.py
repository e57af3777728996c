"""The messages of sharing: that something waits, and where. Never what it is."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.recipients import Audience, Recipient
from documents.links import link_url
from documents.models import DocumentLink, SharedDocument
from notifications.models import Message, MessageState
from notifications.outbox import plan_email, plan_sms
from notifications.wording import for_sms, long_day
from patients.invitations import invitation_for, invitation_url
from patients.models import Patient, RecordTie, Relationship


def announce(document: SharedDocument, *, recipient: Recipient, by: User) -> None:
    """Plan one email and one SMS, in the transaction of the sharing.

    Documents shared one after the other for the same appointment and audience join the messages that have not
    left yet: a patient gets one SMS for four documents.
    """
    waiting = _waiting_messages(document)
    document.messages.set(waiting or _plan(document, recipient, by))


def announce_link(
    link: DocumentLink, documents: list[SharedDocument], *, channels: dict[str, tuple[str, str]]
) -> None:
    """Plan the messages of one automatic sending: one email, one SMS, whatever the number of documents.

    `channels`: "email" and "sms" with contact and language, those there are.
    """
    practice = documents[0].practice
    planned = []
    for channel, (to, language) in channels.items():
        with translation.override(language):
            facts = {"practice": practice.name, "link": link_url(link)}
            if channel == "email":
                body = _(
                    "Bonjour,\n\n"
                    "%(practice)s vous envoie un ou plusieurs documents pour votre rendez-vous :\n%(link)s\n\n"
                    "Ce lien est personnel : ne le transmettez à personne.\n\n"
                    "%(practice)s\n"
                )
                subject = _("Un document pour votre rendez-vous")
                planned.append(
                    plan_email(
                        to=to, subject=subject, body=body % facts, language=language, about=link.appointment_id
                    )
                )
            else:
                text = _("%(practice)s vous envoie un document pour votre rendez-vous : %(link)s")
                planned.append(
                    plan_sms(to=to, text=for_sms(text % facts), language=language, about=link.appointment_id)
                )
    for document in documents:
        document.messages.set(planned)


def call_off(document: SharedDocument) -> None:
    """Before a document goes: a message that was only about it, and has not left yet, is not sent."""
    for message in document.messages.select_for_update().filter(state=MessageState.QUEUED, lease_until=None):
        if not SharedDocument.objects.filter(messages=message).exclude(pk=document.pk).exists():
            message.delete()


def _waiting_messages(document: SharedDocument) -> list[Message]:
    """Messages of the same appointment and audience that no worker has taken; locked, so none takes them now."""
    siblings = SharedDocument.objects.filter(
        appointment=document.appointment, audience=document.audience, holder=document.holder
    ).exclude(pk=document.pk)
    return list(
        Message.objects.select_for_update().filter(
            pk__in=siblings.values("messages"),
            state=MessageState.QUEUED,
            lease_until=None,
            due_at__gt=timezone.now(),
        )
    )


def _plan(document: SharedDocument, recipient: Recipient, by: User) -> list[Message]:
    due_at = timezone.now() + settings.SHARE_NOTICE_DELAY
    if recipient.audience is Audience.HOLDER:
        assert recipient.holder is not None  # an audience "holder" has one
        return _to_account(recipient.holder, document, due_at)
    return _to_patient(document, due_at, by)


def _to_account(user: User, document: SharedDocument, due_at: datetime) -> list[Message]:
    """To an account holder, at the account's own contacts."""
    with translation.override(user.language):
        link = settings.PUBLIC_URL + reverse("patient:documents")
        planned = [_email(user.email, document, link, _sign_in_words(), user.language, due_at)]
        if user.mobile:
            planned.append(_sms(user.mobile, document, link, user.language, due_at))
    return planned


def _to_patient(document: SharedDocument, due_at: datetime, by: User) -> list[Message]:
    """To the record's own contacts: a link to sign in where an account is tied, an invitation otherwise."""
    patient = document.patient
    # an audience "patient" is only ready with both
    assert patient.email
    assert patient.mobile
    with translation.override(patient.language):
        link = settings.PUBLIC_URL + reverse("patient:documents")
        words = _sign_in_words()
        if not _has_account(patient):
            invitation = invitation_for(patient=patient, by=by, within=document.appointment_id)
            link = invitation_url(invitation)
            words = _(
                "Pour y accéder, suivez ce lien. Un code vous sera envoyé par SMS, puis votre date de naissance "
                "vous sera demandée : ayez votre téléphone près de vous."
            )
            sms_link = None
        else:
            sms_link = link
        return [
            _email(patient.email, document, link, words, patient.language, due_at),
            _sms(patient.mobile, document, sms_link, patient.language, due_at),
        ]


def _has_account(patient: Patient) -> bool:
    """Whether whoever these contacts reach has an account that shows the document."""
    ties = RecordTie.objects.filter(patient=patient, ended_at=None)
    if patient.is_minor_now():
        # Another parent may be tied: what counts is who proved the contacts that the record has today.
        return ties.filter(proved_email=patient.email, proved_mobile=patient.mobile).exists()
    return ties.filter(relationship=Relationship.SELF).exists()


def _sign_in_words() -> str:
    return _("Pour y accéder, connectez-vous à votre compte :")


def _email(to: str, document: SharedDocument, link: str, words: str, language: str, due_at: datetime) -> Message:
    practice = document.practice
    body = _(
        "Bonjour,\n\n"
        "%(practice)s a partagé un ou plusieurs documents avec vous.\n\n"
        "%(words)s\n%(link)s\n\n"
        "Ce message a été envoyé le %(date)s. Il ne contient aucun document. Nous ne vous demanderons jamais "
        "votre mot de passe par e-mail ou par téléphone.\n\n"
        "%(practice)s\n"
    ) % {
        "practice": practice.name,
        "words": words,
        "link": link,
        "date": _day(timezone.now(), practice.zone),
    }
    subject = _("Un document vous attend")
    return plan_email(
        to=to, subject=subject, body=body, language=language, due_at=due_at, about=document.appointment_id
    )


def _sms(to: str, document: SharedDocument, link: str | None, language: str, due_at: datetime) -> Message:
    if link:
        text = _("%(practice)s a partagé un document avec vous. Connectez-vous : %(link)s")
    else:
        text = _("%(practice)s a partagé un document avec vous. Suivez le lien reçu par e-mail.")
    text = text % {"practice": document.practice.name, "link": link}
    return plan_sms(
        to=to,
        text=for_sms(text),
        language=language,
        due_at=due_at,
        about=document.appointment_id,
    )


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return long_day(timezone.localtime(moment, zone))
