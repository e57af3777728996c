"""Tells addresses that no message can reach."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

LONGEST_ADDRESS = 254  # characters, RFC 5321 by its erratum 1690
LONGEST_LOCAL_PART = 64  # characters, RFC 5321, 4.5.3.1.1
# Endings that do not exist in the DNS root, with the intended ones.
NO_ENDINGS = {
    **dict.fromkeys(("con", "cim", "cpm", "vom", "xom", "comm", "ccom", "coom", "cmo", "ocm", "conm"), "com"),
    **dict.fromkeys(("fre", "frr", "ffr", "rf", "fe", "ft", "fd"), "fr"),
    **dict.fromkeys(("nte", "ent", "nett"), "net"),
}


def ending(domain: str) -> str:
    return domain.rpartition(".")[2]


def is_acceptable(address: str) -> bool:
    """Whether forms accept the address, in lower case (patients.contacts.clean_email)."""
    if len(address) > LONGEST_ADDRESS:
        return False
    try:
        validate_email(address)
    except ValidationError:
        return False
    return not _never_arrives(address)


def _never_arrives(address: str) -> bool:
    """Whether no server on the internet could receive mail for it, for a syntactically valid address."""
    local, _at, domain = address.rpartition("@")
    return len(local) > LONGEST_LOCAL_PART or "." not in domain or "[" in domain or ending(domain) in NO_ENDINGS
