"""What happened to an account, for its owner; and to the accounts of a practice's members, for its administrators."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q

from accounts.models import ApiToken, User
from audit.models import AuditEvent, AuditEventQuerySet
from practices.models import Practice

SIGN_IN = ("account.signed_in", "account.sign_in_failed")
SECURITY = (
    "account.factor_added",
    "account.factor_removed",
    "account.recovery_codes_made",
    "account.password_changed",
    "api_token.issued",
    "api_token.revoked",
)
PERSONAL = (
    "account.signed_out",
    "account.sessions_ended",
    "account.device_added",
    "account.device_forgotten",
    "account.devices_forgotten",
    "account.mobile_changed",
    "account.email_changed",
    "account.opened",
    "account.created",
    "account.edited",
)
RECORDS = ("record.tied", "record.untied", "record.tie_suspended", "record.tie_renewed")
MEMBERS = ("member.added", "member.roles_changed", "member.removed")
SETTINGS = (
    "practice.edited",
    "practice.booking_limits_changed",
    "practice.reminders_changed",
    "practice.sms_limits_changed",
    "practice.unread_reminder_changed",
    "practice.video_changed",
    "practice.instruction_written",
    "practice.instruction_deleted",
    "practice.closed",
    "practice.opened_again",
    "practice.opening_hours_changed",
    "webhook.added",
    "webhook.removed",
)


def activity_of(user: User, *, records: Iterable[uuid.UUID] = ()) -> AuditEventQuerySet:
    """Newest first. `records`: of practices, that the account is or was tied to."""
    ids = [user.pk, *user.api_tokens.values_list("pk", flat=True)]
    own = Q(object_id__in=ids, action__in=[*SIGN_IN, *SECURITY, *PERSONAL, *MEMBERS])
    ties = Q(object_id__in=list(records), action__in=RECORDS)
    return AuditEvent.objects.filter(own | ties & (Q(detail__account=str(user.pk)) | Q(actor_id=user.pk))).order_by(
        "-id"
    )


def activity_in(practice: Practice) -> AuditEventQuerySet:
    """Newest first: roles and settings of the practice; sign-ins, failures, factors, passwords and API tokens of its
    members, since they are members. Nothing that they do as patients, and nothing of other practices."""
    return AuditEvent.objects.filter(_of_the_practice(practice) | _of_its_members(practice)).order_by("-id")


def concerning(practice: Practice) -> Q:
    """Every line of the trail that belongs to the practice, its members' sign-ins included (for an export)."""
    return Q(practice_id=practice.pk) | _of_its_members(practice)


def _of_the_practice(practice: Practice) -> Q:
    return Q(practice_id=practice.pk, action__in=[*MEMBERS, *SETTINGS])


def _of_its_members(practice: Practice) -> Q:
    members = list(practice.memberships.all())
    tokens: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for pk, owner in ApiToken.objects.filter(user__in=[one.user_id for one in members]).values_list("pk", "user"):
        tokens[owner].append(pk)
    found = Q(pk__in=[])
    for one in members:
        ids = [one.user_id, *tokens[one.user_id]]
        found |= Q(object_id__in=ids, action__in=[*SIGN_IN, *SECURITY], at__gte=one.since)
    return found
