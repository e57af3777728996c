"""The lines of shared documents on pages of staff, as HTML: _document_line.html, once for those that look alike."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts.models import User
from documents.models import Category, Consent, SharedDocument
from notifications.models import Channel, Message
from notifications.wording import moment
from portals.alike_rows import AlikeRows, Mark

MOMENTS = ("shared_at", "replaced_at", "first_read_at")
OF_A_MESSAGE = ("delivered_at", "sent_at", "due_at")


class MessageLook(NamedTuple):
    """What _channel.html asks of a message, by the names that it has there."""

    state: str
    get_channel_display: str
    came_back: bool
    waits_for_its_time: bool
    cause: str
    error: str
    delivered_at: Mark | None
    sent_at: Mark | None
    due_at: Mark | None


class FileLook(NamedTuple):
    media_type: str


class PatientLook(NamedTuple):
    full_name: str


class DocumentLook(NamedTuple):
    """What the line asks of a document, by the names that it has there. With a consent, no other line is alike."""

    pk: UUID
    title: Mark
    shared_at: Mark | None
    replaced_at: Mark | None
    first_read_at: Mark | None
    category: Category
    shared_by: User | None
    signed_by: User | None
    holder: User | None
    patient: PatientLook
    file: FileLook
    consent: Consent | None
    audience: str
    level: str
    newest_messages: tuple[MessageLook, ...]
    is_signed: bool
    was_repaired: bool
    auto_send: bool
    library_version_id: bool
    has_readers: bool
    can_be_chased: bool
    has_waiting_message: bool
    needs_attention: bool


def drawn(
    request: HttpRequest,
    documents: Iterable[SharedDocument],
    *,
    may_share: bool,
    back: str = "appointment",
    on_its_page: bool = False,
) -> list[SafeString]:
    """`documents`: with what appointment.documents_of reads. `back`: the page that a line's actions lead back to."""
    names = [*MOMENTS, *(_of_message(rank, name) for rank in range(len(Channel)) for name in OF_A_MESSAGE)]
    common = {"may_share": may_share, "back": back, "on_its_page": on_its_page}
    rows = AlikeRows("practitioner/_document_line.html", "title", *names, request=request, **common)
    return [_drawn(rows, one) for one in documents]


def _drawn(rows: AlikeRows, document: SharedDocument) -> SafeString:
    moments: dict[str, datetime | None] = {name: getattr(document, name) for name in MOMENTS}
    for rank, message in enumerate(document.newest_messages):
        moments |= {_of_message(rank, name): getattr(message, name) for name in OF_A_MESSAGE}
    known = {name: moment(at) for name, at in moments.items() if at}
    marks = {name: rows.marks[name] for name in known}
    return rows.drawn({"document": _look(document, rows, marks)}, pk=document.pk, title=document.title, **known)


def _look(document: SharedDocument, rows: AlikeRows, marks: dict[str, Mark]) -> DocumentLook:
    messages = document.newest_messages
    return DocumentLook(
        pk=rows.any_id,
        title=rows.marks["title"],
        shared_at=marks.get("shared_at"),
        replaced_at=marks.get("replaced_at"),
        first_read_at=marks.get("first_read_at"),
        category=document.category,
        shared_by=document.shared_by,
        signed_by=document.signed_by,
        holder=document.holder,
        patient=PatientLook(document.patient.full_name),
        file=FileLook(document.file.media_type),
        consent=getattr(document, "consent", None),
        audience=document.audience,
        level=document.level,
        newest_messages=tuple(_message_look(one, rank, marks) for rank, one in enumerate(messages)),
        is_signed=document.is_signed,
        was_repaired=document.was_repaired,
        auto_send=hasattr(document, "auto_send"),
        library_version_id=document.library_version_id is not None,
        has_readers=document.has_readers,
        can_be_chased=document.can_be_chased,
        has_waiting_message=document.has_waiting_message,
        needs_attention=document.needs_attention,
    )


def _message_look(message: Message, rank: int, marks: dict[str, Mark]) -> MessageLook:
    return MessageLook(
        state=message.state,
        get_channel_display=message.get_channel_display(),
        came_back=message.came_back,
        waits_for_its_time=message.waits_for_its_time,
        cause=message.cause,
        error=message.error,
        delivered_at=marks.get(_of_message(rank, "delivered_at")),
        sent_at=marks.get(_of_message(rank, "sent_at")),
        due_at=marks.get(_of_message(rank, "due_at")),
    )


def _of_message(rank: int, name: str) -> str:
    """The mark of a moment of the document's newest messages, counted from 0."""
    return f"{name}_{rank}"
