"""Certificates of other authorities, with unusual encodings; written by hand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import MD5, SHA1, SHA3_256, SHA256, SHA384, SHA512, HashAlgorithm

from tests.signing.foreign import der

HASHES: dict[str, HashAlgorithm] = {
    "md5": MD5(), "sha1": SHA1(), "sha256": SHA256(), "sha384": SHA384(), "sha512": SHA512(), "sha3_256": SHA3_256(),
}  # fmt: skip
DIGESTS = {
    "md5": "1.2.840.113549.2.5", "sha1": "1.3.14.3.2.26", "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2", "sha512": "2.16.840.1.101.3.4.2.3", "sha3_256": "2.16.840.1.101.3.4.2.8",
    "shake_256": "2.16.840.1.101.3.4.2.12",
}  # fmt: skip
SCHEMES = {
    ("rsa", "md5"): "1.2.840.113549.1.1.4", ("rsa", "sha1"): "1.2.840.113549.1.1.5",
    ("rsa", "sha256"): "1.2.840.113549.1.1.11", ("rsa", "sha384"): "1.2.840.113549.1.1.12",
    ("rsa", "sha512"): "1.2.840.113549.1.1.13", ("rsa", "sha3_256"): "2.16.840.1.101.3.4.3.14",
    ("ec", "sha1"): "1.2.840.10045.4.1", ("ec", "sha256"): "1.2.840.10045.4.3.2",
    ("ec", "sha384"): "1.2.840.10045.4.3.3", ("ec", "sha512"): "1.2.840.10045.4.3.4",
    ("ec", "sha3_256"): "2.16.840.1.101.3.4.3.10", ("dsa", "sha1"): "1.2.840.10040.4.3",
    ("dsa", "sha256"): "2.16.840.1.101.3.4.3.2",
    ("ed25519", ""): "1.3.101.112", ("ed448", ""): "1.3.101.113",
}  # fmt: skip
CURVES = {
    "P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1(), "secp256k1": ec.SECP256K1(),
    "brainpoolP256r1": ec.BrainpoolP256R1(), "brainpoolP384r1": ec.BrainpoolP384R1(),
}  # fmt: skip
PSS = "1.2.840.113549.1.1.10"


def key(kind: str, number: int = 0) -> Any:
    """`kind`: "rsa", "dsa", "ed25519", "ed448" or a curve. `number`: another key of the kind."""
    return _key(kind, number)


@lru_cache
def _key(kind: str, _number: int) -> Any:
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if kind == "dsa":
        return dsa.generate_private_key(1024)
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "ed448":
        return ed448.Ed448PrivateKey.generate()
    return ec.generate_private_key(CURVES[kind])


def family(private: Any) -> str:
    kinds = {
        "rsa": rsa.RSAPrivateKey, "ec": ec.EllipticCurvePrivateKey, "dsa": dsa.DSAPrivateKey,
        "ed25519": ed25519.Ed25519PrivateKey, "ed448": ed448.Ed448PrivateKey,
    }  # fmt: skip
    return next(name for name, kind in kinds.items() if isinstance(private, kind))


def signature(private: Any, data: bytes, digest: str) -> bytes:
    kind = family(private)
    if kind == "rsa":
        return bytes(private.sign(data, padding.PKCS1v15(), HASHES[digest]))
    if kind == "ec":
        return bytes(private.sign(data, ec.ECDSA(HASHES[digest])))
    return bytes(private.sign(data, HASHES[digest]) if kind == "dsa" else private.sign(data))


def signing_algorithm(private: Any, digest: str) -> bytes:
    kind = family(private)
    return der.algorithm(
        SCHEMES[kind, digest if kind in ("rsa", "ec", "dsa") else ""], der.NULL if kind == "rsa" else b""
    )


def public_key(private: Any) -> bytes:
    return bytes(
        private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def key_identifier(private: Any) -> bytes:
    return hashlib.sha1(der.children(public_key(private))[1][4:]).digest()  # any number of octets is allowed


def name(common_name: str, organisation: str = "Ailleurs") -> bytes:
    pairs = [("2.5.4.10", organisation), ("2.5.4.3", common_name)]
    return der.sequence(*(der.set_of(der.sequence(der.oid(kind), der.utf8(text))) for kind, text in pairs))


@dataclass(frozen=True)
class Certified:
    """A certificate (DER) with its key and its chain."""

    certificate: bytes
    key: Any
    chain: tuple[bytes, ...] = ()
    subject: bytes = b""
    serial: int = 1


@dataclass(frozen=True)
class Wanted:
    """The properties of a certificate. `spoil`: flips a bit of its signature."""

    common_name: str = "Dr Anne Martin"
    kind: str = "rsa"
    number: int = 0
    digest: str = "sha256"  # of the signature on it
    authority: bool = False
    purpose: str = ""  # extended key usage
    spoil: bool = False
    named_keys: bool = True  # subjectKeyIdentifier and authorityKeyIdentifier
    version: int = 3
    serial: int = 0x1234
    key_info: bytes = b""  # SubjectPublicKeyInfo, instead of the key's own
    more: tuple[bytes, ...] = field(default=())  # further extensions


def certify(wanted: Wanted, issuer: Certified | None = None) -> Certified:
    """Signed by the issuer, or self-signed."""
    private = key(wanted.kind, wanted.number)
    by = issuer.key if issuer else private
    subject = name(wanted.common_name)
    now = datetime.now(UTC)
    dates = der.sequence(der.utc_time(now - timedelta(days=30)), der.utc_time(now + timedelta(days=700)))
    algorithm = signing_algorithm(by, wanted.digest)
    parts = [
        der.tlv(0xA0, der.integer(2)) if wanted.version == 3 else b"", der.integer(wanted.serial), algorithm,
        issuer.subject if issuer else subject, dates, subject, wanted.key_info or public_key(private),
        _extensions(wanted, private, by) if wanted.version == 3 else b"",
    ]  # fmt: skip
    signed = der.sequence(*parts)
    value = bytearray(signature(by, signed, wanted.digest))
    value[-1] ^= wanted.spoil
    made = der.sequence(signed, algorithm, der.bits(bytes(value)))
    chain = (issuer.certificate, *issuer.chain) if issuer else ()
    return Certified(made, private, chain, subject, wanted.serial)


def _extensions(wanted: Wanted, private: Any, by: Any) -> bytes:
    def extension(kind: str, value: bytes, critical: bool = False) -> bytes:
        return der.sequence(der.oid(kind), b"\x01\x01\xff" if critical else b"", der.octets(value))

    usage = b"\x03\x02\x01\x06" if wanted.authority else b"\x03\x02\x06\xc0"
    found = [extension("2.5.29.15", usage, critical=True)]
    if wanted.authority:
        found.append(extension("2.5.29.19", der.sequence(b"\x01\x01\xff"), critical=True))
    if wanted.named_keys:
        found.append(extension("2.5.29.14", der.octets(key_identifier(private))))
        found.append(extension("2.5.29.35", der.sequence(der.tlv(0x80, key_identifier(by)))))
    if wanted.purpose:
        found.append(extension("2.5.29.37", der.sequence(der.oid(wanted.purpose)), critical=True))
    return der.tlv(0xA3, der.sequence(*found, *wanted.more))


@lru_cache
def authority(digest: str = "sha256", spoil: bool = False, number: int = 9, named_keys: bool = True) -> Certified:
    """A root; `digest` and `spoil` apply to its self-signature. The one without arguments is known here."""
    wanted = Wanted(
        common_name=f"Racine {number}", number=number, digest=digest, authority=True, spoil=spoil,
        named_keys=named_keys, serial=1,
    )  # fmt: skip
    return certify(wanted)


@lru_cache
def doctor(kind: str = "rsa", number: int = 0) -> Certified:
    return certify(Wanted(kind=kind, number=number), authority())


def revocation_list() -> bytes:
    """A list of the known authority, without revocations."""
    root, now = authority(), datetime.now(UTC)
    algorithm = signing_algorithm(root.key, "sha256")
    signed = der.sequence(
        der.integer(1), algorithm, root.subject, der.utc_time(now), der.utc_time(now + timedelta(days=30))
    )
    return der.sequence(signed, algorithm, der.bits(signature(root.key, signed, "sha256")))


@lru_cache
def clock() -> Certified:
    """A time-stamp authority."""
    wanted = Wanted(common_name="Horodateur", number=5, purpose="1.3.6.1.5.5.7.3.8", serial=77)
    return certify(wanted, authority())
