"""Checks one signature over some bytes by one public key: it matches, it does not, or its algorithm is unknown here.

Used for all signed data: documents, certificates, time-stamps, revocation lists and OCSP answers. Imports no Django.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from asn1crypto import algos, core, keys
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa, utils

from signing.pdf import ber

DIGESTS = {  # object identifier: name in hashlib
    "1.2.840.113549.2.5": "md5", "1.3.14.3.2.26": "sha1", "1.3.36.3.2.1": "ripemd160",
    "2.16.840.1.101.3.4.2.4": "sha224", "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.5": "sha512_224", "2.16.840.1.101.3.4.2.6": "sha512_256",
    "2.16.840.1.101.3.4.2.7": "sha3_224", "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384", "2.16.840.1.101.3.4.2.10": "sha3_512",
    "2.16.840.1.101.3.4.2.12": "shake_256", "2.16.840.1.101.3.4.2.18": "shake_256",  # 512 bits (RFC 8419, 2.2)
}  # fmt: skip
SEQUENCE = 0x30
NOTHING = (b"", b"\x05\0")  # parameters left out, or NULL
PARAMETERS = {"2.16.840.1.101.3.4.2.18": (b"\x02\x02\x02\0",)}  # 512 bits
# Collisions can be computed (EN 319 102-1, 5.2.8; TS 119 312). SHA-1: the author of a document can prepare a second
# one with the same digest, at great cost; nobody can for another author's document. MD5: the same in seconds, so a
# match proves nothing.
WEAK, WORTHLESS = {"sha1", "ripemd160"}, {"md5"}
SCHEMES = {  # object identifier: (scheme, digest); "" where the digest is named elsewhere
    "1.2.840.113549.1.1.1": ("pkcs1", ""), "1.2.840.113549.1.1.4": ("pkcs1", "md5"),
    "1.2.840.113549.1.1.5": ("pkcs1", "sha1"), "1.3.14.3.2.29": ("pkcs1", "sha1"),
    "1.2.840.113549.1.1.14": ("pkcs1", "sha224"), "1.2.840.113549.1.1.11": ("pkcs1", "sha256"),
    "1.2.840.113549.1.1.12": ("pkcs1", "sha384"), "1.2.840.113549.1.1.13": ("pkcs1", "sha512"),
    "1.2.840.113549.1.1.15": ("pkcs1", "sha512_224"), "1.2.840.113549.1.1.16": ("pkcs1", "sha512_256"),
    "2.16.840.1.101.3.4.3.13": ("pkcs1", "sha3_224"), "2.16.840.1.101.3.4.3.14": ("pkcs1", "sha3_256"),
    "2.16.840.1.101.3.4.3.15": ("pkcs1", "sha3_384"), "2.16.840.1.101.3.4.3.16": ("pkcs1", "sha3_512"),
    "1.2.840.113549.1.1.10": ("pss", ""),
    "1.2.840.10045.2.1": ("ecdsa", ""), "1.2.840.10045.4.1": ("ecdsa", "sha1"),
    "1.2.840.10045.4.3.1": ("ecdsa", "sha224"), "1.2.840.10045.4.3.2": ("ecdsa", "sha256"),
    "1.2.840.10045.4.3.3": ("ecdsa", "sha384"), "1.2.840.10045.4.3.4": ("ecdsa", "sha512"),
    "2.16.840.1.101.3.4.3.9": ("ecdsa", "sha3_224"), "2.16.840.1.101.3.4.3.10": ("ecdsa", "sha3_256"),
    "2.16.840.1.101.3.4.3.11": ("ecdsa", "sha3_384"), "2.16.840.1.101.3.4.3.12": ("ecdsa", "sha3_512"),
    "0.4.0.127.0.7.1.1.4.1.1": ("plain ecdsa", "sha1"), "0.4.0.127.0.7.1.1.4.1.2": ("plain ecdsa", "sha224"),
    "0.4.0.127.0.7.1.1.4.1.3": ("plain ecdsa", "sha256"), "0.4.0.127.0.7.1.1.4.1.4": ("plain ecdsa", "sha384"),
    "0.4.0.127.0.7.1.1.4.1.5": ("plain ecdsa", "sha512"),
    "1.2.840.10040.4.1": ("dsa", ""), "1.2.840.10040.4.3": ("dsa", "sha1"), "1.3.14.3.2.27": ("dsa", "sha1"),
    "2.16.840.1.101.3.4.3.1": ("dsa", "sha224"), "2.16.840.1.101.3.4.3.2": ("dsa", "sha256"),
    "2.16.840.1.101.3.4.3.3": ("dsa", "sha384"), "2.16.840.1.101.3.4.3.4": ("dsa", "sha512"),
    "1.3.101.112": ("whole", ""), "1.3.101.113": ("whole", ""),  # Ed25519, Ed448 (RFC 8419)
    "2.16.840.1.101.3.4.3.17": ("whole", ""), "2.16.840.1.101.3.4.3.18": ("whole", ""),  # ML-DSA (RFC 9882)
    "2.16.840.1.101.3.4.3.19": ("whole", ""),
}  # fmt: skip


class NotKnown(Exception):
    """This software does not know the algorithm, curve, kind of key or parameters, so it can't judge the
    signature."""


class Signed:
    """The bytes that were signed: in memory, or read in pieces if only their digest is needed."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self) -> bytes:
        return self._content

    def digest(self, name: str) -> bytes:
        """Raises NotKnown."""
        return digested(name, self._content)


