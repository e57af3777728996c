"""The messages of sharing: that something waits, and where. Never what it is."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.letters import call, from_practice, from_site
from accounts.models import User
from appointments.messages import facts_of
from appointments.models import ReminderPolicy
from appointments.quiet_hours import polite_time
from appointments.recipients import Audience, resolve
from documents.links import link_url
from documents.models import DocumentLink, SharedDocument
from documents.models.shared import AudienceChoice
from notifications import outbox
from notifications.gsm import one_segment
from notifications.letters import Button, Letter, plan_letter
from notifications.models import Channel, Message, MessageState
from notifications.outbox import plan_sms
from notifications.wording import long_day
from patients.invitations import invitation_for, invitation_url
from patients.models import Invitation, Patient, RecordTie, Relationship


@dataclass(frozen=True)
class Words:
    """`subject` and `sentence` of the email; the SMS to somebody with an account, and without one."""

    subject: str
    sentence: str
    sms: str
    sms_without_account: str


SHARED = Words(
    gettext_noop("Un document vous attend"),
    gettext_noop("%(practice)s a partagé un ou plusieurs documents avec vous."),
    gettext_noop("%(practice)s a partagé un document avec vous. Connectez-vous : %(link)s"),
    gettext_noop("%(practice)s a partagé un document avec vous. Suivez le lien de l’e-mail."),
)
REPLACED = Words(
    gettext_noop("Un document a été remplacé"),
    gettext_noop("%(practice)s a remplacé un document partagé avec vous : seule la nouvelle version compte."),
    gettext_noop("%(practice)s a remplacé un document partagé avec vous. Connectez-vous : %(link)s"),
    gettext_noop("%(practice)s a remplacé un document partagé avec vous. Suivez le lien de l’e-mail."),
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
    """Where its recipient is told of it today: a holder's, or those of the record that are the patient's own."""
    if document.audience == AudienceChoice.HOLDER:
        assert document.holder is not None  # an audience "holder" has one
        contacts = {"email": document.holder.email, "mobile": document.holder.mobile}
    else:
        contacts = dict(resolve(document.appointment).contacts)
    channels = {Channel.EMAIL: contacts.get("email"), Channel.SMS: contacts.get("mobile")}
    return {channel: to for channel, to in channels.items() if to}


def may_be_told(document: SharedDocument) -> bool:
    """Whether whoever it was shared with may hear of it again: a patient needs both contacts, to prove them."""
    if document.audience == AudienceChoice.HOLDER:
        return document.has_readers
    return resolve(document.appointment).audience is Audience.PATIENT


def announce_link(
    link: DocumentLink, documents: list[SharedDocument], *, channels: dict[str, tuple[str, str]]
) -> None:
    """Plan the messages of one automatic sending: one email, one SMS, whatever the number of documents.

    `channels`: "email" and "sms" with contact and language, those there are.
    """
    planned = []
    for channel, (to, language) in channels.items():
        with translation.override(language):
            if channel == "email":
                letter = _link_letter(link)
                planned.append(plan_letter(letter, to=to, language=language, about=link.appointment_id))
            else:
                planned.append(_link_sms(link, documents[0], to, language))
    pair = SharedDocument.messages.through
    pair.objects.bulk_create(
        [pair(shareddocument=document, message=message) for document in documents for message in planned]
    )


def _link_letter(link: DocumentLink) -> Letter:
    appointment = link.appointment
    return from_practice(
        appointment.practice,
        about=_("Un document pour votre rendez-vous"),
        paragraphs=[_("Bonjour,"), _("Nous vous envoyons un ou plusieurs documents pour votre rendez-vous.")],
        facts=facts_of([appointment]),
        button=Button(_("Voir les documents"), link_url(link)),
        small=[_("Ce lien est personnel : ne le transmettez à personne.")],
    )


def _link_sms(link: DocumentLink, document: SharedDocument, to: str, language: str) -> Message:
    practice = link.appointment.practice
    text = one_segment(
        _("%(practice)s, document pour votre RDV : %(link)s"),
        name=practice.name_in_messages,
        link=link_url(link, short=True),
    )
    return plan_sms(
        to=to,
        text=text,
        language=language,
        due_at=polite_time(timezone.now(), practice, ReminderPolicy.of(practice)),
        about=link.appointment_id,
        account=_who_gave_the_contacts(link, document),
        practice=practice.pk,
    )


def _who_gave_the_contacts(link: DocumentLink, document: SharedDocument) -> uuid.UUID | None:
    """The account that booked, for contacts that it gave: a rule must not write to strangers without a limit."""
    return link.appointment.holder_id if document.audience == AudienceChoice.PATIENT else None


def tell_signature_changed(user: User) -> None:
    """To the practitioner's own address, whoever did it."""
    with translation.override(user.language):
        letter = from_site(
            about=_("Votre signature a changé"),
            paragraphs=[
                _("Bonjour,"),
                _("Votre signature ou votre certificat de signature vient de changer."),
                _(
                    "Si ce n’est pas vous, révoquez votre certificat dans « Ma signature », changez de mot de passe "
                    "et prévenez aussitôt votre cabinet."
                ),
            ],
            button=_my_signature(),
        )
        plan_letter(letter, to=user.email, language=user.language)


