"""Checks of signing keys outside the database (PKCS#11 token, remote service), reported at start with a remedy."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import OperationalError, ProgrammingError

from signing.key_places import remote_key
from signing.models import KeyPlace, SigningCredential
from signing.pdf.keys import KeyUnavailable
from signing.pdf.token_probe import probe


def wrong_key_settings() -> Iterator[str]:
    """A sentence for each invalid setting, judged without contacting anything."""
    module, url = settings.PKCS11_MODULE, settings.CSC_URL
    if module and not Path(module).is_file():
        yield f"PKCS11_MODULE is {module}, where no file is. Set it to the path of the security module's library."
    if module and not settings.PKCS11_PIN:
        yield "PKCS11_PIN is not set. Set PKCS11_PIN_FILE to the path of a file with the PIN of the token."
    if settings.PKCS11_PIN and not module:
        yield "PKCS11_PIN is set, and PKCS11_MODULE is not. Set it to the module's library, or unset the PIN."
    if url and not _is_private_enough(url):
        yield f"CSC_URL is {url}. Set CSC_URL to the address of the signing service, beginning with https://."
    if (settings.CSC_TOKEN or settings.CSC_PIN) and not url:
        yield "CSC_TOKEN or CSC_PIN is set, and CSC_URL is not. Set CSC_URL to the service's address, or unset them."


def unusable_keys() -> Iterator[str]:
    """A sentence for a PKCS#11 module that does not work, and for each key that is missing from its place."""
    in_token, remote = (_named(place) for place in (KeyPlace.PKCS11, KeyPlace.REMOTE))
    if in_token and not settings.PKCS11_MODULE:
        yield "Keys in a security module are in use, and PKCS11_MODULE is not set. Set it, and PKCS11_PIN_FILE."
    elif settings.PKCS11_MODULE and Path(settings.PKCS11_MODULE).is_file():
        yield from _unusable_in_module(in_token)
    if remote and not settings.CSC_URL:
        yield "Keys of a remote signing service are in use, and CSC_URL is not set. Set it to the service's address."


def silent_service() -> Iterator[str]:
    """A sentence if the remote service does not answer. A warning only: other people run it, and users whose keys are
    elsewhere can still sign."""
    if not settings.CSC_URL or not _is_private_enough(settings.CSC_URL):
        return
    from signing.pdf.remote_key import ask_service  # loads 8 MiB

    try:
        ask_service(settings.CSC_URL)
    except KeyUnavailable as error:
        yield (
            f"The signing service at CSC_URL ({settings.CSC_URL}) does not answer as one ({error}). Check the "
            "address (what stands before /csc/v1/), and that this machine may reach it."
        )
        return
    for reference, certificate in _named(KeyPlace.REMOTE).items():
        try:
            current, _chain = remote_key(reference).certificates()
        except KeyUnavailable as error:
            yield (
                f"The signing service does not give the credential {reference} ({error}). Check CSC_TOKEN, or name "
                "another with manage.py signing_key."
            )
        else:
            if hashlib.sha256(current).hexdigest() != certificate:
                yield _another(reference)


def _unusable_in_module(wanted: dict[str, str]) -> Iterator[str]:
    module = settings.PKCS11_MODULE
    report = probe(module, settings.PKCS11_PIN, list(wanted))
    if "fault" in report:
        yield (
            f"PKCS11_MODULE ({module}) does not load as a PKCS#11 library ({report['fault']}). Set PKCS11_MODULE to "
            "the library of the security module, for this machine's architecture."
        )
        return
    if not report["tokens"]:
        yield f"The security module ({module}) has no token. Plug it in, or initialise one."
        return
    for uri, why in report["missing"].items():
        if "Pin" in why:
            yield "The token refuses PKCS11_PIN. Set it right before you start again: a token is locked after a few."
        elif "Token" in why:
            yield f"No token is the one of {uri}. There are: {', '.join(report['tokens'])}. Plug it in."
        else:
            yield f"The token has no key and certificate named {uri} ({why}). Name them with manage.py signing_key."
    for uri, certificate in report["keys"].items():
        if certificate != wanted[uri]:
            yield _another(uri)


def _another(reference: str) -> str:
    return f"{reference} has another certificate than when it was set up. Set it up again with manage.py signing_key."


def _named(place: KeyPlace) -> dict[str, str]:
    """References of the keys in use, with the SHA-256 of their certificates. Empty before the first migration."""
    in_use = SigningCredential.objects.filter(retired_at=None, key_place=place)
    try:
        rows = list(in_use.values_list("key_reference", "certificate"))
    except (OperationalError, ProgrammingError):  # no table yet, or one of an older version
        return {}
    return {reference: hashlib.sha256(certificate).hexdigest() for reference, certificate in rows}


def _is_private_enough(url: str) -> bool:
    """Whether the address is https, or plain http to this machine itself."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return True
    try:
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
