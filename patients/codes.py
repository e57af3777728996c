"""The code that proves the mobile of an invitation."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.codes import LIFETIME, new_code
from notifications.outbox import plan_sms
from patients.models import Invitation

CODE_PURPOSE = "invitation"


@transaction.atomic
def send_invitation_code(*, invitation: Invitation) -> None:
    """A fresh code by SMS; older ones are void. Raises accounts.codes.TooManyCodes."""
    digits = new_code(purpose=CODE_PURPOSE, subject_id=invitation.pk)
    language = invitation.patient.language
    with translation.override(language):
        # Plain spaces keep the SMS in GSM-7.
        text = _("%(code)s est votre code docshare. Ne le donnez à personne. Il expire dans 10 minutes.")
        plan_sms(
            to=invitation.mobile,
            text=(text % {"code": digits}).replace("\u00a0", " "),
            language=language,
            expires_at=timezone.now() + LIFETIME,
        )
