"""What somebody has typed into a document and not shared yet: kept for them alone, for thirty days."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from documents.models import FillingDraft, LibraryVersion
from documents.sharing.uploads import check_may_share

KEPT = timedelta(days=30)
MAX_TYPED = 300_000  # characters of all fields together: forty long texts


@transaction.atomic
def keep_draft(*, appointment: Appointment, version: LibraryVersion, typed: Mapping[str, str], by: User) -> None:
    """Keep what was typed so far, right or wrong, in place of the draft before. Raises NotAllowed."""
    check_may_share(appointment, by)
    text = json.dumps(dict(typed), ensure_ascii=False)
    if len(text) > MAX_TYPED or not Appointment.objects.select_for_update(of=("self",)).filter(pk=appointment.pk):
        return  # more than any document asks for, or deleted meanwhile
    FillingDraft.objects.update_or_create(
        user=by, appointment=appointment, version=version, defaults={"typed": text, "changed_at": timezone.now()}
    )


def draft_of(user: User, appointment: Appointment, version: LibraryVersion) -> dict[str, str]:
    """What the user typed, by field; empty without a draft."""
    draft = FillingDraft.objects.filter(user=user, appointment=appointment, version=version).first()
    typed = json.loads(draft.typed) if draft else {}
    return {str(name): str(text) for name, text in typed.items()}


def end_draft(user: User, appointment: Appointment, version: LibraryVersion) -> None:
    FillingDraft.objects.filter(user=user, appointment=appointment, version=version).delete()


def kept_for_undoing(user: User, appointment: Appointment, version: LibraryVersion) -> dict[str, Any]:
    """The draft that ends with a sharing, for the journal of what may be undone; empty without a draft."""
    typed = draft_of(user, appointment, version)
    return {"version": str(version.pk), "typed": typed} if typed else {}


def draft_put_back(*, user: User, appointment: Appointment, kept: Mapping[str, Any]) -> FillingDraft | None:
    """The draft as it was before the sharing; the newer one if the user has begun another meanwhile. None if there
    was none, or its document is gone."""
    version = LibraryVersion.objects.filter(pk=uuid.UUID(kept["version"])).first() if "version" in kept else None
    if version is None:
        return None
    text = json.dumps(kept["typed"], ensure_ascii=False)
    draft, _made = FillingDraft.objects.get_or_create(
        user=user, appointment=appointment, version=version, defaults={"typed": text}
    )
    return draft


def forget_old_drafts() -> int:
    return FillingDraft.objects.filter(changed_at__lt=timezone.now() - KEPT).delete()[0]
