"""What exactly is wrong with a mobile or an address that was typed, and what to do: one sentence for every door."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult

from patients.names import ascii_digits

# Where a number is written without its country's code, as the French do overseas: with the 0 (Guadeloupe, Guyane,
# Martinique, Réunion and Mayotte), or bare (Saint-Pierre-et-Miquelon, Nouvelle-Calédonie, Polynésie, Wallis).
OVERSEAS = ("GP", "GF", "MQ", "RE", "YT", "PM", "NC", "PF", "WF")
LONGEST_ADDRESS = 254  # characters, RFC 5321 by its erratum 1690
FIXED = frozenset({PhoneNumberType.FIXED_LINE, PhoneNumberType.VOIP})
ABROAD = re.compile(r"\s*(\+|＋|00)")
LETTER_AFTER_DIGIT = re.compile(r"\d.*?([^\W\d_]+)")
IN_LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]")  # RFC 5322, 3.2.3
IN_DOMAIN = re.compile(r"[^\W_]|[.-]")  # letters of every language: Django knows them as IDNA


def mobile_fault(typed: str) -> str:
    """Of a number that is no mobile's (patients.contacts.clean_mobile), as it was typed."""
    digits = "".join(one for one in ascii_digits(typed) if one.isdecimal())
    if not digits:
        return _("Ce n’est pas un numéro : saisissez des chiffres, par exemple %(example)s.") % _examples()
    if letters := LETTER_AFTER_DIGIT.search(ascii_digits(typed)):
        said = _(
            "Un numéro ne contient pas de lettres : remplacez « %(letters)s » par des chiffres. Exemple : "
            "%(example)s."
        )
        return said % {"letters": letters[1], **_examples()}
    if ABROAD.match(ascii_digits(typed)):
        return _fault_with_code(ascii_digits(typed))
    return _national_fault(digits)


def _fault_with_code(typed: str) -> str:
    """Of a number that names its country."""
    region = settings.PHONENUMBER_REGION
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.TOO_LONG:
            return _several()
        return (
            _("Aucun pays n’a cet indicatif : vérifiez les chiffres qui suivent le +. Exemple : %(international)s.")
            % _examples()
        )
    if number.country_code == phonenumbers.country_code_for_region(region):
        return _national_fault(_with_trunk_prefix(str(number.national_number)))
    facts = {"code": f"+{number.country_code}"}
    match phonenumbers.is_possible_number_with_reason(number):
        case ValidationResult.TOO_SHORT | ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return _("Il manque des chiffres à ce numéro d’indicatif %(code)s : complétez-le.") % facts
        case ValidationResult.TOO_LONG:
            return _("Ce numéro d’indicatif %(code)s a trop de chiffres : retirez ceux qui sont en trop.") % facts
    if not phonenumbers.is_valid_number(number):
        return _("Aucun téléphone d’indicatif %(code)s n’a ce numéro : vérifiez chaque chiffre.") % facts
    if phonenumbers.number_type(number) in FIXED:
        return _("C’est le numéro d’un téléphone fixe (indicatif %(code)s) : saisissez celui d’un mobile.") % facts
    return _("Ce numéro d’indicatif %(code)s est un numéro spécial : saisissez celui d’un mobile.") % facts


def _national_fault(digits: str) -> str:
    """Of a number as one writes it in the country of the installation."""
    wanted = len("".join(one for one in _examples()["example"] if one.isdecimal()))
    if len(digits) >= 2 * wanted - 2:
        return _several()
    if len(digits) != wanted:
        return _wrong_length(len(digits), wanted)
    numbers = [phonenumbers.parse(digits, region) for region in (settings.PHONENUMBER_REGION, *OVERSEAS)]
    kinds = {phonenumbers.number_type(one) for one in numbers if phonenumbers.is_valid_number(one)}
    if kinds & FIXED:
        said = _("C’est le numéro d’un téléphone fixe. Saisissez celui d’un mobile, par exemple %(example)s.")
    elif kinds:
        said = _("C’est un numéro spécial, pas celui d’un mobile. Saisissez un mobile, par exemple %(example)s.")
    else:
        said = _("Aucun téléphone n’a ce numéro : vérifiez chaque chiffre. Exemple de mobile : %(example)s.")
    return said % _examples()


