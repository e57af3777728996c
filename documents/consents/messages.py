"""The messages about signatures: that one is asked for, that one was given. They never say under what."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from appointments.message_parts import who
from appointments.models import BookedFor
from appointments.sms import for_whom
from documents.models import Consent
from documents.models.shared import AudienceChoice
from documents.readers import Reader, ask_reader, reader_of_record, reader_with_account
from notifications import outbox
from notifications.gsm import one_segment
from notifications.letters import Button, Letter, plan_letter
from notifications.models import Message, MessageQuerySet, MessageState
from practices.letters import call, from_practice

ASKED, SIGNED = "consent", "consent_signed"
SUBJECT = gettext_noop("Votre cabinet vous demande une signature")
SMS = gettext_noop("%(practice)s vous demande une signature%(details)s. Connectez-vous : %(link)s")
SMS_BY_EMAIL = gettext_noop("%(practice)s vous demande une signature%(details)s. Suivez le lien de l’e-mail.")
SIGNED_SUBJECT = gettext_noop("Vous avez signé un document")


def announce(consent: Consent, *, by: User | None) -> None:
    """Plan an email and an SMS to the recipient of the document, for a signature that is asked for after the
    sharing."""
    reader = _reader(consent, by)
    if reader is None:
        return
    with translation.override(reader.language):
        ask_reader(
            reader,
            letter=_letter(consent, reader),
            subject=_(SUBJECT),
            sms=_text(consent, reader),
            about=consent.pk,
            topic=ASKED,
            practice=consent.practice,
            by=by,
        )


def announce_anew(consent: Consent, *, by: User | None) -> None:
    """The recipient or their contacts changed: call off what waits, and write to whoever is the recipient now."""
    call_off(consent)
    announce(consent, by=by)


def waits(consent: Consent) -> bool:
    """Whether a message that asks for it has not left yet."""
    return _waiting(consent).exists()


def _letter(consent: Consent, reader: Reader) -> Letter:
    sentence = _("%(practice)s vous demande de lire et de signer un document. Vous le faites depuis votre compte.")
    return from_practice(
        consent.practice,
        about=_(SUBJECT),
        paragraphs=[_("Bonjour,"), sentence % {"practice": consent.practice.name_in_messages}, reader.how],
        facts=who([consent.document.appointment]),
        button=Button(_("Lire et signer"), reader.link),
    )


def _text(consent: Consent, reader: Reader) -> str:
    document = consent.document
    is_patient = not document.patient.is_minor_now()
    if document.audience == AudienceChoice.HOLDER:
        is_patient = document.appointment.booked_for == BookedFor.SELF
    return one_segment(
        _(SMS) if reader.has_account else _(SMS_BY_EMAIL),
        name=consent.practice.name_in_messages,
        details=[for_whom([document.patient], is_read_by_them=is_patient)],
        tail="" if reader.has_account else call(consent.practice),
        link=settings.PUBLIC_URL + reverse("patient:requests") if reader.has_account else "",  # shorter
    )


def confirm(consent: Consent, *, to: User) -> None:
    """Tell the account that it has signed: whoever did not learns that somebody did."""
    with translation.override(to.language):
        sentence = _("Un document vient d’être signé depuis votre compte, pour %(practice)s. Vous l’y retrouvez.")
        letter = from_practice(
            consent.practice,
            about=_(SIGNED_SUBJECT),
            paragraphs=[_("Bonjour,"), sentence % {"practice": consent.practice.name_in_messages}],
            facts=who([consent.document.appointment]),
            button=Button(_("Voir le document signé"), settings.PUBLIC_URL + _where(consent)),
            small=[_("Si ce n’est pas vous, changez de mot de passe et prévenez aussitôt le cabinet.")],
        )
        plan_letter(
            letter,
            to=to.email,
            language=to.language,
            about=consent.pk,
            topic=SIGNED,
            practice=consent.practice_id,
        )


def call_off(consent: Consent) -> None:
    """Nothing is to be signed any more."""
    outbox.call_off(_waiting(consent))


def _waiting(consent: Consent) -> MessageQuerySet:
    return Message.objects.filter(about=consent.pk, topic=ASKED, state=MessageState.QUEUED)


def _reader(consent: Consent, by: User | None) -> Reader | None:
    """None if the document has no reader whom a message would reach."""
    document = consent.document
    if not document.has_readers:
        return None
    if document.audience == AudienceChoice.HOLDER:
        return reader_with_account(document.holder, _where(consent)) if document.holder else None
    patient = document.patient
    if not (patient.email and patient.mobile):
        return None
    return reader_of_record(patient, by, within=document.appointment_id, where=_where(consent))


def _where(consent: Consent) -> str:
    return reverse("patient:document", args=[consent.document_id])
