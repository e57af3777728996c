from accounts.models.api_token import ApiToken, Scope
from accounts.models.code import OneTimeCode
from accounts.models.count import RateCount
from accounts.models.device import KnownDevice
from accounts.models.user import User

__all__ = [
    "ApiToken",
    "KnownDevice",
    "OneTimeCode",
    "RateCount",
    "Scope",
    "User",
]
