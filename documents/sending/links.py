"""Links to automatic documents without an account.

Why it is safe: the token is the link's id with an HMAC under SECRET_KEY, with a salt of its own; a dump of the
database opens nothing. The link ends with the contacts it was sent to, with the authorisation under which it was
sent, by hand, and with its appointment. Only automatic documents of the library get one: never an upload, never a
signed document.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.trail import record
from documents.models import AutoSend, DocumentLink, SharedDocument
from documents.models.autosend import LinkEnd
from notifications import outbox
from notifications.models import Message
from patients.models import Patient
from patients.ownership import is_doubted, recorded_in_minority
from practices.roles import require_sharer
from schema.composed import composed_once
from sealing.short_tokens import ShortSigner, id_of, token_of

LINK = "link"  # the topic of messages that only ask: they are about their link
_signer = ShortSigner(salt="documents.link.short", sep=".")
_long_signer = Signer(salt="documents.link", sep=".")  # 0.1.0 can read its tokens, too


def link_url(link: DocumentLink, *, short: bool = False) -> str:
    """The absolute address for messages.

    `short`: for an SMS. A process of 0.1.0 (beside this version, or after going back) only reads the long one.
    """
    token = token_of(link.pk, _signer) if short else _long_signer.sign(str(link.pk))
    return str(settings.PUBLIC_URL) + reverse("link", kwargs={"token": token})


def find_link(token: str) -> DocumentLink | None:
    """The link of an address, open or not; None if this site never issued it, or its appointment is deleted."""
    pk = _read(token)
    return _links().filter(pk=pk).first() if pk else None


def find_link_again(link: DocumentLink) -> DocumentLink | None:
    """As the database has it now; None if its appointment is deleted."""
    return _links().filter(pk=link.pk).first()


def _read(token: str) -> uuid.UUID | None:
    if (short := id_of(token, _signer)) is not None:
        return short
    try:
        return uuid.UUID(_long_signer.unsign(token))
    except (BadSignature, ValueError):
        return None


def links_of(patient: Patient) -> list[DocumentLink]:
    """Every open link about an appointment of the record, newest first, whether or not anything is left to open."""
    return [link for link in _sent(patient.pk) if is_open(link)]


@composed_once
def _sent(patient: uuid.UUID) -> QuerySet[DocumentLink]:
    return _links().filter(appointment__patient=patient, revoked_at=None).order_by("-created_at", "-id")


def _links() -> QuerySet[DocumentLink]:
    return DocumentLink.objects.select_related(
        "appointment__practice",
        "appointment__patient__practice",
        "appointment__holder",
        "appointment__agenda__practitioner",
        "holder",
        "authorisation",
    )


def is_open(link: DocumentLink) -> bool:
    """Whether the conditions of the link still hold; checked on every request.

    Its owner still has the contacts it was sent to, no doubt stands against the record's contacts, and the
    authorisation was not withdrawn.
    """
    if link.revoked_at is not None:
        return False
    if link.authorisation is not None and link.authorisation.withdrawn_at is not None:
        return False
    if link.holder is not None and not link.holder.is_active:
        return False
    if link.holder is None and is_doubted(link.appointment.patient):
        return False
    owner = link.owner
    return link.email in (None, owner.email) and link.mobile in (None, owner.mobile)


def documents_of(link: DocumentLink) -> QuerySet[AutoSend]:
    """What it opens, in order, without documents taken back; nothing once it is closed.

    Contacts to be confirmed since the patient came of age may be a parent's: they open what was shared by then.
    """
    if not is_open(link):
        return AutoSend.objects.none()
    seen = SharedDocument.objects.with_readers()
    if link.holder is None and recorded_in_minority(link.appointment.patient):
        seen = seen.filter(patient_was_minor=True)
    return (
        link.sendings.filter(shared__in=seen)
        .select_related("shared__file", "shared__category", "shared__practice")
        .order_by("rank")
    )


def was_there(link: DocumentLink, rank: int) -> bool:
    """Whether it may ever have had such a document. The documents of a closed link may have moved to its
    successor."""
    return not is_open(link) or link.sendings.filter(rank=rank).exists()


@transaction.atomic
def revoke_link(*, link: DocumentLink, by: User) -> None:
    """Close the link. Revoking twice changes nothing. Raises NotAllowed."""
    require_sharer(by, link.appointment.practice)
    end_links(DocumentLink.objects.filter(pk=link.pk), reason=LinkEnd.STAFF, by=by)


def end_links(links: QuerySet[DocumentLink], *, reason: LinkEnd, by: User) -> None:
    """Close the open links among them for good: a later sending creates a new link."""
    for link in links.filter(revoked_at=None).select_for_update(of=("self",)).select_related("appointment"):
        link.revoked_at, link.end = timezone.now(), reason
        link.save(update_fields=["revoked_at", "end"])
        outbox.call_off(Message.objects.filter(about=link.pk, topic=LINK))
        record(
            "link.revoked",
            by=by,
            on=link,
            practice=link.appointment.practice_id,
            within=link.appointment_id,
            detail={"reason": reason.value},
        )