def digested(name: str, content: bytes) -> bytes:
    """Raises NotKnown."""
    digest = new_digest(name)
    digest.update(content)
    return finished(digest)


def new_digest(name: str) -> Any:
    try:
        return hashlib.new(name)
    except ValueError as error:
        raise NotKnown(name) from error


def finished(digest: Any) -> bytes:
    return bytes(digest.digest(64) if digest.name == "shake_256" else digest.digest())


def object_identifier(algorithm: bytes) -> str:
    """The object identifier (dotted) of an AlgorithmIdentifier. Raises NotKnown."""
    return _identified(algorithm)[0]


def _identified(algorithm: bytes) -> tuple[str, bytes]:
    """Object identifier and parameters."""
    try:
        outer = ber.first(algorithm)
        if outer.tag != SEQUENCE:
            raise NotKnown("an algorithm's identifier")
        identifier, *parameters = ber.values_in(outer.content)
        dotted = str(core.ObjectIdentifier.load(identifier.raw).dotted)
    except (ValueError, TypeError, IndexError) as error:
        raise NotKnown("an algorithm's identifier") from error
    return dotted, b"".join(each.raw for each in parameters)


def digest_named(algorithm: bytes) -> str:
    """The name in hashlib for a DigestAlgorithmIdentifier. Raises NotKnown."""
    dotted, parameters = _identified(algorithm)
    if dotted not in DIGESTS or parameters not in PARAMETERS.get(dotted, NOTHING):
        raise NotKnown(dotted)
    return DIGESTS[dotted]


def digest_of(algorithm: bytes, otherwise: str) -> str:
    """Which digest a signature by this algorithm uses. `otherwise`: the digest if the algorithm names none. Raises
    NotKnown."""
    scheme, digest = SCHEMES.get(object_identifier(algorithm), ("", ""))
    return _pss_digest(algorithm) if scheme == "pss" else digest or otherwise


def fits(*, signature: bytes, signed: Signed, key: bytes, algorithm: bytes, digest: str = "") -> bool:
    """Whether the signature matches. `key`: SubjectPublicKeyInfo; `algorithm`: AlgorithmIdentifier, both DER.
    `digest`: replaces the digest that the algorithm names, or supplies a missing one. Raises NotKnown."""
    dotted, parameters = _identified(algorithm)
    if dotted not in SCHEMES:
        raise NotKnown(dotted)
    scheme, named = SCHEMES[dotted]
    if scheme != "pss" and parameters not in NOTHING:
        raise NotKnown("parameters")
    try:
        CHECKS[scheme](_public_key(key), signature, signed, digest or named, algorithm)
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError, TypeError, AttributeError, KeyError) as error:
        raise NotKnown(f"{dotted}: {type(error).__name__}") from error
    return True


def _public_key(der: bytes) -> Any:
    info = keys.PublicKeyInfo.load(der)
    if info["algorithm"]["algorithm"].dotted == "1.2.840.113549.1.1.10":
        # A key for PSS alone (RFC 4055, 1.2), which OpenSSL's wrapper does not load under that name.
        plain = keys.PublicKeyAlgorithm({"algorithm": "rsa"})
        der = keys.PublicKeyInfo({"algorithm": plain, "public_key": info["public_key"].parsed}).dump()
    return serialization.load_der_public_key(der)


