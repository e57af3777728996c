"""Telephone numbers and addresses in the stored form: E.164, lower case, None if missing."""

from __future__ import annotations

import contextlib
import unicodedata

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from notifications.sms_numbers import MOBILE, is_fictitious
from patients.contact_faults import (
    LONGEST_NUMBER,
    OVERSEAS,
    email_fault,
    letters_after_digit,
    mobile_fault,
)
from patients.names import kept
from patients.undeliverable import is_acceptable


def clean_mobile(typed: str | None) -> str | None:
    """The number in E.164. Raises ValidationError if it is not a mobile, with the exact fault."""
    typed = kept(typed or "")
    if not typed:
        return None
    # A library would dial letters as on old keys: ABC is 2.
    if len(typed) > LONGEST_NUMBER or letters_after_digit(typed):
        raise ValidationError(mobile_fault(typed), code="invalid_mobile")
    if fitting := _fitting(typed, settings.PHONENUMBER_REGION):
        return fitting
    elsewhere = {mobile for region in OVERSEAS if (mobile := _fitting(typed, region))}
    if len(elsewhere) > 1:
        raise ValidationError(
            _("Ce numéro existe dans plusieurs territoires. Écrivez-le avec son indicatif : %(numbers)s.")
            % {"numbers": _(" ou ").join(sorted(map(_international, elsewhere)))},
            code="ambiguous_mobile",
        )
    if not elsewhere:
        raise ValidationError(mobile_fault(typed), code="invalid_mobile")
    return elsewhere.pop()


def _fitting(typed: str, region: str) -> str | None:
    """The number in E.164, if it is a mobile in the national format of this region (ISO 3166)."""
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    fits = phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in MOBILE
    return written if fits or is_fictitious(written) else None


def _international(number: str) -> str:
    return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def clean_email(typed: str | None) -> str | None:
    """The address, in lower case. Raises ValidationError if it is invalid, with the exact fault."""
    address = kept(typed or "").lower()
    if not address:
        return None
    if not is_acceptable(address):
        raise ValidationError(email_fault(address), code="invalid_email")
    return address


# Characters before the @ that providers ignore, and domains that share mailboxes.
IGNORED = {"gmail.com": ".", "proton.me": ".-_"}
SAME_DOMAIN = {
    "googlemail.com": "gmail.com",
    "protonmail.com": "proton.me",
    "protonmail.ch": "proton.me",
    "pm.me": "proton.me",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    **dict.fromkeys(("ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua"), "yandex.ru"),
}


def same_mailbox(one: str, other: str) -> bool:
    """Whether two addresses reach the same mailbox: ignores case, a `+tag` (RFC 5233) and the provider's dots."""
    return _mailbox(one) == _mailbox(other)


def _mailbox(address: str) -> str:
    local, _at, domain = unicodedata.normalize("NFKC", address).strip().casefold().rpartition("@")
    domain = domain.rstrip(".")
    with contextlib.suppress(UnicodeError):
        domain = domain.encode("idna").decode("ascii")
    domain = SAME_DOMAIN.get(domain, domain)
    if local.startswith('"'):  # a quoted string (RFC 5321, 4.1.2)
        local = local.strip('"').replace("\\", "")
    local = local.split("+", 1)[0]
    if domain == "yandex.ru":
        local = local.replace(".", "-")
    return f"{local.translate(dict.fromkeys(map(ord, IGNORED.get(domain, ''))))}@{domain}"
