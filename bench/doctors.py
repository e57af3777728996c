"""An authority like the installation's own, and practitioners with certificates from it, for tests and
measurements."""

from __future__ import annotations

from dataclasses import dataclass, field

from signing.pdf import credentials
from signing.pdf.credentials import Credential, Issued
from signing.pdf.keys import KeyInMemory

PASSPHRASE = "phrase"
NAME, NUMBER = "Dr Alice Morel", "10101010101"


def _made() -> Issued:
    return credentials.create_authority(passphrase=PASSPHRASE)


@dataclass(frozen=True, repr=False)  # a key must not end up in a log
class Authority:
    issued: Issued = field(default_factory=_made)

    @property
    def certificate(self) -> bytes:
        """DER."""
        return self.issued.certificate

    @property
    def private_key(self) -> bytes:
        """Encrypted under PASSPHRASE."""
        return self.issued.private_key

    def issue(self, name: str = NAME, number: str = NUMBER, *, revocation_url: str = "") -> Issued:
        return credentials.issue_certificate(
            authority_certificate=self.certificate,
            authority_private_key=self.private_key,
            name=name,
            professional_number=number,
            passphrase=PASSPHRASE,
            revocation_url=revocation_url,
        )

    def credential_of(self, issued: Issued) -> Credential:
        key = KeyInMemory.decrypted(issued.private_key, PASSPHRASE)
        return Credential(certificate=issued.certificate, key=key, chain=(self.certificate,))

    def doctor(self, name: str = NAME, number: str = NUMBER, *, revocation_url: str = "") -> Credential:
        return self.credential_of(self.issue(name, number, revocation_url=revocation_url))
