"""The messages of sharing: that something waits, and where. Never what it is."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from documents.links import link_url
from documents.models import DocumentLink, SharedDocument
from documents.models.shared import AudienceChoice
from notifications.models import Channel, Message, MessageState
from notifications.outbox import plan_email, plan_sms
from notifications.wording import for_sms, long_day
from patients.invitations import invitation_for, invitation_url
from patients.models import Patient, RecordTie, Relationship

Words = tuple[str, str, str, str]  # subject and body of the email; the SMS with an account, and without one
SHARED: Words = (
    gettext_noop("Un document vous attend"),
    gettext_noop(
        "Bonjour,\n\n"
        "%(practice)s a partagé un ou plusieurs documents avec vous.\n\n"
        "%(words)s\n%(link)s\n\n"
        "Ce message a été envoyé le %(date)s. Il ne contient aucun document. Nous ne vous demanderons jamais "
        "votre mot de passe par e-mail ou par téléphone.\n\n"
        "%(practice)s\n"
    ),
    gettext_noop("%(practice)s a partagé un document avec vous. Connectez-vous : %(link)s"),
    gettext_noop("%(practice)s a partagé un document avec vous. Suivez le lien reçu par e-mail."),
)
REPLACED: Words = (
    gettext_noop("Un document a été remplacé"),
    gettext_noop(
        "Bonjour,\n\n"
        "%(practice)s a remplacé un document partagé avec vous : seule la nouvelle version compte.\n\n"
        "%(words)s\n%(link)s\n\n"
        "Ce message a été envoyé le %(date)s. Il ne contient aucun document. Nous ne vous demanderons jamais "
        "votre mot de passe par e-mail ou par téléphone.\n\n"
        "%(practice)s\n"
    ),
    gettext_noop("%(practice)s a remplacé un document partagé avec vous. Connectez-vous : %(link)s"),
    gettext_noop("%(practice)s a remplacé un document partagé avec vous. Suivez le lien reçu par e-mail."),
)


def announce(document: SharedDocument, *, by: User, replaced: bool = False) -> None:
    """Plan one email and one SMS, in the transaction of the sharing (or of the replacing).

    Documents shared one after the other for the same appointment and audience join the messages that have not
    left yet: a patient gets one SMS for four documents.
    """
    due_at = timezone.now() + settings.SHARE_NOTICE_DELAY
    waiting = _waiting_messages(document)
    words = REPLACED if replaced else SHARED
    document.messages.add(*(waiting or _plan(document, by, dict.fromkeys(Channel, due_at), words)))


def announce_again(
    documents: list[SharedDocument], *, due_at: dict[Channel, datetime], by: User | None
) -> list[Message]:
    """The message once more to today's contacts, of documents with one recipient; by the channels `due_at` names.

    An SMS to somebody without an account leads to the link of the last email: where that link is dead, the email
    goes along.
    """
    first = documents[0]
    by_invitation = first.audience == AudienceChoice.PATIENT and not _has_account(first.patient)
    if by_invitation and not first.patient.invitations.live().exists():
        due_at = {Channel.EMAIL: timezone.now()} | due_at
    planned = _plan(first, by, due_at)
    for document in documents:
        document.messages.add(*planned)
    return planned


def contacts_of(document: SharedDocument) -> dict[Channel, str]:
    """Where its recipient is told of it today."""
    who: User | Patient | None = document.holder if document.audience == AudienceChoice.HOLDER else document.patient
    assert who is not None  # an audience "holder" has one
    contacts = {Channel.EMAIL: who.email, Channel.SMS: who.mobile}
    return {channel: to for channel, to in contacts.items() if to}


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
    pair = SharedDocument.messages.through
    pair.objects.bulk_create(
        [pair(shareddocument=document, message=message) for document in documents for message in planned]
    )


def tell_signature_changed(user: User) -> None:
    """To the practitioner's own address, whoever did it."""
    with translation.override(user.language):
        body = _(
            "Bonjour,\n\n"
            "Votre signature ou votre certificat de signature vient de changer sur docshare.\n"
            "Si ce n’est pas vous, révoquez votre certificat dans « Ma signature », changez de mot de passe et "
            "prévenez aussitôt votre cabinet :\n%(link)s\n"
        )
        link = settings.PUBLIC_URL + reverse("practitioner:signature")
        plan_email(
            to=user.email,
            subject=_("Votre signature a changé"),
            body=body % {"link": link},
            language=user.language,
        )


