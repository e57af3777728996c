"""Links that the last release sent beside this version: it does not write down to which contacts.

They would outlast a correction of those contacts (links.py). Every link of this version has one at least.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from audit.trail import record
from documents.models import DocumentLink, SharedDocument
from documents.models.autosend import LinkEnd
from notifications.models import Channel

BATCH = 500


@transaction.atomic
def note_contacts() -> int:
    """How many links of at most BATCH got their contacts, or were closed. Repeating it finds the others."""
    sent = SharedDocument.objects.filter(auto_send__link=OuterRef("pk"))
    found = DocumentLink.objects.filter(Exists(sent), revoked_at=None, email=None, mobile=None)
    batch = list(found.select_for_update(of=("self",)).select_related("appointment")[:BATCH])
    for link in batch:
        _note(link)
    return len(batch)


def _note(link: DocumentLink) -> None:
    """From the messages of its first document. Closed if it went to several, or nobody knows to whom."""
    document = SharedDocument.objects.filter(auto_send__link=link).earliest("shared_at")
    told = {channel: {one.to for one in document.messages.all() if one.channel == channel} for channel in Channel}
    link.email, link.mobile = (next(iter(told[channel]), None) for channel in (Channel.EMAIL, Channel.SMS))
    link.holder, link.authorisation = document.holder, document.authorisation
    if max(map(len, told.values())) != 1:
        link.revoked_at, link.end = timezone.now(), LinkEnd.CONTACTS_CHANGED
        detail = {"reason": LinkEnd.CONTACTS_CHANGED.value}
        within = link.appointment_id
        record("link.revoked", by=None, on=link, practice=link.appointment.practice_id, within=within, detail=detail)
    link.save()
