"""Telephone numbers and addresses as they are kept: E.164, lower case, missing is None."""

from __future__ import annotations

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

# ARCEP keeps 06 39 98 xx xx for fiction: the demo's patients have numbers that can never reach anybody.
FICTION, FICTION_LENGTH = "+3363998", len("+33639980001")


def clean_mobile(typed: str | None) -> str | None:
    """The number in E.164. Raises ValidationError for what can't receive an SMS."""
    if not typed or not typed.strip():
        return None
    try:
        number = phonenumbers.parse(typed, settings.PHONENUMBER_REGION)
    except phonenumbers.NumberParseException:
        raise ValidationError(_mobile_sentence(), code="invalid_mobile") from None
    kind = phonenumbers.number_type(number)
    mobile = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    fiction = len(written) == FICTION_LENGTH and written.startswith(FICTION)
    if not fiction and (not phonenumbers.is_valid_number(number) or kind not in mobile):
        raise ValidationError(_mobile_sentence(), code="invalid_mobile")
    return written


def clean_email(typed: str | None) -> str | None:
    """The address, in lower case. Raises ValidationError for what is not an address."""
    if not typed or not typed.strip():
        return None
    address = typed.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise ValidationError(
            _("Cette adresse e-mail est incomplète ou mal écrite. Exemple : marie.durand@exemple.fr."),
            code="invalid_email",
        ) from None
    return address


def _mobile_sentence() -> str:
    return _("Ce numéro ne peut pas recevoir de SMS. Saisissez un numéro de mobile, par exemple 06 12 34 56 78.")
