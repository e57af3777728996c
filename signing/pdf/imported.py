"""Checks of certificates from elsewhere: a PKCS#12 file, a token or a remote service."""

from __future__ import annotations

import base64
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key
from cryptography.x509.oid import NameOID
from django.utils.translation import gettext as _

import refusals
from files import answers, sandbox
from files.answers import Refusal, entry
from signing.pdf import pkcs12_child
from signing.pdf.keys import sealed

logger = logging.getLogger(__name__)
MAX_BYTES = 256 * 1024
MAX_CHAIN = 50
CPU_SECONDS = 5


class CertificateRefused(refusals.Refusal):
    """This certificate can't be used to sign. `field`: the form field at fault."""

    kind = refusals.Kind.INVALID

    def __init__(self, code: str, sentence: str, field: str = "file") -> None:
        self.code = code
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True)
class Imported:
    certificate: bytes  # DER
    private_key: bytes  # PKCS#8, PEM, encrypted; empty where the key stays elsewhere
    chain: tuple[bytes, ...]  # DER, issuer first
    not_after: datetime


def read_pkcs12(content: bytes, password: str, *, passphrase: str) -> Imported:
    """Certificate and key of a PKCS#12 file, the key encrypted again under `passphrase`. Raises
    CertificateRefused."""
    if not content or len(content) > MAX_BYTES:
        raise _refused("not_pkcs12")
    try:
        answer = sandbox.run(
            pkcs12_child.open_pkcs12,
            base64.b64encode(content).decode("ascii"),
            password,
            cpu_seconds=CPU_SECONDS,
        )
        opened = _opened(answer)
    except sandbox.SandboxError as error:
        logger.warning("A PKCS#12 file could not be opened: %s %s", type(error).__name__, error)
        raise _refused("not_pkcs12") from error
    if isinstance(opened, Refusal):
        raise _refused(opened.code)
    return checked(
        certificate=opened.certificate,
        private_key=sealed(opened.private_key, passphrase),
        chain=opened.chain,
    )


@dataclass(frozen=True, repr=False)  # a key must not end up in a log
class _Opened:
    certificate: bytes
    private_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    chain: list[bytes]


def _opened(answer: object) -> _Opened | Refusal:
    """Read the answer of pkcs12_child.open_pkcs12: certificates, and the key of the first. Raises WrongForm."""
    if refusal := answers.refusal(answer, pkcs12_child.REFUSALS):
        return refusal
    entries = answers.fields(answer)
    read = partial(answers.encoded, most=MAX_BYTES)
    certificate, raw = read(entry(entries, "certificate")), read(entry(entries, "private_key"))
    chain = answers.sequence(entry(entries, "chain"), read, most=MAX_CHAIN)
    try:
        first, *_others = map(_parsed, (certificate, *chain))
        key = load_der_private_key(raw, None)
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise answers.WrongForm("another kind of key")
        if key.public_key() != first.public_key():
            raise answers.WrongForm("key of another certificate")
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise answers.WrongForm("no certificate, or no key") from None
    return _Opened(certificate, key, chain)


def _parsed(der: bytes) -> x509.Certificate:
    """Parse the certificate and every part used later, because cryptography parses parts on access. Raises
    ValueError."""
    certificate = x509.load_der_x509_certificate(der)
    _ = certificate.issuer, certificate.subject, certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return certificate


def checked(*, certificate: bytes, private_key: bytes, chain: list[bytes]) -> Imported:
    """The certificate, if it may sign documents today. Raises CertificateRefused."""
    parsed = x509.load_der_x509_certificate(certificate)
    now = datetime.now(UTC)
    if parsed.not_valid_after_utc <= now:
        raise _refused("expired", at=f"{parsed.not_valid_after_utc:%d/%m/%Y}")
    if parsed.not_valid_before_utc > now:
        raise _refused("not_yet", at=f"{parsed.not_valid_before_utc:%d/%m/%Y}")
    if not _is_for_documents(parsed):
        raise _refused("usage")
    return Imported(certificate, private_key, tuple(chain), parsed.not_valid_after_utc)


def _is_for_documents(certificate: x509.Certificate) -> bool:
    """Whether it allows non-repudiation (RFC 5280, 4.2.1.3), if it restricts its use, and is no authority's
    certificate."""
    try:
        extensions = [each.value for each in certificate.extensions]
    except (ValueError, x509.DuplicateExtension):
        return False  # its purpose can't be parsed
    usage = [value for value in extensions if isinstance(value, x509.KeyUsage)]
    basic = [value for value in extensions if isinstance(value, x509.BasicConstraints)]
    return all(each.content_commitment for each in usage) and not any(each.ca for each in basic)


def issuer_of(certificate: bytes) -> str:
    """The issuer's name for display: the common name, or the organisation."""
    issuer = x509.load_der_x509_certificate(certificate).issuer
    for name in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in issuer.get_attributes_for_oid(name):
            return str(attribute.value)
    return issuer.rfc4514_string()


def leads_to(certificate: bytes, chain: list[bytes], roots: list[bytes]) -> bool:
    """Whether one of the roots (DER) vouches for it."""
    last = x509.load_der_x509_certificate((chain or [certificate])[-1])
    return any(last == root or _issued(last, root) for root in map(x509.load_der_x509_certificate, roots))


def _issued(certificate: x509.Certificate, root: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(root)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False  # also for SHA-1 or MD5, which verifiers reject, too
    return True


def _refused(code: str, at: str = "") -> CertificateRefused:
    sentences = {
        "not_pkcs12": _("Ce fichier n’est pas un certificat PKCS#12 (.p12 ou .pfx). Exportez-le avec sa clé privée."),
        "password": _("Le mot de passe n’est pas celui de ce fichier."),
        "no_key": _("Ce fichier ne contient pas de certificat avec sa clé privée. Exportez-le avec sa clé privée."),
        "key_kind": _(
            "La clé de ce certificat n’est pas acceptée : RSA de 2048 à 4096 bits, ou courbe P-256 à P-521."
        ),
        "expired": _("Ce certificat a expiré le %(at)s. Demandez-en un nouveau à votre émetteur."),
        "not_yet": _("Ce certificat n’est valable qu’à partir du %(at)s."),
        "usage": _("Ce certificat n’est pas fait pour signer des documents (usage « non-répudiation » absent)."),
    }
    return CertificateRefused(code, sentences[code] % {"at": at}, "password" if code == "password" else "file")
