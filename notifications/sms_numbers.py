"""The numbers to which an SMS may be sent: mobiles of the allowed countries.

Satellite networks, shared-cost, premium and short numbers belong to no country or are no mobiles. They never get an
SMS, because they pay their holder for each one.
"""

from __future__ import annotations

from collections.abc import Collection

import phonenumbers
from django.conf import settings

from notifications.causes import Cause

# ARCEP keeps 06 39 98 xx xx for fiction: the demo's patients have numbers that can never reach anybody.
FICTION, FICTION_LENGTH = "+3363998", len("+33639980001")
MOBILE = frozenset({phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE})
COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)  # ISO 3166; without "001", which is no country


def is_fictitious(number: str) -> bool:
    return len(number) == FICTION_LENGTH and number.startswith(FICTION)


def unfit(number: str, *, countries: Collection[str]) -> Cause | None:
    """Why no SMS may be sent to this number (E.164); None if one may. `countries`: ISO 3166, two letters."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return Cause.NOT_A_MOBILE
    if is_fictitious(number):
        return None if settings.PHONENUMBER_REGION in countries else Cause.COUNTRY
    if not phonenumbers.is_valid_number(parsed) or phonenumbers.number_type(parsed) not in MOBILE:
        return Cause.NOT_A_MOBILE
    region = phonenumbers.region_code_for_number(parsed)
    if region not in COUNTRIES:
        return Cause.NOT_A_MOBILE  # the number belongs to a network, not to a country
    return None if region in countries else Cause.COUNTRY