def _wrong_length(typed: int, wanted: int) -> str:
    if typed < wanted:
        said = ngettext(
            "Il manque %(count)d chiffre : ce numéro en a %(typed)d, un mobile en a %(wanted)d. "
            "Exemple : %(example)s.",
            "Il manque %(count)d chiffres : ce numéro en a %(typed)d, un mobile en a %(wanted)d. "
            "Exemple : %(example)s.",
            wanted - typed,
        )
    else:
        said = ngettext(
            "Il y a %(count)d chiffre de trop : ce numéro en a %(typed)d, un mobile en a %(wanted)d. "
            "Exemple : %(example)s.",
            "Il y a %(count)d chiffres de trop : ce numéro en a %(typed)d, un mobile en a %(wanted)d. "
            "Exemple : %(example)s.",
            typed - wanted,
        )
    return said % {"count": abs(wanted - typed), "typed": typed, "wanted": wanted, **_examples()}


def _several() -> str:
    return _("Il y a trop de chiffres : saisissez un seul numéro, par exemple %(example)s.") % _examples()


def _with_trunk_prefix(digits: str) -> str:
    """With the 0 that one dials inside the country."""
    prefix = phonenumbers.ndd_prefix_for_region(settings.PHONENUMBER_REGION, True) or ""
    return digits if digits.startswith(prefix) else prefix + digits


def _examples() -> dict[str, str]:
    number = phonenumbers.example_number_for_type(settings.PHONENUMBER_REGION, PhoneNumberType.MOBILE)
    if number is None:
        raise LookupError(settings.PHONENUMBER_REGION)  # no region without mobiles
    return {
        "example": phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL),
        "international": phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL),
    }


def email_fault(address: str) -> str:
    """Of what is not an address (patients.contacts.clean_email), in lower case."""
    if len(address) > LONGEST_ADDRESS:
        return _("L’adresse e-mail a plus de %(most)d caractères : vérifiez-la.") % {"most": LONGEST_ADDRESS}
    local, at, domain = address.rpartition("@")
    example = {"example": "marie.durand@exemple.fr"}
    if not at:
        return _("Il manque le @ de l’adresse e-mail. Exemple : %(example)s.") % example
    if "@" in local:
        return (
            _("Il y a plusieurs @ : saisissez une seule adresse e-mail, avec un seul @. Exemple : %(example)s.")
            % example
        )
    if not local.strip():
        return _("Il manque ce qui précède le @. Exemple : %(example)s.") % example
    if not domain.strip():
        return _("Il manque ce qui suit le @. Exemple : %(example)s.") % example
    if " " in address:
        return _("Une adresse e-mail n’a pas d’espace : retirez-le. Exemple : %(example)s.") % example
    return _fault_of_signs(local, domain) or _fault_of_dots(local, domain) or _fault_of_domain(domain)


def _fault_of_signs(local: str, domain: str) -> str:
    for part, allowed in ((local, IN_LOCAL_PART), (domain, IN_DOMAIN)):
        for sign in part:
            if allowed.fullmatch(sign):
                continue
            if sign in ",;":
                said = _(
                    "Une adresse e-mail n’a pas de « %(sign)s » : mettez un point, ou saisissez une seule adresse."
                )
            elif "LATIN" in unicodedata.name(sign, ""):
                said = _(
                    "Une adresse e-mail n’a pas d’accent avant le @ : remplacez « %(sign)s » par une lettre simple."
                )
            elif sign.isalpha():
                said = _(
                    "« %(sign)s » est une lettre d’un autre alphabet : retapez-la au clavier, en lettres de a à z."
                )
            else:
                said = _("Une adresse e-mail n’a pas de « %(sign)s » à cet endroit : retirez ce signe.")
            return said % {"sign": sign}
    return ""


def _fault_of_dots(local: str, domain: str) -> str:
    if domain.endswith("."):
        return _("L’adresse e-mail finit par un point : retirez-le.")
    if ".." in local or ".." in domain:
        return _("Il y a deux points de suite dans l’adresse e-mail : n’en gardez qu’un.")
    if local.startswith("."):
        return _("L’adresse e-mail commence par un point : retirez-le.")
    if local.endswith(".") or domain.startswith("."):
        return _("Il y a un point à côté du @ : retirez-le.")
    return ""


def _fault_of_domain(domain: str) -> str:
    facts = {"domain": domain}
    if "." not in domain:
        return _("Il manque la fin de l’adresse e-mail après « %(domain)s », par exemple .fr ou .com.") % facts
    if any(one.startswith("-") or one.endswith("-") for one in domain.split(".")):
        return _("Le tiret est mal placé dans « %(domain)s » : retirez-le.") % facts
    said = _("« %(domain)s » n’est pas complet ou pas juste : vérifiez ce qui suit le @, par exemple exemple.fr.")
    return said % facts
