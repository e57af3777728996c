"""Reading without an account: the address of one automatic sending.

Why it is safe: the token is the link's id under an HMAC-SHA-256 of SECRET_KEY, for this purpose alone; a dump of the
database opens nothing; it is revoked by a row, and gone with its appointment. Only automatic documents of the library
get one: never an upload, never a signed document.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import NotAllowed, may_share
from audit.trail import record
from documents.models import AutoSend, DocumentLink

_signer = Signer(salt="documents.link", sep=".")


def link_url(link: DocumentLink) -> str:
    """The absolute address that a message carries."""
    return str(settings.PUBLIC_URL) + reverse("link", kwargs={"token": _signer.sign(str(link.pk))})


def find_link(token: str) -> DocumentLink | None:
    """The link of an address, revoked or not; None where it was never ours, or its appointment is gone."""
    try:
        pk = uuid.UUID(_signer.unsign(token))
    except (BadSignature, ValueError):
        return None
    return DocumentLink.objects.select_related("appointment__practice").filter(pk=pk).first()


def documents_of(link: DocumentLink) -> QuerySet[AutoSend]:
    """What it opens, in order; nothing once it is revoked, nor what was taken back."""
    if link.revoked_at is not None:
        return AutoSend.objects.none()
    return (
        link.sendings.filter(shared__isnull=False)
        .select_related("shared__file", "shared__category", "shared__practice")
        .order_by("rank")
    )


def was_there(link: DocumentLink, rank: int) -> bool:
    """Whether it ever had such a document, open or not now."""
    return link.sendings.filter(rank=rank).exists()


@transaction.atomic
def revoke_link(*, link: DocumentLink, by: User) -> None:
    """Nobody gets in by it any more. Revoking twice changes nothing. Raises NotAllowed."""
    practice = link.appointment.practice
    if not may_share(by, practice):
        raise NotAllowed(
            _("Votre rôle permet de lire, pas de partager. Un administrateur du cabinet peut le changer.")
        )
    if DocumentLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now()):
        record("link.revoked", by=by, on=link, practice=practice, within=link.appointment_id)
