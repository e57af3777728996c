"""Sending what sends itself, and bringing unread documents to mind."""

from __future__ import annotations

from celery import shared_task

from documents.sending import autosend, links_without_contacts
from documents.sharing import unread
from jobs.exclusive import OneAtATime

SENDING = OneAtATime(seconds=120)


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
