"""Checks the site's certificate and key before they replace others."""

from __future__ import annotations

import tempfile
from pathlib import Path

from deploy.debian.places import CERTIFICATE, KEY
from deploy.debian.system import CannotContinue, ask, succeeds, write_secret

TRIAL_DAYS = 90


def keep(certificate: Path, key: Path, host: str) -> bool:
    """Install certificate and key; returns whether they changed. Raises CannotContinue if nginx could not serve
    `host` with them."""
    for path in (certificate, key):
        if not path.is_file():
            raise CannotContinue(f"There is no file {path}.")
    about = ask(
        "openssl", "x509", "-in", certificate, "-noout", "-pubkey", failure=f"{certificate} is no PEM certificate:"
    )
    of_key = ask(
        "openssl",
        "pkey",
        "-in",
        key,
        "-pubout",
        "-passin",
        "pass:",
        failure=f"{key} is no PEM key without a password:",
    )
    if about != of_key:
        raise CannotContinue(f"{key} is not the key of {certificate}.")
    if "does match" not in ask("openssl", "x509", "-in", certificate, "-noout", "-checkhost", host):
        raise CannotContinue(f"{certificate} is not for {host}.")
    if not succeeds("openssl", "x509", "-in", certificate, "-noout", "-checkend", "0"):
        raise CannotContinue(f"{certificate} has expired.")
    changed = write_secret(CERTIFICATE, certificate.read_text())
    return write_secret(KEY, key.read_text()) or changed


def prepare(host: str) -> str:
    """Create a self-signed certificate if there is none. Returns a sentence if no browser trusts the installed one,
    else ""."""
    if not (CERTIFICATE.exists() and KEY.exists()):
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = Path(folder) / "certificate", Path(folder) / "key"
            ask(
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
                *("-days", str(TRIAL_DAYS), "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"),
                *("-keyout", key, "-out", certificate),
                failure="No certificate could be made:",
            )
            keep(certificate, key, host)
    else:
        keep(CERTIFICATE, KEY, host)
    ends = ("-noout", "-subject", "-issuer", "-nameopt", "RFC2253")
    subject, issuer = ask("openssl", "x509", "-in", CERTIFICATE, *ends).splitlines()
    if subject.partition("=")[2] != issuer.partition("=")[2]:
        return ""
    return (
        f"The certificate of {host} signs itself: it is for trying, no browser trusts it. "
        "docs/operating.md, TLS, tells how to get another."
    )
