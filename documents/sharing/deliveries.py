"""The delivery of messages about shared documents, and the failures that the practice must handle."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from appointments.notices import failed_notices, to_be_seen_to
from documents.models import AutoSend, SharedDocument
from documents.models.autosend import AutoSendState
from documents.sharing.access import visible_as_staff
from notifications.models import MessageQuerySet, MessageState
from patients.models import ContactProposal
from practices.models import Practice

PERIOD = timedelta(days=30)
GRACE = timedelta(minutes=5)  # a sending that waits no longer than this is not reported
_told = SharedDocument.messages.through


def needing_attention(user: User, practice: Practice) -> QuerySet[SharedDocument]:
    """Documents of the last 30 days that are unread and whose last message failed by some channel."""
    return unreached(visible_as_staff(user).filter(practice=practice))


def unreached(documents: QuerySet[SharedDocument]) -> QuerySet[SharedDocument]:
    """Those whose recipients some channel did not reach: SharedDocument.needs_attention, as a query.

    Selects the few failed messages first, by their own index, and passes the ids of their documents: every page runs
    this, and in a single statement PostgreSQL would read all documents.
    """
    later = _told.objects.filter(
        ~Q(message__state=MessageState.CALLED_OFF),
        shareddocument=OuterRef("shareddocument"),
        message__channel=OuterRef("message__channel"),
        message__created_at__gt=OuterRef("message__created_at"),
    )
    failed = _told.objects.filter(
        ~Exists(later),
        message__state=MessageState.FAILED,
        message__created_at__gte=since(),
        shareddocument__first_read_at=None,
    )
    named = set(failed.values_list("shareddocument", flat=True))
    return documents.filter(first_read_at=None, pk__in=named) & SharedDocument.objects.with_readers()


def blocked_sendings(user: User, practice: Practice) -> QuerySet[AutoSend]:
    """Automatic sendings that are due but blocked: nobody may receive them, or they cannot be printed."""
    now = timezone.now()
    waits = Q(state=AutoSendState.PLANNED, retry_at__isnull=False, due_at__lte=now - GRACE)
    # Not a join: SQLite would begin with every appointment of the practice.
    theirs = Appointment.objects.filter(practice__in=Practice.objects.of(user).filter(pk=practice.pk))
    return AutoSend.objects.filter(
        Exists(theirs.filter(pk=OuterRef("appointment"))), waits | Q(state=AutoSendState.FAILED), due_at__gte=since()
    ).order_by("-due_at", "-id")


def notices_that_failed(user: User, practice: Practice) -> MessageQuerySet:
    """Failed messages of the last 30 days about appointments; none if the user is not in the practice."""
    return failed_notices(Practice.objects.of(user).filter(pk=practice.pk), since=since())


def attention_count(user: User, practice: Practice) -> int:
    """How many items need attention."""
    blocked = blocked_sendings(user, practice).order_by().values("pk")
    proposed = contact_proposals(user, practice).order_by().values("pk")
    notices = to_be_seen_to(notices_that_failed(user, practice)).order_by().values("pk")
    return needing_attention(user, practice).count() + blocked.union(proposed, notices, all=True).count()


def contact_proposals(user: User, practice: Practice) -> QuerySet[ContactProposal]:
    """Contacts that patients changed in their accounts, for staff to accept; oldest first."""
    practices = Practice.objects.of(user).filter(pk=practice.pk)
    waiting = ContactProposal.objects.filter(settled_at=None, patient__practice__in=practices)
    return waiting.select_related("patient", "user").order_by("made_at", "id")


def since() -> datetime:
    return timezone.now() - PERIOD
