"""Signing of documents."""

from __future__ import annotations

from docshare.settings.installation import env

TSA_URL = env.str("TSA_URL", "")  # a time-stamp authority (RFC 3161)
TSA_ROOTS = env.str("TSA_ROOTS", "")  # PEM: roots of its certificate
SIGNING_ROOTS = env.str("SIGNING_ROOTS", "")  # PEM: authorities that are trusted beside our own
# Keys elsewhere (manage.py signing_key): a security module's library and PIN, or a remote signing service.
PKCS11_MODULE = env.str("PKCS11_MODULE", "")
PKCS11_PIN = env.str("PKCS11_PIN", "")
CSC_URL = env.str("CSC_URL", "")
CSC_TOKEN = env.str("CSC_TOKEN", "")
CSC_PIN = env.str("CSC_PIN", "")
# PAdES (ETSI EN 319 142-1): B-B, B-T (with trusted time), B-LT (with proofs for later), B-LTA (those time-stamped).
SIGNATURE_LEVEL = env.str("SIGNATURE_LEVEL", "B-T" if TSA_URL else "B-B")
# B-LT and B-LTA connect to addresses in certificates: on public hosts, and on these hosts of our own network.
PKI_HOSTS_INSIDE = env.list("PKI_HOSTS_INSIDE", default=[])
