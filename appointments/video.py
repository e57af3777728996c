"""Where an agenda's visits by video take place."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from appointments.models import Agenda
from audit.trail import record
from practices.roles import require_administrator


@transaction.atomic
def set_video_url(*, agenda: Agenda, url: str, by: User) -> None:
    """What is told from now on; "" for none. Raises NotAllowed, ValidationError (attribute `video_url`)."""
    require_administrator(by, agenda.practice)
    agenda.video_url = url.strip()
    agenda.full_clean()
    agenda.save(update_fields=["video_url"])
    record("practice.video_changed", by=by, on=agenda, practice=agenda.practice_id)
