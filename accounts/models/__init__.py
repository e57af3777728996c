from accounts.models.account_link import AccountLink, Purpose
from accounts.models.api_token import ApiToken, Scope
from accounts.models.code import OneTimeCode
from accounts.models.count import RateCount
from accounts.models.device import KnownDevice
from accounts.models.for_operators import BlockedAccount, Operator
from accounts.models.user import User

__all__ = [
    "AccountLink",
    "ApiToken",
    "BlockedAccount",
    "KnownDevice",
    "OneTimeCode",
    "Operator",
    "Purpose",
    "RateCount",
    "Scope",
    "User",
]
