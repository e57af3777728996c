"""The delivery of messages about shared documents, and the failures that the practice must handle."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from appointments.notices import failed_notices, to_be_seen_to
from documents.consents.waiting import consents_to_see_to
from documents.models import AutoSend, DocumentRequest, SharedDocument
from documents.models.autosend import AutoSendState
from documents.sharing.access import visible_as_staff
from notifications.models import MessageQuerySet, MessageState
from patients.models import ContactProposal
from practices.models import Practice
from schema.composed import composed_once

PERIOD = timedelta(days=30)
GRACE = timedelta(minutes=5)  # a sending that waits no longer than this is not reported
_told = SharedDocument.messages.through


def needing_attention(user: User, practice: Practice) -> QuerySet[SharedDocument]:
    """Documents of the last 30 days that are unread and whose last message failed by some channel."""
    return unreached(visible_as_staff(user), practice.pk)


def unreached(
    documents: QuerySet[SharedDocument], practice: UUID, named: Collection[UUID] | None = None
) -> QuerySet[SharedDocument]:
    """Those of the practice whose recipients some channel did not reach: SharedDocument.needs_attention, as a query.

    Selects the practice's few failed messages first, by their own index, and passes the ids of their documents: every
    page runs this, and in a single statement PostgreSQL would read all documents. `named`: these, if the caller has
    read them.
    """
    named = named_by_failures(practice) if named is None else named
    return (
        documents.filter(practice=practice, first_read_at=None, pk__in=named) & SharedDocument.objects.with_readers()
    )


def named_by_failures(practice: UUID) -> set[UUID]:
    """The unread documents of the practice whose last message by some channel failed in the last 30 days."""
    return {pk for (pk,) in _failed(practice, since())}


@composed_once
def _failed(practice: UUID, since: datetime) -> QuerySet[Any, Any]:
    later = _told.objects.filter(
        ~Q(message__state=MessageState.CALLED_OFF),
        shareddocument=OuterRef("shareddocument"),
        message__channel=OuterRef("message__channel"),
        message__created_at__gt=OuterRef("message__created_at"),
    )
    failed = _told.objects.filter(
        ~Exists(later),
        Q(message__practice=practice) | Q(message__practice=None),  # of the previous release
        message__state=MessageState.FAILED,
        message__created_at__gte=since,
        shareddocument__first_read_at=None,
    )
    return failed.values_list("shareddocument")


def blocked_sendings(user: User, practice: Practice) -> QuerySet[AutoSend]:
    """Automatic sendings that are due but blocked: nobody may receive them, or they cannot be printed."""
    now = timezone.now()
    waits = Q(state=AutoSendState.PLANNED, retry_at__isnull=False, due_at__lte=now - GRACE)
    theirs = AutoSend.objects.filter(practice__in=_of(user, practice), due_at__gte=since())
    return theirs.filter(waits | Q(state=AutoSendState.FAILED)).order_by("-due_at", "-id")


def notices_that_failed(user: User, practice: Practice) -> MessageQuerySet:
    """Failed messages of the last 30 days about appointments; none if the user is not in the practice."""
    return failed_notices(_of(user, practice), since=since())


def late_requests(user: User, practice: Practice) -> QuerySet[DocumentRequest]:
    """What patients were asked and have not sent in time, the most urgent first."""
    theirs = DocumentRequest.objects.late().filter(practice__in=_of(user, practice))
    related = theirs.select_related("practice", "appointment__practice", "appointment__patient")
    return related.order_by("appointment__starts_at", "id")


def attention_count(user: User, practice: Practice) -> int:
    """How many items need attention."""
    blocked = blocked_sendings(user, practice).order_by().values("pk")
    proposed = contact_proposals(user, practice).order_by().values("pk")
    notices = to_be_seen_to(notices_that_failed(user, practice)).order_by().values("pk")
    late = late_requests(user, practice).order_by().values("pk")
    unsigned = consents_to_see_to(user, practice).order_by().values("pk")
    others = blocked.union(proposed, notices, late, unsigned, all=True)
    return needing_attention(user, practice).count() + others.count()


def contact_proposals(user: User, practice: Practice) -> QuerySet[ContactProposal]:
    """Contacts that patients changed in their accounts, for staff to accept; oldest first."""
    waiting = ContactProposal.objects.filter(practice__in=_of(user, practice), settled_at=None)
    return waiting.select_related("patient", "user").order_by("made_at", "id")


def _of(user: User, practice: Practice) -> list[UUID]:
    """The practice, if the user works in it. The id itself: every page counts with it, and composing the subquery of
    memberships five times took longer than the database."""
    return [pk for pk in Practice.objects.ids_of(user) if pk == practice.pk]


def since() -> datetime:
    return timezone.now() - PERIOD
