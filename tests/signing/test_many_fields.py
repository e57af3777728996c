"""A file with more fields than the limit is refused, never called unsigned."""

from __future__ import annotations

from pathlib import Path

from signing.pdf import filled_fields
from signing.pdf.verifying_child import verify_file
from tests.signing.changed import documents as d
from tests.signing.changed.documents import document
from tests.signing.changed.signers import signers


def signed_behind(fields: int) -> bytes:
    """Signed in a field that follows so many others."""
    listed = b"24 0 R " * fields
    base = document(
        o3=d.parts()[d.FORM].replace(b"[7 0 R", b"[" + listed + b"7 0 R"), o24=b"<< /T (autre) /FT /Tx >>"
    )
    return signers().sign_again(base, signers().alice, "Alice")


def test_a_signature_behind_too_many_fields_is_too_complex(tmp_path: Path) -> None:
    path = tmp_path / "many.pdf"
    path.write_bytes(signed_behind(filled_fields.MAX_FIELDS))
    assert verify_file(str(path), []) == {"refused": "too_complex"}


def test_a_signature_among_as_many_as_are_looked_at_is_found(tmp_path: Path) -> None:
    path = tmp_path / "many.pdf"
    path.write_bytes(signed_behind(filled_fields.MAX_FIELDS - 10))
    assert len(verify_file(str(path), [])["signatures"]) == 1
