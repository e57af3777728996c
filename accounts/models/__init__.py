from accounts.models.api_token import ApiToken, Scope
from accounts.models.code import OneTimeCode
from accounts.models.count import RateCount
from accounts.models.device import KnownDevice
from accounts.models.practice import Membership, OfPracticeQuerySet, Practice, Role
from accounts.models.user import User
from accounts.models.webhook import WebhookDelivery, WebhookEndpoint, WebhookEventType, WebhookProgress

__all__ = [
    "ApiToken",
    "KnownDevice",
    "Membership",
    "OfPracticeQuerySet",
    "OneTimeCode",
    "Practice",
    "RateCount",
    "Role",
    "Scope",
    "User",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEventType",
    "WebhookProgress",
]
