"""Issues and checks codes sent by SMS (docs/security-cases.md, 21 and 52)."""

from __future__ import annotations

import secrets
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy

from accounts.counting import hold
from accounts.models import OneTimeCode
from refusals import Kind, Refusal

LIFETIME = timedelta(minutes=10)
MAX_ATTEMPTS = 5


class TooManyCodes(Refusal):
    """The limit of codes per hour is reached."""

    code = "too_many_codes"
    kind = Kind.TOO_OFTEN
    field = "mobile"
    retry_after = 3600
    words = gettext_lazy("Plusieurs codes viennent d’être envoyés. Attendez une heure avant d’en demander un autre.")


@transaction.atomic
def new_code(*, purpose: str, subject_id: uuid.UUID) -> str:
    """A fresh code for this purpose and subject; older ones of the same are void. Raises TooManyCodes.

    `purpose` may have a part after a colon (a new number); the limit counts all purposes of the same kind together.
    Concurrent requests wait for each other, so at most one code is valid and none is sent above the limit.
    """
    kind = purpose.partition(":")[0]
    hold("codes", f"{kind}:{subject_id}")
    now = timezone.now()
    of_kind = OneTimeCode.objects.filter(Q(purpose=kind) | Q(purpose__startswith=f"{kind}:"), subject_id=subject_id)
    if of_kind.filter(created_at__gt=now - timedelta(hours=1)).count() >= settings.CODES_AN_HOUR:
        raise TooManyCodes
    of_kind.filter(purpose=purpose, used_at=None).update(used_at=now)
    digits = f"{secrets.randbelow(1_000_000):06d}"
    code = OneTimeCode(purpose=purpose, subject_id=subject_id, expires_at=now + LIFETIME)
    code.code_hash = _hash(code.pk, digits)
    code.save()
    return digits


def check_code(*, purpose: str, subject_id: uuid.UUID, digits: str) -> bool:
    """Whether this is the valid code. Counts the try before it compares, so that parallel guesses are
    limited, too."""
    now = timezone.now()
    live = OneTimeCode.objects.filter(
        purpose=purpose, subject_id=subject_id, used_at=None, expires_at__gt=now, attempts__lt=MAX_ATTEMPTS
    )
    code = live.order_by("-created_at").first()
    if code is None or not live.filter(pk=code.pk).update(attempts=F("attempts") + 1):
        return False
    if not constant_time_compare(code.code_hash, _hash(code.pk, digits)):
        return False
    return OneTimeCode.objects.filter(pk=code.pk, used_at=None).update(used_at=now) == 1


def _hash(code_id: uuid.UUID, digits: str) -> str:
    return salted_hmac("accounts.codes", f"{code_id}:{digits}", algorithm="sha256").hexdigest()