def _hash(name: str) -> hashes.HashAlgorithm:
    kinds: dict[str, Callable[[], hashes.HashAlgorithm]] = {
        "md5": hashes.MD5, "sha1": hashes.SHA1, "sha224": hashes.SHA224, "sha256": hashes.SHA256,
        "sha384": hashes.SHA384, "sha512": hashes.SHA512, "sha512_224": hashes.SHA512_224,
        "sha512_256": hashes.SHA512_256, "sha3_224": hashes.SHA3_224, "sha3_256": hashes.SHA3_256,
        "sha3_384": hashes.SHA3_384, "sha3_512": hashes.SHA3_512,
    }  # fmt: skip
    if name not in kinds:
        raise NotKnown(name)
    return kinds[name]()


def _prehashed(signed: Signed, name: str) -> tuple[bytes, utils.Prehashed]:
    return signed.digest(name), utils.Prehashed(_hash(name))


def _pkcs1(key: Any, signature: bytes, signed: Signed, digest: str, _algorithm: bytes) -> None:
    key.verify(signature, signed.digest(digest), padding.PKCS1v15(), utils.Prehashed(_hash(digest)))


def _pss(key: Any, signature: bytes, signed: Signed, _digest: str, algorithm: bytes) -> None:
    if not isinstance(key, rsa.RSAPublicKey):
        raise NotKnown("PSS by another key than RSA")
    parameters = algos.SignedDigestAlgorithm.load(algorithm)["parameters"]
    mask = parameters["mask_gen_algorithm"]
    if mask["algorithm"].dotted != "1.2.840.113549.1.1.8":
        raise NotKnown("a mask of another kind than MGF1")
    generator = padding.MGF1(_hash(DIGESTS.get(mask["parameters"]["algorithm"].dotted, "")))
    chosen = padding.PSS(mgf=generator, salt_length=parameters["salt_length"].native)
    content, hashed = _prehashed(signed, _pss_digest(algorithm))
    key.verify(signature, content, chosen, hashed)


def _pss_digest(algorithm: bytes) -> str:
    try:
        parameters = algos.SignedDigestAlgorithm.load(algorithm)["parameters"]
        return DIGESTS.get(parameters["hash_algorithm"]["algorithm"].dotted, "")
    except (ValueError, TypeError, KeyError) as error:
        raise NotKnown("parameters of PSS") from error


def _ecdsa(key: Any, signature: bytes, signed: Signed, digest: str, _algorithm: bytes) -> None:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise NotKnown("ECDSA by a key on no curve")
    content, hashed = _prehashed(signed, digest)
    key.verify(signature, content, ec.ECDSA(hashed))


def _plain_ecdsa(key: Any, signature: bytes, signed: Signed, digest: str, algorithm: bytes) -> None:
    """The two numbers side by side (BSI TR-03111, 5.2.1)."""
    if len(signature) % 2:
        raise InvalidSignature
    half = len(signature) // 2
    pair = utils.encode_dss_signature(*(int.from_bytes(part, "big") for part in (signature[:half], signature[half:])))
    _ecdsa(key, pair, signed, digest, algorithm)


def _dsa(key: Any, signature: bytes, signed: Signed, digest: str, _algorithm: bytes) -> None:
    if not isinstance(key, dsa.DSAPublicKey):
        raise NotKnown("DSA by a key of another kind")
    content, hashed = _prehashed(signed, digest)
    key.verify(signature, content, hashed)


def _whole(key: Any, signature: bytes, signed: Signed, _digest: str, _algorithm: bytes) -> None:
    """Algorithms that hash the content themselves."""
    key.verify(signature, signed.read())


CHECKS = {
    "pkcs1": _pkcs1, "pss": _pss, "ecdsa": _ecdsa, "plain ecdsa": _plain_ecdsa, "dsa": _dsa, "whole": _whole,
}  # fmt: skip


def recovered(signature: bytes, key: bytes) -> bytes:
    """The DigestInfo that an RSA signature (PKCS#1 v1.5) contains; empty if the signature does not match the key.
    Raises NotKnown."""
    try:
        public = _public_key(key)
        if not isinstance(public, rsa.RSAPublicKey):
            raise NotKnown("no key of RSA")
        return public.recover_data_from_signature(signature, padding.PKCS1v15(), None)
    except InvalidSignature:
        return b""
    except (UnsupportedAlgorithm, ValueError, TypeError) as error:
        raise NotKnown(type(error).__name__) from error
