"""Sending what sends itself, and keeping the store clean."""

from __future__ import annotations

from celery import shared_task

from documents import autosend, certificates, imported_certificates, links_without_contacts, unread
from documents.files import storage
from notifications.turns import Turns

SENDING = Turns(seconds=120)


@shared_task
def sweep_orphans() -> None:
    """Remove bytes that no row names, a day old or more. Harmless when repeated: the second finds none."""
    storage.sweep_orphans()


@shared_task
def sweep_stale_uploads() -> None:
    """Remove what broken-off uploads left. Harmless when repeated: the second finds none."""
    storage.sweep_stale_uploads()


@shared_task
def send_auto_sends() -> None:
    """Send what is due, until nothing is. Harmless when repeated: what was sent is no longer planned."""
    if SENDING.run(autosend.send_batch):
        send_auto_sends.delay()  # what is left gets a task of its own


@shared_task
def note_contacts_of_links() -> None:
    """For links that the last release sent. Harmless when repeated: what is noted is left alone."""
    while links_without_contacts.note_contacts() == links_without_contacts.BATCH:
        continue


@shared_task
def remind_of_unread() -> None:
    """Bring unread documents to mind. Harmless when repeated: each has the time when that was done."""
    unread.remind_of_unread()


@shared_task
def renew_revocation_lists() -> None:
    """Harmless when repeated: what was made less than a day ago is not made again."""
    certificates.renew_revocation_lists()


@shared_task
def watch_certificates() -> None:
    """Harmless when repeated: each warning is written down in the transaction that plans it."""
    imported_certificates.watch()
