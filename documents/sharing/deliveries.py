"""What became of the messages about shared documents, and which of them need somebody at the practice."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from appointments.notices import failed_notices, to_be_seen_to
from documents.models import AutoSend, SharedDocument
from documents.models.autosend import AutoSendState
from documents.sharing.access import visible_as_staff
from notifications.models import MessageQuerySet, MessageState
from patients.models import ContactProposal
from practices.models import Practice

PERIOD = timedelta(days=30)
GRACE = timedelta(minutes=5)  # a sending that waits no longer than this bothers nobody
_told = SharedDocument.messages.through


def recent(user: User, practice: Practice) -> QuerySet[SharedDocument]:
    """Everything that was shared in the last 30 days."""
    return visible_as_staff(user).filter(practice=practice, shared_at__gte=_since())


def needing_attention(user: User, practice: Practice) -> QuerySet[SharedDocument]:
    """Unread, and by some channel the last message failed, in the last 30 days."""
    return unheard(visible_as_staff(user).filter(practice=practice))


def unheard(documents: QuerySet[SharedDocument]) -> QuerySet[SharedDocument]:
    """Those of them of which somebody has not heard: what SharedDocument.needs_attention says of one.

    Asks for the failed messages first, which are few and have an index of their own, and names their documents: it is
    asked for on every page, and as one statement PostgreSQL reads all the documents there are.
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
        message__created_at__gte=_since(),
        shareddocument__first_read_at=None,
    )
    named = set(failed.values_list("shareddocument", flat=True))
    return documents.filter(first_read_at=None, pk__in=named) & SharedDocument.objects.with_readers()


def blocked_sendings(user: User, practice: Practice) -> QuerySet[AutoSend]:
    """Automatic sendings whose time has come, and that nobody may receive or that could not be laid out."""
    now = timezone.now()
    waits = Q(state=AutoSendState.PLANNED, retry_at__isnull=False, due_at__lte=now - GRACE)
    return AutoSend.objects.filter(
        waits | Q(state=AutoSendState.FAILED),
        due_at__gte=_since(),
        appointment__practice__in=Practice.objects.of(user).filter(pk=practice.pk),
    ).order_by("-due_at", "-id")


def notices_that_failed(user: User, practice: Practice) -> MessageQuerySet:
    """Of the last 30 days, about appointments; none for whoever is not of the practice."""
    return failed_notices(Practice.objects.of(user).filter(pk=practice.pk), since=_since())


def attention_count(user: User, practice: Practice) -> int:
    """How many need somebody."""
    blocked = blocked_sendings(user, practice).order_by().values("pk")
    proposed = contact_proposals(user, practice).order_by().values("pk")
    notices = to_be_seen_to(notices_that_failed(user, practice)).order_by().values("pk")
    return needing_attention(user, practice).count() + blocked.union(proposed, notices, all=True).count()


def contact_proposals(user: User, practice: Practice) -> QuerySet[ContactProposal]:
    """Contacts that patients changed in their accounts, for staff to take over; the oldest first."""
    practices = Practice.objects.of(user).filter(pk=practice.pk)
    waiting = ContactProposal.objects.filter(settled_at=None, patient__practice__in=practices)
    return waiting.select_related("patient", "user").order_by("made_at", "id")


def _since() -> datetime:
    return timezone.now() - PERIOD
