"""Every known kind of change after a signature, and its verdict: the table of docs/changes-after-a-signature.md."""

from __future__ import annotations

from tests.signing.changed import encodings, forms, pages, proofs, roles, signatures, writing
from tests.signing.changed.kinds import Kind

KINDS: list[Kind] = [
    *proofs.rows(),
    *signatures.rows(),
    *forms.rows(),
    *pages.annotation_rows(),
    *pages.page_rows(),
    *pages.document_rows(),
    *writing.rows(),
    *encodings.rows(),
    *roles.rows(),
]
