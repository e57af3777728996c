"""Kinds of signatures for which pdfsig's verdict differs from ours, and why. See `kinds` for each."""

from __future__ import annotations

NSS = "NSS, which pdfsig asks, does not know it."
RANGES = "pdfsig prints the ranges, and leaves to the reader what they leave out."
BARE = "pdfsig does not look at this encoding."
WHY = {
    "curve secp256k1": NSS,
    "curve brainpoolP256r1": NSS,
    "curve brainpoolP384r1": NSS,
    "Ed25519": NSS,
    "RSA-PSS by a key for nothing else": NSS,
    "Ed448, SHAKE256": NSS,
    "RSA, SHA-3": NSS,
    "ECDSA, SHA-3": NSS,
    "ECDSA in plain form (BSI)": NSS,
    "MD5": (
        "Anybody can make two documents of one MD5: that it fits says nothing. One that does not fit is not valid."
    ),
    "an algorithm that says SHA-1, with SHA-256": (
        "Some programs write the wrong name: OpenSSL takes what was used, NSS what is written."
    ),
    "signer named by the key": (
        "RFC 5652, 5.3 allows it, and OpenSSL finds the certificate; pdfsig looks in its store."
    ),
    "attributes stored in another order": (
        "What is signed are the attributes in DER, however they are stored (RFC 5652, 5.4)."
    ),
    "other algorithms protected": "RFC 6211, 3: the signature must be refused. NSS does not look.",
    "two signers, the second does not fit": "pdfsig looks at the first alone.",
    "adbe.x509.rsa_sha1, sha1": BARE,
    "adbe.x509.rsa_sha1, sha256": BARE,
    "content type attribute left out": (
        "RFC 5652, 11.1 demands it, and OpenSSL refuses; NSS does not look. Both digest and signature fit, so "
        "that nothing proves a change."
    ),
    "another certificate named": (
        "RFC 5035: the digest of the signer's certificate is signed, and does not fit the one that is there. "
        "NSS does not look."
    ),
    "BER, 9 levels of indefinite length": "The certificate itself is in BER here; its signature is over its DER.",
    "BER with a time-stamp, to its depth": (
        "The certificates themselves are in BER here; what is signed is their DER."
    ),
    "something else than zeros as padding": (
        "Nobody signed those bytes, and a signature's room holds nothing else (ISO 32000-2, 12.8.1)."
    ),
    "certificate in /Cert alone": ("ISO 32000-2, table 255 has it for another encoding; the key fits all the same."),
    "the certificate was altered": (
        "The authority is in the file, with the key that the certificate names, and did not sign it so. "
        "pdfsig judges the document alone."
    ),
    "the certificate was altered, no key named": (
        "An authority of that name did not sign it; another key of that authority may have."
    ),
    "a field with two appearances": "This pdfsig does not list it.",
    "/ByteRange does not begin at 0": RANGES,
    "/ByteRange with a hole": RANGES,
    "/ByteRange backwards": RANGES,
    "/ByteRange of three numbers": "ISO 32000-2, 12.8.1: pairs. pdfsig takes the last to reach to the end.",
}
