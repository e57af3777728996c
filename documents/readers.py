"""Who reads a message about documents: contacts, language, and the way to them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.quiet_hours import sms_time
from notifications.letters import Letter, plan_letter
from notifications.models import Channel
from notifications.outbox import plan_sms
from patients.invitations import invitation_for, invitation_url
from patients.models import Patient, RecordTie, Relationship
from practices.models import Practice


@dataclass(frozen=True)
class Reader:
    """The recipient of a message: their contacts, language and way to what it announces."""

    email: str
    mobile: str | None
    language: str
    link: str
    how: str
    has_account: bool


def reader_with_account(user: User, where: str) -> Reader:
    """Reached at the contacts of the account. `where`: the path of the page behind the sign-in."""
    with translation.override(user.language):
        return Reader(
            user.email, user.mobile, user.language, settings.PUBLIC_URL + where, _sign_in_words(), has_account=True
        )


def reader_of_record(patient: Patient, by: User | None, *, within: uuid.UUID, where: str) -> Reader:
    """Reached at the contacts of the record: with a link to sign in if an account is tied, otherwise an
    invitation. `within`: the appointment."""
    # who receives as the patient has both contacts
    assert patient.email
    assert patient.mobile
    with translation.override(patient.language):
        link, how, known = settings.PUBLIC_URL + where, _sign_in_words(), True
        if not has_account(patient):
            invitation = invitation_for(patient=patient, by=by, within=within)
            link, known = invitation_url(invitation), False
            how = _(
                "Pour y accéder, suivez ce lien. Un code vous sera envoyé par SMS, puis votre date de naissance "
                "vous sera demandée : ayez votre téléphone près de vous."
            )
        return Reader(patient.email, patient.mobile, patient.language, link, how, known)


def ask_reader(
    reader: Reader,
    *,
    letter: Letter,
    subject: str,
    sms: str,
    about: uuid.UUID,
    topic: str,
    practice: Practice,
    by: User | None,
    without: Collection[str] = (),
) -> None:
    """Plan an email and, to a mobile, an SMS that ask something of the reader, once it cannot be undone any more.
    `subject`: of the SMS, as staff read it. `about`, `topic`: of the messages. `without`: channels that get none."""
    due_at = timezone.now() + settings.SHARE_NOTICE_DELAY
    same: dict[str, Any] = {"language": reader.language, "about": about, "topic": topic, "practice": practice.pk}
    if Channel.EMAIL not in without:
        plan_letter(letter, to=reader.email, due_at=due_at, **same)
    if reader.mobile and Channel.SMS not in without:
        plan_sms(
            to=reader.mobile,
            subject=subject,
            text=sms,
            due_at=max(due_at, sms_time(practice)),
            account=by.pk if by else None,
            by_staff=True,
            **same,
        )


def has_account(patient: Patient) -> bool:
    """Whether the owner of these contacts has an account that shows the record's documents."""
    ties = RecordTie.objects.proved_now().filter(patient=patient)
    if patient.is_minor_now():
        # Another parent may be tied: only an account that proved the record's current contacts counts.
        return ties.filter(proved_email=patient.email, proved_mobile=patient.mobile).exists()
    return ties.filter(relationship=Relationship.SELF).exists()


def _sign_in_words() -> str:
    return _("Pour y accéder, connectez-vous à votre compte :")