def tell_certificate_ends(user: User, *, ends_at: datetime) -> None:
    with translation.override(user.language):
        body = _(
            "Bonjour,\n\n"
            "Un certificat de signature importé sur docshare se termine le %(day)s. Après cette date, il ne signera "
            "plus : demandez-en un nouveau à votre émetteur et importez-le.\n%(link)s\n"
        )
        facts = {
            "day": long_day(timezone.localtime(ends_at)),
            "link": settings.PUBLIC_URL + reverse("practitioner:signature"),
        }
        plan_email(
            to=user.email,
            subject=_("Votre certificat de signature se termine bientôt"),
            body=body % facts,
            language=user.language,
        )


def call_off(document: SharedDocument) -> None:
    """Before a document goes: a message that was only about it, and has not left yet, is not sent."""
    for message in document.messages.select_for_update().filter(state=MessageState.QUEUED, lease_until=None):
        if not SharedDocument.objects.filter(messages=message).exclude(pk=document.pk).exists():
            message.delete()


def _waiting_messages(document: SharedDocument) -> list[Message]:
    """Messages of the same appointment and audience that no worker has taken; locked, so none takes them now."""
    siblings = SharedDocument.objects.filter(
        appointment=document.appointment, audience=document.audience, holder=document.holder
    )
    return list(
        Message.objects.select_for_update().filter(
            pk__in=siblings.values("messages"),
            state=MessageState.QUEUED,
            lease_until=None,
            due_at__gt=timezone.now(),
        )
    )


def _plan(
    document: SharedDocument, by: User | None, due_at: dict[Channel, datetime], words: Words = SHARED
) -> list[Message]:
    if document.audience == AudienceChoice.HOLDER:
        assert document.holder is not None  # an audience "holder" has one
        return _to_account(document.holder, document, due_at, words)
    return _to_patient(document, due_at, by, words)


def _to_account(user: User, document: SharedDocument, due_at: dict[Channel, datetime], words: Words) -> list[Message]:
    """To an account holder, at the account's own contacts."""
    planned = []
    with translation.override(user.language):
        link = settings.PUBLIC_URL + reverse("patient:documents")
        if at := due_at.get(Channel.EMAIL):
            planned.append(_email(user.email, document, link, _sign_in_words(), user.language, at, words))
        if user.mobile and (at := due_at.get(Channel.SMS)):
            planned.append(_sms(user.mobile, document, link, user.language, at, words))
    return planned


def _to_patient(
    document: SharedDocument, due_at: dict[Channel, datetime], by: User | None, words: Words
) -> list[Message]:
    """To the record's own contacts: a link to sign in where an account is tied, an invitation otherwise."""
    patient = document.patient
    planned = []
    # an audience "patient" is only ready with both
    assert patient.email
    assert patient.mobile
    with translation.override(patient.language):
        link = settings.PUBLIC_URL + reverse("patient:documents")
        how = _sign_in_words()
        if not _has_account(patient):
            invitation = invitation_for(patient=patient, by=by, within=document.appointment_id)
            link = invitation_url(invitation)
            how = _(
                "Pour y accéder, suivez ce lien. Un code vous sera envoyé par SMS, puis votre date de naissance "
                "vous sera demandée : ayez votre téléphone près de vous."
            )
            sms_link = None
        else:
            sms_link = link
        if at := due_at.get(Channel.EMAIL):
            planned.append(_email(patient.email, document, link, how, patient.language, at, words))
        if at := due_at.get(Channel.SMS):
            planned.append(_sms(patient.mobile, document, sms_link, patient.language, at, words))
    return planned


def _has_account(patient: Patient) -> bool:
    """Whether whoever these contacts reach has an account that shows the document."""
    ties = RecordTie.objects.filter(patient=patient, ended_at=None)
    if patient.is_minor_now():
        # Another parent may be tied: what counts is who proved the contacts that the record has today.
        return ties.filter(proved_email=patient.email, proved_mobile=patient.mobile).exists()
    return ties.filter(relationship=Relationship.SELF).exists()


def _sign_in_words() -> str:
    return _("Pour y accéder, connectez-vous à votre compte :")


def _email(
    to: str, document: SharedDocument, link: str, how: str, language: str, due_at: datetime, words: Words
) -> Message:
    practice = document.practice
    subject, body = _(words[0]), _(words[1])
    body %= {
        "practice": practice.name,
        "words": how,
        "link": link,
        "date": _day(timezone.now(), practice.zone),
    }
    return plan_email(
        to=to, subject=subject, body=body, language=language, due_at=due_at, about=document.appointment_id
    )


def _sms(
    to: str, document: SharedDocument, link: str | None, language: str, due_at: datetime, words: Words
) -> Message:
    text = _(words[2] if link else words[3])
    text %= {"practice": document.practice.name, "link": link}
    return plan_sms(
        to=to,
        text=for_sms(text),
        language=language,
        due_at=due_at,
        about=document.appointment_id,
    )


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return long_day(timezone.localtime(moment, zone))
