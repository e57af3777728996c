"""Which numbers an SMS may go to: mobiles of the countries that are allowed.

Satellite networks, shared-cost, premium and short numbers are of no country, or no mobiles: they pay whoever holds
them for each SMS that arrives, and never get one.
"""

from __future__ import annotations

from collections.abc import Collection

import phonenumbers
from django.conf import settings

from notifications.causes import Cause

# ARCEP keeps 06 39 98 xx xx for fiction: the demo's patients have numbers that can never reach anybody.
FICTION, FICTION_LENGTH = "+3363998", len("+33639980001")
MOBILE = frozenset({phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE})
COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)  # ISO 3166 of what has numbers; not "001", which is no country


def is_fiction(number: str) -> bool:
    return len(number) == FICTION_LENGTH and number.startswith(FICTION)


def unfit(number: str, *, countries: Collection[str]) -> Cause | None:
    """Why no SMS goes to this number (E.164); None if one may. `countries`: ISO 3166, two letters."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return Cause.NOT_A_MOBILE
    if is_fiction(number):
        return None if settings.PHONENUMBER_REGION in countries else Cause.COUNTRY
    if not phonenumbers.is_valid_number(parsed) or phonenumbers.number_type(parsed) not in MOBILE:
        return Cause.NOT_A_MOBILE
    region = phonenumbers.region_code_for_number(parsed)
    if region not in COUNTRIES:
        return Cause.NOT_A_MOBILE  # of a network, not of a country
    return None if region in countries else Cause.COUNTRY
