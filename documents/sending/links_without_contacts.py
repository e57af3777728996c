"""Links that the previous release created while it ran beside this version: they lack the contacts they were sent to.

Without contacts, they would outlast a correction of them (links.py). Every link of this version has at least one.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from audit.trail import record
from documents.addressees import addressee_of, write_addressee
from documents.models import DocumentLink, SharedDocument
from documents.models.autosend import LinkEnd
from notifications.models import Channel

BATCH = 500


@transaction.atomic
def note_contacts() -> int:
    """Complete at most BATCH links; returns how many got their contacts or were closed. Call again for the rest."""
    sent = SharedDocument.objects.filter(auto_send__link=OuterRef("pk"))
    found = DocumentLink.objects.filter(Exists(sent), revoked_at=None, email=None, mobile=None)
    batch = list(found.select_for_update(of=("self",)).select_related("appointment")[:BATCH])
    for link in batch:
        _note(link)
    return len(batch)


def _note(link: DocumentLink) -> None:
    """Take the contacts from the messages of its first document. Close the link if there are several, or none."""
    document = SharedDocument.objects.filter(auto_send__link=link).earliest("shared_at")
    told = {channel: {one.to for one in document.messages.all() if one.channel == channel} for channel in Channel}
    link.email, link.mobile = (next(iter(told[channel]), None) for channel in (Channel.EMAIL, Channel.SMS))
    write_addressee(link, addressee_of(document))
    if max(map(len, told.values())) != 1:
        link.revoked_at, link.end = timezone.now(), LinkEnd.CONTACTS_CHANGED
        detail = {"reason": LinkEnd.CONTACTS_CHANGED.value}
        within = link.appointment_id
        record("link.revoked", by=None, on=link, practice=link.appointment.practice_id, within=within, detail=detail)
    link.save()
