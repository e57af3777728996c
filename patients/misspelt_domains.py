"""Detects addresses that are probably misspelt: one typing error away from a provider common in France.

Own code, because the libraries for this (mailcheck and its ports) know American providers and are unmaintained.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from patients.names import plain
from patients.undeliverable import NO_ENDINGS, is_acceptable

PROVIDERS = {
    "com": ("gmail", "hotmail", "outlook", "yahoo", "live", "icloud", "aol", "msn", "protonmail", "gmx", "ymail"),
    "fr": (
        *("orange", "wanadoo", "free", "sfr", "hotmail", "outlook", "yahoo", "live", "neuf", "bbox", "aol", "gmx"),
        *("numericable", "club-internet", "aliceadsl", "cegetel", "libertysurf"),
    ),
    "net": ("laposte",),
    "me": ("proton",),
}
DOMAINS = tuple(f"{name}.{ending}" for ending, names in PROVIDERS.items() for name in names)
ONE_ENDING = {"gmail": "gmail.com", "icloud": "icloud.com", "wanadoo": "wanadoo.fr"}  # gmail.fr is not Google's
# Existing domains, one letter away from one of the providers.
REAL = {"mail.com", "ymail.com", "ymail.fr", "grange.fr", "orage.fr"}
# One letter away from fr.
COUNTRIES = {
    *("ar", "br", "cr", "er", "gr", "hr", "ir", "kr", "lr", "mr", "nr", "pr", "sr", "tr", "fi", "fj", "fm", "fo")
}
SHORT_NAME = 5  # letters; shorter names have too many existing neighbours


def likely_address(address: str) -> str:
    """The address that was probably meant; "" if this one looks right, or if that one is invalid, too. In lower
    case, as cleaned."""
    local, _at, domain = address.rpartition("@")
    meant = likely_domain(domain)
    bare = local.removeprefix("www.")
    if not bare or (not meant and bare == local):
        return ""
    likely = f"{bare}@{meant or domain}"
    return likely if is_acceptable(likely) else ""


def likely_domain(domain: str) -> str:
    """The domain that was probably meant, "" if none is near. Also for a domain without ending, or with one that does
    not exist."""
    name, _dot, ending = domain.rpartition(".")
    if domain in DOMAINS or domain in REAL:
        return ""
    if ending in NO_ENDINGS and name:
        mended = f"{name}.{NO_ENDINGS[ending]}"
        return likely_domain(mended) or mended
    if sole := ONE_ENDING.get(name or ending):
        return sole
    spelt = ".".join(plain(part).replace(" ", "-") for part in domain.split("."))
    if spelt in DOMAINS:
        return spelt
    for known in DOMAINS:
        of_known = known.split(".")[0]
        if one_slip_apart(spelt, known) and (len(of_known) >= SHORT_NAME or name == of_known):
            return "" if name == of_known and ending in COUNTRIES else known
    return ""


def one_slip_apart(one: str, other: str) -> bool:
    """Whether one letter was omitted, doubled, inserted or replaced, or two adjacent ones were swapped."""
    at = next((at for at, pair in enumerate(zip(one, other, strict=False)) if len({*pair}) > 1), None)
    if at is None:
        return abs(len(one) - len(other)) == 1
    here, there = one[at:], other[at:]
    exchanged = here[:2] == there[:2][::-1] and here[2:] == there[2:]
    return exchanged or here[1:] in (there[1:], there) or here == there[1:]


def did_you_mean(address: str) -> str:
    """A question about an address that is probably misspelt; "" otherwise."""
    meant = likely_address(address)
    return _("Vouliez-vous dire %(address)s ?") % {"address": meant} if meant else ""
