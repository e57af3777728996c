"""Explains what is wrong with a mobile or an address and what to do, in one sentence for every door."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult

from patients.misspelt_domains import did_you_mean
from patients.names import ascii_digits
from patients.undeliverable import LONGEST_ADDRESS, LONGEST_LOCAL_PART, NO_ENDINGS, ending, is_acceptable

# Regions where people write numbers without country code: with the 0 (Guadeloupe, Guyane, Martinique, Réunion and
# Mayotte), or bare (Saint-Pierre-et-Miquelon, Nouvelle-Calédonie, Polynésie, Wallis).
OVERSEAS = ("GP", "GF", "MQ", "RE", "YT", "PM", "NC", "PF", "WF")
FIXED = frozenset({PhoneNumberType.FIXED_LINE, PhoneNumberType.VOIP})
ABROAD = re.compile(r"\s*(\+|＋|00)")
LONGEST_NUMBER = 100  # characters, with what people write beside it
DIGIT = re.compile(r"\d")
LETTERS = re.compile(r"[^\W\d_]+")
WORDS = re.compile(r"[^\W\d_]+(?:[\s.'’-]+[^\W\d_]+)*")
ADDRESS = re.compile(r"[^\s<>,;:()\"@]+@[^\s<>,;:()\"@]+")
COMPLETE = r"([^\s<>,;:()\"@]+@[^\s<>,;:()\"@]+\.[^\W\d_]{2,})"
NAMED = re.compile(rf"[^<@]*<\s*{COMPLETE}\s*>.*")
FOLLOWED = re.compile(rf"{COMPLETE}[\s(]+[^@]*")
IN_LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]")  # RFC 5322, 3.2.3
IN_DOMAIN = re.compile(r"[^\W_]|[.-]")  # letters of any script: Django encodes them as IDNA


def mobile_fault(typed: str) -> str:
    """For a number, as typed in, that is not a mobile (patients.contacts.clean_mobile)."""
    typed = ascii_digits(typed)
    digits = "".join(one for one in typed if one.isdecimal())
    if not digits:
        return _("Ce n’est pas un numéro : saisissez des chiffres, par exemple %(example)s.") % _examples()
    if len(digits) >= 2 * _mobile_length() - 2 or len(typed) > LONGEST_NUMBER:
        return _several()
    if letters := letters_after_digit(typed):
        return _fault_of_letters(typed, letters)
    if ABROAD.match(typed):
        return _fault_with_code(typed)
    return _national_fault(digits)


def letters_after_digit(typed: str) -> re.Match[str] | None:
    """The first letters that stand somewhere behind a digit. In linear time."""
    digit = DIGIT.search(typed)
    return LETTERS.search(typed, digit.end()) if digit else None


def _fault_of_letters(typed: str, letters: re.Match[str]) -> str:
    """The sentence suggests removing a word beside the number; a letter within it replaces a digit."""
    words = WORDS.match(typed, letters.start())
    part = words.group() if words else letters[0]
    if typed[letters.start() - 1].isdecimal() or len(part) == 1:
        return _(
            "Un numéro ne contient pas de lettres : remplacez « %(letters)s » par des chiffres. Exemple : "
            "%(example)s."
        ) % {"letters": letters[0], **_examples()}
    return _("Un numéro ne contient pas de lettres : retirez « %(words)s ». Exemple : %(example)s.") % {
        "words": part,
        **_examples(),
    }


def _fault_with_code(typed: str) -> str:
    """For a number with a country code."""
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
        national = str(number.national_number)
        wanted = _mobile_length() - len(_trunk_prefix())
        if len(national) != wanted:
            return _wrong_length_after_code(len(national), wanted, f"+{number.country_code}")
        return _national_fault(_trunk_prefix() + national)
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
    """For a number in the national format of the installation's country."""
    if len(digits) != _mobile_length():
        return _wrong_length(len(digits), _mobile_length())
    numbers = [phonenumbers.parse(digits, region) for region in (settings.PHONENUMBER_REGION, *OVERSEAS)]
    kinds = {phonenumbers.number_type(one) for one in numbers if phonenumbers.is_valid_number(one)}
    if kinds & FIXED:
        sentence = _("C’est le numéro d’un téléphone fixe. Saisissez celui d’un mobile, par exemple %(example)s.")
    elif kinds:
        sentence = _("C’est un numéro spécial, pas celui d’un mobile. Saisissez un mobile, par exemple %(example)s.")
    else:
        sentence = _("Aucun téléphone n’a ce numéro : vérifiez chaque chiffre. Exemple de mobile : %(example)s.")
    return sentence % _examples()


def _wrong_length(typed: int, wanted: int) -> str:
    if typed < wanted:
        sentence = ngettext(
            "Il manque %(count)d chiffre : ce numéro en a %(typed)d, un mobile en a %(wanted)d. "
            "Exemple : %(example)s.",
            "Il manque %(count)d chiffres : ce numéro en a %(typed)d, un mobile en a %(wanted)d. "
            "Exemple : %(example)s.",
            wanted - typed,
        )
    else:
        sentence = ngettext(
            "Il y a %(count)d chiffre de trop : ce numéro en a %(typed)d, un mobile en a %(wanted)d. "
            "Exemple : %(example)s.",
            "Il y a %(count)d chiffres de trop : ce numéro en a %(typed)d, un mobile en a %(wanted)d. "
            "Exemple : %(example)s.",
            typed - wanted,
        )
    return sentence % {"count": abs(wanted - typed), "typed": typed, "wanted": wanted, **_examples()}


