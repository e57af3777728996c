"""Sends what is due for appointments: one link, one email and one SMS for each. In as many statements for many
appointments as for one.

The caller holds the locks of the appointments, their records and their sendings: who may receive is decided here, in
the transaction that sends.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from appointments.recipients import Addressee, Audience, Recipient, RecipientState, resolve_each
from audit.trail import append
from documents.addressees import write_addressee
from documents.library.writing.copies import BlanksUnfilled, personal_copy
from documents.library.writing.printing import CannotWrite
from documents.link_messages import Announcement, announce_each
from documents.models import AutoSend, DocumentLink, LibraryVersion, SharedDocument
from documents.models.autosend import AutoSendState
from documents.models.library import newest_versions
from documents.receiving.automatic import ask_by_rule
from documents.sending.planning import line_of, record_sending
from patients.models import Patient

Channels = dict[str, tuple[str, str]]  # "email" and "sms", as far as available: contact and language


@dataclass
class Together:
    """What is sent together for one appointment: `due`, in order."""

    appointment: Appointment
    due: list[AutoSend]
    link: DocumentLink | None = None
    sent: list[tuple[AutoSend, SharedDocument]] = field(default_factory=list)
    asked: list[AutoSend] = field(default_factory=list)


def send(appointment: Appointment, due: list[AutoSend], *, by: User | None, action: str = "auto_send.sent") -> bool:
    """Send all together. False if nobody may receive yet; the rows stay planned."""
    return appointment.pk in send_each([Together(appointment, due)], by=by, action=action)


def send_each(each: Sequence[Together], *, by: User | None, action: str = "auto_send.sent") -> set[uuid.UUID]:
    """Send for each appointment what is due for it. Returns the appointments for which somebody may receive; what is
    due for the others stays planned."""
    each = [one for one in each if one.due]
    recipients = resolve_each([one.appointment for one in each])
    channels = {
        one.appointment.pk: channels_of(one.appointment, recipients[one.appointment.pk], one.due) for one in each
    }
    reached = [one for one in each if channels[one.appointment.pk]]
    versions = newest_versions({row.document_id for one in reached for row in one.due if row.document_id})
    for one in reached:
        _prepare(one, versions, recipients[one.appointment.pk].addressee, by=by)
    sending = [one for one in reached if one.sent or one.asked]
    for one in sending:
        one.link = new_link(one.appointment, recipients[one.appointment.pk].addressee, channels[one.appointment.pk])
    SharedDocument.objects.bulk_create([document for one in sending for _, document in one.sent])
    DocumentLink.objects.bulk_create([one.link for one in sending if one.link])
    _write([row for one in sending for row in _written(one, by=by)])
    append(line_of(action, row, by=by) for one in sending for row, _ in one.sent)
    announce_each(
        [
            Announcement(one.link, [document for _, document in one.sent], channels[one.appointment.pk])
            for one in sending
            if one.link
        ]
    )
    return {one.appointment.pk for one in reached}


def give_up(one: AutoSend, *, by: User | None) -> None:
    """Give up; staff see it and may try again."""
    one.state = AutoSendState.FAILED
    one.save(update_fields=["state"])
    record_sending("auto_send.failed", one, by=by)


def channels_of(appointment: Appointment, recipient: Recipient, due: list[AutoSend]) -> Channels:
    """The channels that the rules ask for, with contact and language; any available one, if those are missing.

    A patient needs only one contact. A holder is written to if the holder is the recipient. Empty while an
    authorisation is missing.
    """
    if recipient.state is RecipientState.NEEDS_AUTHORISATION:
        return {}
    who: User | Patient = appointment.patient
    contacts = dict(recipient.contacts)  # of the record, only contacts that are the patient's own
    if recipient.audience is Audience.HOLDER and recipient.holder:
        who = recipient.holder
        contacts = {"email": who.email, "mobile": who.mobile or ""}
    by_channel = {"email": contacts.get("email"), "sms": contacts.get("mobile")}
    there = {channel: to for channel, to in by_channel.items() if to}
    asked = {name for one in due for name in ("email", "sms") if getattr(one.rule, f"by_{name}")}
    chosen = {name: contact for name, contact in there.items() if name in asked} or there
    return {name: (contact, who.language) for name, contact in chosen.items()}


def new_link(appointment: Appointment, addressee: Addressee, channels: Channels) -> DocumentLink:
    """A link, not yet saved, bound to the contacts it is sent to, and to the authorisation under which it is sent."""
    link = DocumentLink(
        practice_id=appointment.practice_id,
        appointment=appointment,
        email=channels["email"][0] if "email" in channels else None,
        mobile=channels["sms"][0] if "sms" in channels else None,
    )
    write_addressee(link, addressee)
    return link


def _prepare(
    one: Together, versions: dict[uuid.UUID, LibraryVersion], addressee: Addressee, *, by: User | None
) -> None:
    """Make the documents, and give up those that cannot be written: the others are sent."""
    one.asked = [row for row in one.due if row.question_id]
    for row in one.due:
        if row.document_id is None:
            continue
        try:
            one.sent.append((row, _document(one.appointment, row, versions[row.document_id], addressee)))
        except (CannotWrite, BlanksUnfilled):
            give_up(row, by=by)


def _document(
    appointment: Appointment, one: AutoSend, version: LibraryVersion, addressee: Addressee
) -> SharedDocument:
    """A SharedDocument of exactly this version, not yet saved; for a personal copy, its file row is saved. Raises
    CannotWrite, BlanksUnfilled."""
    copy = personal_copy(version, appointment, addressee, replacing_letters=True)
    if copy:
        copy.file.save()
    assert one.document is not None  # the caller has chosen sendings of documents
    shared = SharedDocument(
        practice=appointment.practice,
        patient=appointment.patient,
        appointment=appointment,
        file=copy.file if copy else version.file,
        library_version=version,
        category_id=one.document.category_id,
        title=one.document.title,
        name=version.name,
        page_count=copy.page_count if copy else version.page_count,
    )
    write_addressee(shared, addressee)
    # Skip relations: they were read a moment ago, and the database checks them. Validating them costs ten queries
    # each.
    shared.clean_fields(exclude=[field.name for field in SharedDocument._meta.fields if field.is_relation])
    return shared


def _written(one: Together, *, by: User | None) -> list[AutoSend]:
    """Its rows as they are once sent: documents before questions."""
    for row, document in one.sent:
        row.shared = document
    for row in one.asked:
        ask_by_rule(row, one.appointment, by=by)
    rows = [*(row for row, _ in one.sent), *one.asked]
    for rank, row in enumerate(rows, start=1):
        row.link, row.rank, row.state, row.sent_at = one.link, rank, AutoSendState.SENT, timezone.now()
    return rows


def _write(rows: list[AutoSend]) -> None:
    """Update the rows by one statement. They exist, locked: an insert that meets each of them costs a third of a
    bulk_update, which compares ids case by case for each column."""
    AutoSend.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["shared", "link", "rank", "state", "sent_at"],
    )
