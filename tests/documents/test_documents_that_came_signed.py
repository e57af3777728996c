"""What is stored about the signatures in an upload, and shown later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from appointments.models import Appointment
from documents import invariants
from documents.models import Category, SharedDocument
from documents.sharing import uploads
from documents.sharing.share import share_upload
from files.intake import Intake, accept
from signing.pdf.placement import Placement
from signing.pdf.verify import CannotVerify, stored_judgement
from tests.signing.foreign.kinds import KINDS
from tests.signing.foreign.pdf import TEXT

pytestmark = pytest.mark.django_db
HERE = Placement(page=1, x=0.5, y=0.5)
Share = Callable[..., SharedDocument]


@pytest.fixture
def share(appointment: Appointment, alice_signs: User, prescription: Category) -> Share:
    def _share(content: bytes, placement: Placement | None = None) -> SharedDocument:
        intake: Intake = accept(SimpleUploadedFile("elsewhere.pdf", content))
        return share_upload(
            appointment=appointment, intake=intake, category=prescription, title="Compte rendu",
            placement=placement, by=alice_signs,
        )  # fmt: skip

    return _share


@pytest.mark.parametrize(
    "name",
    ["PKCS#7, RSA, SHA-256", "an unknown signature algorithm", "another certificate named", "BER with a time-stamp",
     "a root that signs itself with SHA1", "certificate nowhere"],
)  # fmt: skip
def test_what_is_kept_has_the_judgement(name: str, share: Share) -> None:
    (kept,) = share(KINDS[name].make()).signatures
    judgement = KINDS[name].judgement
    assert (kept["judgement"], kept["valid"]) == (judgement, judgement == "valid")
    assert kept["signer"] == ("" if name == "certificate nowhere" else "Dr Anne Martin")
    assert {"signer", "signed_at", "valid", "covers_whole_document", "level"} < set(kept)


def test_a_document_whose_signatures_could_not_be_read_at_all_was_signed_all_the_same(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gives_up(*_args: Any, **_roots: Any) -> Any:
        raise CannotVerify("too_complex")

    monkeypatch.setattr(uploads, "verify", gives_up)
    (kept,) = share(KINDS["PKCS#7, RSA, SHA-256"].make()).signatures
    assert (kept["judgement"], kept["valid"], kept["signer"]) == ("not_judged", False, "")


@pytest.mark.parametrize(
    ("kept", "judgement"),
    [
        ({"valid": True}, "valid"),
        ({"valid": False}, "not_judged"),
        ({"valid": False, "judgement": "not_valid"}, "not_valid"),
        ({"valid": True, "judgement": "valid"}, "valid"),
        ({"valid": False, "judgement": "nonsense"}, "not_judged"),
    ],
)
def test_rows_from_before_call_nothing_forged(kept: dict[str, Any], judgement: str) -> None:
    assert stored_judgement(kept) == judgement


@pytest.mark.parametrize("name", ["an unknown signature algorithm", "MD5", "BER with a time-stamp"])
def test_it_is_signed_again_here_and_both_are_kept(name: str, share: Share) -> None:
    document = share(KINDS[name].make(), HERE)
    assert [one["judgement"] for one in document.signatures] == [KINDS[name].judgement, "valid"]
    assert not document.was_repaired
    assert document.level == "B-B"
    assert list(invariants.signed_files_are_signed()) == []


def test_a_file_where_ours_is_broken_is_a_fault_although_another_signature_holds(share: Share) -> None:
    signed = share(KINDS["PKCS#7, RSA, SHA-256"].make(), HERE)
    first = share(KINDS["PKCS#7, RSA, SHA-256"].make())
    spoiled = share(KINDS["PKCS#7, RSA, SHA-256"].make().replace(TEXT, TEXT.replace(b"500", b"900")))
    SharedDocument.objects.filter(pk=signed.pk).update(file=spoiled.file)
    assert [signed.pk.hex in fault.replace("-", "") for fault in invariants.signed_files_are_signed()] == [True]
    unknown = share(KINDS["an unknown signature algorithm"].make())
    SharedDocument.objects.filter(pk=signed.pk).update(file=unknown.file)
    assert [fault.split(": ")[1] for fault in invariants.signed_files_are_signed()] == [
        "its signature cannot be judged"
    ]
    assert first.signatures[0]["valid"]