def _wrong_length_after_code(typed: int, wanted: int, code: str) -> str:
    """For a number with the code of the installation's country: digits are counted without the code."""
    if typed < wanted:
        sentence = ngettext(
            "Il manque %(count)d chiffre : après %(code)s, ce numéro en a %(typed)d, un mobile en a %(wanted)d. "
            "Exemple : %(international)s.",
            "Il manque %(count)d chiffres : après %(code)s, ce numéro en a %(typed)d, un mobile en a %(wanted)d. "
            "Exemple : %(international)s.",
            wanted - typed,
        )
    else:
        sentence = ngettext(
            "Il y a %(count)d chiffre de trop : après %(code)s, ce numéro en a %(typed)d, un mobile en a "
            "%(wanted)d. Exemple : %(international)s.",
            "Il y a %(count)d chiffres de trop : après %(code)s, ce numéro en a %(typed)d, un mobile en a "
            "%(wanted)d. Exemple : %(international)s.",
            typed - wanted,
        )
    return sentence % {"count": abs(wanted - typed), "typed": typed, "wanted": wanted, "code": code, **_examples()}


def _several() -> str:
    sentence = _(
        "Il y a trop de chiffres : ce champ prend un seul numéro. N’en gardez qu’un, par exemple %(example)s."
    )
    return sentence % _examples()


def _mobile_length() -> int:
    """The number of digits of a mobile in the national format of the installation's country."""
    return len("".join(one for one in _examples()["example"] if one.isdecimal()))


def _trunk_prefix() -> str:
    """The 0 before national numbers."""
    return phonenumbers.ndd_prefix_for_region(settings.PHONENUMBER_REGION, True) or ""


def _examples() -> dict[str, str]:
    number = phonenumbers.example_number_for_type(settings.PHONENUMBER_REGION, PhoneNumberType.MOBILE)
    if number is None:
        raise LookupError(settings.PHONENUMBER_REGION)  # every region has mobiles
    return {
        "example": phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL),
        "international": phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL),
    }


def email_fault(address: str) -> str:
    """For text that is not an address (patients.contacts.clean_email), in lower case."""
    if len(address) > LONGEST_ADDRESS:
        return _("L’adresse e-mail a plus de %(most)d caractères : vérifiez-la.") % {"most": LONGEST_ADDRESS}
    local, at, domain = address.rpartition("@")
    example = {"example": "marie.durand@exemple.fr"}
    if not at:
        return _("Il manque le @ de l’adresse e-mail. Exemple : %(example)s.") % example
    if sentence := _fault_around(address):
        return sentence
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
    if len(local) > LONGEST_LOCAL_PART:
        sentence = _("Il y a plus de %(most)d caractères avant le @ : aucune adresse n’en a tant. Vérifiez-la.")
        return sentence % {"most": LONGEST_LOCAL_PART}
    return _fault_of_signs(local, domain) or _fault_of_dots(local, domain) or _fault_of_domain(address, domain)


def _fault_around(address: str) -> str:
    """For additional text in the field: a second address, a name before it, a word after it, a scheme."""
    addresses = ADDRESS.findall(address)
    if len(addresses) > 1:
        return _("Il y a plusieurs adresses e-mail : ce champ en prend une seule. N’en gardez qu’une.")
    if address.startswith("mailto:"):
        return _("Retirez « mailto: » : l’adresse e-mail commence après.")
    if address[-1] in ",;:!?":
        return _("L’adresse e-mail finit par « %(sign)s » : retirez ce signe.") % {"sign": address[-1]}
    if inside := NAMED.fullmatch(address) or FOLLOWED.fullmatch(address):
        if is_acceptable(inside[1]):
            return _("Saisissez l’adresse e-mail seule, sans ce qui l’entoure : %(address)s.") % {
                "address": inside[1]
            }
        alone = _("Saisissez l’adresse e-mail seule, sans ce qui l’entoure.")
        return f"{alone} {email_fault(inside[1])}"
    return ""


def _fault_of_signs(local: str, domain: str) -> str:
    for part, allowed in ((local, IN_LOCAL_PART), (domain, IN_DOMAIN)):
        for sign in part:
            if allowed.fullmatch(sign):
                continue
            if sign in ",;":
                sentence = _(
                    "Une adresse e-mail n’a pas de « %(sign)s » : mettez un point, ou saisissez une seule adresse."
                )
            elif "LATIN" in unicodedata.name(sign, ""):
                sentence = _(
                    "Une adresse e-mail n’a pas d’accent avant le @ : remplacez « %(sign)s » par une lettre simple."
                )
            elif sign.isalpha():
                sentence = _(
                    "« %(sign)s » est une lettre d’un autre alphabet : retapez-la au clavier, en lettres de a à z."
                )
            else:
                sentence = _("Une adresse e-mail n’a pas de « %(sign)s » à cet endroit : retirez ce signe.")
            return sentence % {"sign": sign}
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


def _fault_of_domain(address: str, domain: str) -> str:
    facts = {"domain": domain, "ending": ending(domain)}
    if "." not in domain:
        sentence = _("Il manque la fin de l’adresse e-mail après « %(domain)s », par exemple .fr ou .com.") % facts
    elif any(one.startswith("-") or one.endswith("-") for one in domain.split(".")):
        return _("Le tiret est mal placé dans « %(domain)s » : retirez-le.") % facts
    elif facts["ending"] in NO_ENDINGS:
        sentence = _("Aucune adresse e-mail ne finit par « .%(ending)s » : vérifiez-en la fin.") % facts
    else:
        sentence = _(
            "« %(domain)s » n’est pas complet ou pas juste : vérifiez ce qui suit le @, par exemple exemple.fr."
        )
        sentence = sentence % facts
    return f"{sentence} {did_you_mean(address)}".rstrip()
