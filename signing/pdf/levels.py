"""Which PAdES level this installation signs at, by its settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from signing.pdf.pades import LEVELS, LevelWanted

HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]+")


def level_wanted(*, revocation_lists: Sequence[bytes] = ()) -> LevelWanted:
    """`revocation_lists`: known lists (DER) of the authority that issued the signer's certificate."""
    return LevelWanted(
        level=settings.SIGNATURE_LEVEL,
        tsa_url=settings.TSA_URL,
        tsa_roots=tuple(certificates_in(settings.TSA_ROOTS)),
        revocation_lists=tuple(revocation_lists),
        hosts_inside=tuple(settings.PKI_HOSTS_INSIDE),
    )


def certificates_in(pem: str) -> list[bytes]:
    """DER. Raises ValueError where `pem` is something else than certificates."""
    if not pem.strip():
        return []
    return [certificate.public_bytes(Encoding.DER) for certificate in x509.load_pem_x509_certificates(pem.encode())]


def wrong_level_settings() -> Iterator[str]:
    """A sentence for each invalid setting."""
    level, tsa = settings.SIGNATURE_LEVEL, settings.TSA_URL
    if level not in LEVELS:
        yield f"SIGNATURE_LEVEL is {level}. Set SIGNATURE_LEVEL to one of {', '.join(LEVELS)}."
    elif level != "B-B" and not tsa:
        yield (
            f"SIGNATURE_LEVEL is {level}, which needs a time-stamp authority. Set TSA_URL to its address (RFC 3161), "
            "or SIGNATURE_LEVEL to B-B."
        )
    if tsa and (urlsplit(tsa).scheme not in ("http", "https") or not urlsplit(tsa).hostname):
        yield f"TSA_URL is {tsa}. Set TSA_URL to the address of a time-stamp authority, beginning with https://."
    for host in settings.PKI_HOSTS_INSIDE:
        if not HOST.fullmatch(host):
            yield (
                f"PKI_HOSTS_INSIDE has {host}, which is no host name or IP address. Set PKI_HOSTS_INSIDE to "
                "hosts alone, without https:// or a path, separated by commas."
            )
    try:
        certificates_in(settings.SIGNING_ROOTS)
    except ValueError:
        yield "SIGNING_ROOTS holds no certificates. Set SIGNING_ROOTS_FILE to the path of a file of them (PEM)."
    try:
        roots = certificates_in(settings.TSA_ROOTS)
    except ValueError:
        yield "TSA_ROOTS holds no certificates. Set TSA_ROOTS_FILE to the path of a file of them (PEM)."
    else:
        if level in ("B-LT", "B-LTA") and not roots:
            yield (
                f"SIGNATURE_LEVEL is {level}, and TSA_ROOTS is not set. Set TSA_ROOTS_FILE to the path of a file "
                "(PEM) with the roots that the time-stamp authority's certificate leads to."
            )
