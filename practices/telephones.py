"""Telephone numbers of practices in the stored form, E.164. A practice may have a landline; patients give mobiles
(patients/contacts.py)."""

from __future__ import annotations

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from notifications.sms_numbers import is_fictitious

LONGEST = 40  # characters
# Where a national number is dialled without a prefix: by time zone, the region in ISO 3166.
REGIONS = {
    "America/Guadeloupe": "GP",
    "America/Martinique": "MQ",
    "America/Cayenne": "GF",
    "America/St_Barthelemy": "BL",
    "America/Marigot": "MF",
    "America/Miquelon": "PM",
    "Indian/Reunion": "RE",
    "Indian/Mayotte": "YT",
    "Pacific/Noumea": "NC",
    "Pacific/Tahiti": "PF",
    "Pacific/Marquesas": "PF",
    "Pacific/Gambier": "PF",
    "Pacific/Wallis": "WF",
}


def clean_telephone(typed: str, *, time_zone: str) -> str:
    """The number in E.164, read as it is dialled in this time zone; "" if empty. Raises ValidationError."""
    typed = typed.strip()
    if not typed:
        return ""
    for region in (REGIONS.get(time_zone), settings.PHONENUMBER_REGION):
        if region and len(typed) <= LONGEST and (number := _fitting(typed, region)):
            return number
    raise ValidationError(
        _("Ce n’est pas un numéro de téléphone entier. Écrivez-le ainsi : 01 40 00 00 00, ou +33 1 40 00 00 00."),
        code="invalid_telephone",
    )


def _fitting(typed: str, region: str) -> str | None:
    if any(character.isalpha() for character in typed):
        return None
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return written if phonenumbers.is_valid_number(number) or is_fictitious(written) else None
