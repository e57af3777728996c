"""The RPPS number of a French practitioner: eleven digits, the last of which is a key (Luhn, ISO/IEC 7812-1)."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

DIGITS = 11


def clean_rpps(number: str) -> str:
    """The digits alone; "" for none. Raises ValidationError with what is wrong."""
    compact = "".join(number.split()).replace(".", "").replace("-", "")
    if not compact:
        return ""
    if not (compact.isascii() and compact.isdigit()):
        raise ValidationError(_("Un numéro RPPS n’a que des chiffres. Exemple : 10101010105."), "not_digits")
    if len(compact) != DIGITS:
        sentence = _("Un numéro RPPS a 11 chiffres ; celui-ci en a %(count)d.")
        raise ValidationError(sentence % {"count": len(compact)}, "wrong_length")
    if _luhn(compact) != 0:
        raise ValidationError(
            _("Ce numéro RPPS contient une erreur : son dernier chiffre ne correspond pas aux autres. Relisez-le."),
            "wrong_key",
        )
    return compact


def _luhn(digits: str) -> int:
    doubled = (divmod(2 * int(digit), 10) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(map(sum, doubled))) % 10
