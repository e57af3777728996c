"""Signs a file in place and reads it once: the digest made for signing is used again for verifying.

The file is hashed on disk, after the update was appended. From then on only the signature is written, in the gap that
no digest covers, and the uploaded bytes can't be written to at all. So the digest is still correct when the same
process verifies the signature a moment later. Runs in the sandbox.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyhanko.sign import signers
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes


@dataclass(frozen=True)
class Hashed:
    """The digest of these parts of a file: (offset, length, offset, length), as in a signature's /ByteRange."""

    algorithm: str
    byte_range: tuple[int, ...]
    digest: bytes


class _AppendOnlyFile(io.FileIO):
    """A file that can only be written behind its original end."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "r+")
        self._first = Path(path).stat().st_size

    def write(self, data: Any, /) -> int:
        if self.tell() < self._first:
            raise OSError("what was uploaded is not changed")
        return super().write(data)


def opened_to_grow(path: str) -> io.BufferedRandom:
    return io.BufferedRandom(_AppendOnlyFile(path))


class OnePassSigner(signers.PdfSigner):
    """`hashed`: the digest that was signed; set once signing is done."""

    hashed: Hashed | None = None

    def complete_dictionary(self, dictionary: Any) -> None:
        """Called with the signature's dictionary before it is written; adds nothing here."""

    async def async_sign_pdf(
        self,
        pdf_out: Any,
        existing_fields_only: bool = False,
        bytes_reserved: int | None = None,
        *,
        appearance_text_params: dict[str, Any] | None = None,
        in_place: bool = False,
        output: Any = None,
        chunk_size: int = 1 << 20,
    ) -> Any:
        """Run pyHanko's own steps in place, and note the digest between two of them."""
        assert in_place
        assert bytes_reserved is not None
        session = self.init_signing_session(pdf_out, existing_fields_only=existing_fields_only)
        checked = await session.perform_presign_validation(pdf_out)
        document = session.prepare_tbs_document(
            validation_info=checked, bytes_reserved=bytes_reserved, appearance_text_params=appearance_text_params
        )
        self.complete_dictionary(session.sig_field["/V"])
        prepared, file = document.digest_tbs_document(in_place=True, chunk_size=chunk_size)
        start, end = prepared.reserved_region_start, prepared.reserved_region_end
        ranges = (0, start, end, file.seek(0, io.SEEK_END) - end)
        self.hashed = Hashed(session.md_algorithm, ranges, prepared.document_digest)
        signed = await document.perform_signature(
            document_digest=prepared.document_digest,
            pdf_cms_signed_attrs=PdfCMSSignedAttributes(
                signing_time=session.system_time,
                adobe_revinfo_attr=checked.adobe_revinfo_attr if checked else None,
                cades_signed_attrs=self.signature_meta.cades_signed_attr_spec,
            ),
        )
        await signed.post_signature_processing(file, chunk_size=chunk_size)
        return file