def tell_certificate_ends(user: User, *, ends_at: datetime, zone: ZoneInfo) -> None:
    """`zone`: of the practice that it belongs to, or where its practitioner works."""
    with translation.override(user.language):
        letter = from_site(
            about=_("Votre certificat de signature se termine bientôt"),
            paragraphs=[
                _("Bonjour,"),
                _(
                    "Un certificat de signature que vous avez importé se termine le %(day)s. Après cette date, il ne "
                    "signera plus : demandez-en un nouveau à votre émetteur et importez-le."
                )
                % {"day": _day(ends_at, zone)},
            ],
            button=_my_signature(),
        )
        plan_letter(letter, to=user.email, language=user.language)


def _my_signature() -> Button:
    return Button(_("Ouvrir « Ma signature »"), settings.PUBLIC_URL + reverse("practitioner:signature"))


def call_off(documents: QuerySet[SharedDocument]) -> None:
    """They are about to go, or nobody sees them any more: a message that tells of nothing else is not sent, nor an
    invitation to a record of which nothing else can be seen."""
    gone = list(documents.values_list("pk", flat=True))
    about = SharedDocument.messages.through.objects.filter(shareddocument__in=gone).values("message")
    waiting = Message.objects.filter(pk__in=about, state=MessageState.QUEUED)
    others = SharedDocument.objects.with_readers().filter(messages__in=waiting).exclude(pk__in=gone)
    outbox.call_off(waiting.exclude(pk__in=list(others.values_list("messages", flat=True))))
    seen = SharedDocument.objects.with_readers().exclude(pk__in=gone).values("patient")
    theirs = SharedDocument.objects.filter(pk__in=gone).values("patient")
    patients = Patient.objects.filter(pk__in=theirs).exclude(pk__in=seen)
    # Staff who made sure of who it is invite for the account's sake.
    vain = Invitation.objects.live().filter(patient__in=patients, identity_checked_by=None)
    outbox.call_off(Message.objects.filter(about__in=list(vain.values_list("pk", flat=True))))


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
        return _to_account(document.holder, document, due_at, by, words)
    return _to_patient(document, due_at, by, words)


def _to_account(
    user: User, document: SharedDocument, due_at: dict[Channel, datetime], by: User | None, words: Words
) -> list[Message]:
    """To an account holder, at the account's own contacts."""
    planned = []
    with translation.override(user.language):
        link = settings.PUBLIC_URL + reverse("patient:documents")
        if at := due_at.get(Channel.EMAIL):
            planned.append(_email(user.email, document, link, _sign_in_words(), user.language, at, words))
        if user.mobile and (at := due_at.get(Channel.SMS)):
            planned.append(_sms(user.mobile, document, link, user.language, at, by, words))
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
            planned.append(_sms(patient.mobile, document, sms_link, patient.language, at, by, words))
    return planned


def _has_account(patient: Patient) -> bool:
    """Whether whoever these contacts reach has an account that shows the document."""
    ties = RecordTie.objects.proved_now().filter(patient=patient)
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
    letter = from_practice(
        practice,
        about=_(words.subject),
        paragraphs=[_("Bonjour,"), _(words.sentence) % {"practice": practice.name_in_messages}, how],
        facts=facts_of([document.appointment]),
        button=Button(_("Voir les documents"), link),
        small=[
            _(
                "Ce message a été envoyé le %(date)s. Il ne contient aucun document. Nous ne vous demanderons jamais "
                "votre mot de passe par e-mail ou par téléphone."
            )
            % {"date": _day(timezone.now(), practice.zone)}
        ],
    )
    return plan_letter(letter, to=to, language=language, due_at=due_at, about=document.appointment_id)


def _sms(
    to: str,
    document: SharedDocument,
    link: str | None,
    language: str,
    due_at: datetime,
    by: User | None,
    words: Words,
) -> Message:
    practice = document.practice
    text = one_segment(
        _(words.sms if link else words.sms_without_account),
        name=practice.name_in_messages,
        tail=call(practice) if link is None else "",
        link=link or "",
    )
    return plan_sms(
        to=to,
        text=text,
        language=language,
        due_at=due_at,
        about=document.appointment_id,
        account=by.pk if by else None,
        practice=document.practice_id,
        by_staff=True,
    )


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return long_day(timezone.localtime(moment, zone), weekday=True)
