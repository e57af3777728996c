"""Signing a file in place with one reading of it: what is hashed to be signed is not hashed again to be verified.

The file is hashed once the update stands behind it, as it lies on the disk; after that nothing is written but the
signature itself, in the gap that no digest covers, and what was uploaded can't be written to at all. So the digest
still is the file's when the signature is verified a moment later in the same process. Runs in the sandbox.
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


class _Grows(io.FileIO):
    """Written to behind what is there, never before."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "r+")
        self._first = Path(path).stat().st_size

    def write(self, data: Any, /) -> int:
        if self.tell() < self._first:
            raise OSError("what was uploaded is not changed")
        return super().write(data)


def opened_to_grow(path: str) -> io.BufferedRandom:
    return io.BufferedRandom(_Grows(path))


class OnePassSigner(signers.PdfSigner):
    """`hashed` is what was signed, once it is."""

    hashed: Hashed | None = None

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
        """pyHanko's own steps, in place; between two of them the digest is noted."""
        assert in_place
        assert bytes_reserved is not None
        session = self.init_signing_session(pdf_out, existing_fields_only=existing_fields_only)
        checked = await session.perform_presign_validation(pdf_out)
        document = session.prepare_tbs_document(
            validation_info=checked, bytes_reserved=bytes_reserved, appearance_text_params=appearance_text_params
        )
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
