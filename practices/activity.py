"""The history of an account, for its owner, and of a practice's members, for its administrators."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from accounts.models import ApiToken, User
from audit.events import Topic, shown_codes
from audit.models import AuditEvent, AuditEventQuerySet
from practices.models import Membership, Practice

OF_THE_ACCOUNT = (Topic.SIGN_IN, Topic.SECURITY, Topic.PERSONAL, Topic.MEMBER)
OF_THE_PRACTICE = (Topic.MEMBER, Topic.SETTING)
OF_ITS_MEMBERS = (Topic.SIGN_IN, Topic.SECURITY)
BY_OPERATORS = (
    *("practice.founded", "practice.edited", "practice.suspended", "practice.suspension_reworded"),
    "practice.suspension_lifted",
)


def activity_of(user: User, *, records: Iterable[uuid.UUID] = ()) -> AuditEventQuerySet:
    """Newest first. `records`: patient records to which the account is or was tied."""
    ids = [user.pk, *user.api_tokens.values_list("pk", flat=True)]
    own = Q(object_id__in=ids, action__in=shown_codes(*OF_THE_ACCOUNT))
    ties = Q(object_id__in=list(records), action__in=shown_codes(Topic.TIE))
    return AuditEvent.objects.filter(own | ties & (Q(detail__account=str(user.pk)) | Q(actor_id=user.pk))).order_by(
        "-id"
    )


def activity_in(practice: Practice) -> AuditEventQuerySet:
    """Newest first: roles and settings of the practice; sign-ins, failures, factors, passwords and API tokens of its
    members, since they are members. Nothing that they do as patients, and nothing of other practices."""
    return AuditEvent.objects.filter(_of_the_practice(practice) | _of_its_members(practice)).order_by("-id")


def by_operators_in(practice: Practice) -> AuditEventQuerySet:
    """Newest first: what operators of the site did to the practice and to the invitations that they sent."""
    sent = practice.colleague_invitations.filter(by_operator=True).values("pk")
    of_invitations = Q(object_id__in=sent, action__in=shown_codes(Topic.MEMBER))
    events = AuditEvent.objects.filter(Q(action__in=BY_OPERATORS) | of_invitations, practice_id=practice.pk)
    return events.order_by("-id")


def concerning(practice: Practice) -> Q:
    """Every line of the trail that belongs to the practice, its members' sign-ins included (for an export)."""
    return Q(practice_id=practice.pk) | _of_its_members(practice)


def _of_the_practice(practice: Practice) -> Q:
    return Q(practice_id=practice.pk, action__in=shown_codes(*OF_THE_PRACTICE))


def _of_its_members(practice: Practice) -> Q:
    members = list(practice.memberships.all())
    zone = practice.zone
    tokens: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for pk, owner in ApiToken.objects.filter(user__in=[member.user_id for member in members]).values_list(
        "pk", "user"
    ):
        tokens[owner].append(pk)
    condition, codes = Q(pk__in=[]), shown_codes(*OF_ITS_MEMBERS)
    for member in members:
        ids = [member.user_id, *tokens[member.user_id]]
        condition |= Q(object_id__in=ids, action__in=codes, at__gte=member.since) & _on_their_days(member, zone)
    return condition


def _on_their_days(member: Membership, zone: ZoneInfo) -> Q:
    """A replacement's other days are not the practice's business."""
    days = Q()
    if member.valid_from:
        days &= Q(at__gte=datetime.combine(member.valid_from, time(0), zone))
    if member.valid_until:
        days &= Q(at__lt=datetime.combine(member.valid_until + timedelta(days=1), time(0), zone))
    return days
