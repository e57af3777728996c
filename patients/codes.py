"""The code that proves the mobile of an invitation."""

from __future__ import annotations

from django.db import transaction

from accounts.codes import new_code
from accounts.devices import send_code
from patients.models import Invitation

CODE_PURPOSE = "invitation"


@transaction.atomic
def send_invitation_code(*, invitation: Invitation) -> None:
    """Send a new code by SMS; older ones become invalid. Raises accounts.codes.TooManyCodes, SmsRefused."""
    digits = new_code(purpose=CODE_PURPOSE, subject_id=invitation.pk)
    patient, practice = invitation.patient, invitation.patient.practice
    send_code(
        to=invitation.mobile,
        digits=digits,
        language=patient.language,
        practice=practice.pk,
        sender=practice.name_in_messages,
    )
