"""Celery tasks: automatic sendings, documents for several patients, and reminders of unread documents."""

from __future__ import annotations

from celery import shared_task

from documents.consents import drafts as consent_drafts
from documents.filling import drafts
from documents.merging import closing
from documents.receiving import reminding, uploaded
from documents.sending import autosend, links_without_contacts
from documents.sharing import batch_sending, batches, unread
from documents.undoing import acts
from jobs.exclusive import OneAtATime
from questionnaires.lapsing import lapse_drafts

SENDING = OneAtATime(seconds=120)
SHARING = OneAtATime(seconds=120)


@shared_task
def send_auto_sends() -> None:
    """Send what is due, until nothing is. Harmless when repeated: sent rows are no longer planned."""
    if SENDING.run(autosend.send_batch):
        send_auto_sends.delay()  # a further task continues


@shared_task
def send_share_batches() -> None:
    """Share what batches planned, until nothing is left. Harmless when repeated: a line that is shared is no longer
    planned."""
    if SHARING.run(batch_sending.send_some):
        send_share_batches.delay()


@shared_task
def forget_old_share_drafts() -> None:
    """Delete batches that nobody sent. Harmless when repeated."""
    batches.forget_old_drafts()


@shared_task
def note_contacts_of_links() -> None:
    """Complete links of the previous release. Harmless when repeated: complete links are skipped."""
    while links_without_contacts.note_contacts() == links_without_contacts.BATCH:
        continue


@shared_task
def close_ended_acts() -> None:
    """Acts whose time to be undone is over. Harmless when repeated: a closed act stays closed."""
    while acts.close_ended_acts() == acts.BATCH:
        continue


@shared_task
def close_old_merges() -> None:
    """After 30 days, records that became one can't be separated. Harmless when repeated."""
    closing.close_old_merges()


@shared_task
def forget_old_drafts() -> None:
    """Forget what nobody has gone on with for 30 days. Harmless when repeated."""
    drafts.forget_old_drafts()
    lapse_drafts()
    consent_drafts.end_old_drafts()


@shared_task
def sweep_uploads() -> None:
    """Delete uploads in pieces that nobody finished for a day. Harmless when repeated."""
    uploaded.sweep_uploads()


@shared_task
def remind_of_requests() -> None:
    """Remind of what was asked and not sent. Harmless when repeated: each has the time of its reminder."""
    reminding.remind_of_requests()


@shared_task
def close_unanswered_requests() -> None:
    """30 days after their appointment. Harmless when repeated."""
    reminding.close_unanswered()


@shared_task
def remind_of_unread() -> None:
    """Remind of unread documents. Harmless when repeated: each has the time of its reminder."""
    unread.remind_of_unread()
