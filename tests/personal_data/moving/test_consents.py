"""Signatures of patients move with their evidence: what the file proves still shows, what it does not is marked."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from documents.consents.access import all_consents
from documents.consents.asking import ask
from documents.consents.forms import Asked
from documents.consents.signing import sign
from documents.invariants import consents_are_sealed
from documents.models import Consent, Doubt, SharedDocument
from files import storage
from personal_data.moving.into import import_practice
from personal_data.moving.layout import CannotMove
from personal_data.moving.out import write_archive
from personal_data.practice import delete_without_archive
from practices.models import Membership
from signing.certificates import current_authority
from signing.models import InstallationAuthority
from signing.pdf.credentials import create_authority
from tests.conftest import make_user
from tests.documents.consents.conftest import SENTENCES, proved
from tests.personal_data.house import House, furnish
from tests.personal_data.moving.conftest import TAG
from tests.personal_data.moving.content import entries_of, write
from tests.personal_data.moving.test_claims import DOCUMENTS, Entries, rows, with_fields

pytestmark = pytest.mark.django_db
CONSENTS = "documents.Consent"


@pytest.fixture
def house(db: None) -> House:
    """A document that the doctor signed and then Marie; another that only Marie signed."""
    house = furnish(TAG, mobile="+33612345678", signs=True)
    for document in (house.document, house.share(house.coming, "Accord")):
        consent = ask(document=document, asked=Asked(SENTENCES), by=house.doctor)
        name = house.marie.full_name
        sign(consent=consent, challenge=proved(consent, house.own, name), by=house.own)
    return house


@pytest.fixture
def moved_out(house: House, tmp_path: Path, django_capture_on_commit_callbacks: Any, settings: Any) -> Path:
    """The archive; the practice is deleted here, and the authority of this installation is another by now."""
    path = tmp_path / "lilas.zip"
    write_archive(house.practice, path)
    with django_capture_on_commit_callbacks(execute=True):
        delete_without_archive(house.practice)
    other = create_authority(passphrase=settings.SIGNING_PASSPHRASE)
    current_authority()
    InstallationAuthority.objects.update(certificate=other.certificate, private_key=other.private_key)
    return path


def signed(house: House) -> tuple[Consent, Consent]:
    """By the doctor first; by Marie alone."""
    both = {one.document_id: one for one in all_consents().filter(state="signed")}
    first = both.pop(house.document.pk)
    (second,) = both.values()
    return first, second


def verified(consent: Consent) -> str:
    with storage.open_(consent.document.file) as file:
        upload = SimpleUploadedFile("accord.pdf", file.read())
    return " ".join(re.sub(r"<[^>]+>", " ", Client().post("/verify/", {"file": upload}).content.decode()).split())


def staff_page(consent: Consent, sign_in: Callable[[User], Client]) -> str:
    colleague = make_user("zoe@ailleurs.example", "Zoé", "Blanc")
    Membership.objects.create(user=colleague, practice=consent.practice, is_secretary=True)
    page = sign_in(colleague).get(f"/pro/documents/{consent.document_id}/").content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_evidence_still_shows_after_a_move(
    moved_out: Path, house: House, sign_in: Callable[[User], Client]
) -> None:
    report = import_practice(moved_out)
    assert report.doubts == {}
    assert list(consents_are_sealed()) == []
    first, second = signed(house)
    for consent in (first, second):
        words = verified(consent)
        assert "C’est une signature électronique simple" in words
        assert "ce site-ci a vérifié ces preuves" in words
        assert str(consent.challenge) in words
        assert "n’est pas de ce site" not in words
        assert "Document intact, signataire non confirmé" in words  # nor does it read as modified by its own seal
        assert "odifié" not in words
    words = staff_page(first, sign_in)
    assert (str(first.challenge) in words, first.read_sha256 in words, "non prouvée" in words) == (True, True, False)


def of_another_document(entries: Entries, one: Consent) -> Entries:
    """Its file is not sealed."""
    named = {row["fields"]["document"] for row in rows(entries, CONSENTS)}
    files = {row["pk"]: row["fields"] for row in rows(entries, "files.StoredFile")}
    other = next(
        row
        for row in rows(entries, DOCUMENTS)
        if row["pk"] not in named and not row["fields"]["signatures"] and not row["fields"]["library_version"]
    )
    file = files[other["fields"]["file"]]
    return with_fields(
        entries, CONSENTS, one.pk, document=other["pk"], read_sha256=file["sha256"], read_size=file["size"]
    )


UNTRUE: dict[str, tuple[Doubt, Callable[[Entries, Consent], Entries]]] = {
    "another challenge": (
        Doubt.EVIDENCE,
        lambda entries, one: with_fields(entries, CONSENTS, one.pk, challenge=str(uuid.uuid4())),
    ),
    "another name": (
        Doubt.EVIDENCE,
        lambda entries, one: with_fields(entries, CONSENTS, one.pk, signer_name="Jean Petit"),
    ),
    "a sentence that nobody ticked": (
        Doubt.EVIDENCE,
        lambda entries, one: with_fields(entries, CONSENTS, one.pk, sentences=["Je renonce à tout recours."]),
    ),
    "another moment": (
        Doubt.EVIDENCE,
        lambda entries, one: with_fields(entries, CONSENTS, one.pk, settled_at="2020-01-01T08:00:00Z"),
    ),
    "another document was read": (
        Doubt.FILE,
        lambda entries, one: with_fields(entries, CONSENTS, one.pk, read_sha256="0" * 64),
    ),
    "a file without a seal": (Doubt.SEAL, of_another_document),
}


def test_what_the_file_does_not_prove_comes_in_marked(
    moved_out: Path, house: House, tmp_path: Path, sign_in: Callable[[User], Client]
) -> None:
    entries = entries_of(moved_out)
    one = next(row for row in rows(entries, CONSENTS) if row["fields"]["document"] == str(house.document.pk))
    claimed = Consent(pk=uuid.UUID(one["pk"]))
    for what, (doubt, change) in UNTRUE.items():
        report = import_practice(write(tmp_path / "untrue.zip", change(entries, claimed)), dry_run=True)
        assert report.doubts == {claimed.pk: doubt}, what
    changed = UNTRUE["another name"][1](entries, claimed)
    out = io.StringIO()
    call_command("import_practice", str(write(tmp_path / "untrue.zip", changed)), stdout=out)
    assert f"consent {claimed.pk} is not proved by its file (evidence)" in out.getvalue()
    first, second = signed(house)
    assert (first.doubt, second.doubt) == (Doubt.EVIDENCE, "")
    assert "C’est une signature électronique simple" not in verified(first)
    assert "C’est une signature électronique simple" in verified(second)
    assert "Signature non prouvée à l’arrivée du cabinet" in staff_page(first, sign_in)
    assert list(consents_are_sealed()) == []  # marked once is enough


def test_an_archive_says_nothing_of_its_own_doubts(moved_out: Path, house: House, tmp_path: Path) -> None:
    entries = entries_of(moved_out)
    one = next(row for row in rows(entries, CONSENTS) if row["fields"]["document"] == str(house.document.pk))
    changed = with_fields(entries, CONSENTS, uuid.UUID(one["pk"]), doubt="file")
    import_practice(write(tmp_path / "doubted.zip", changed))
    assert not Consent.objects.exclude(doubt="").exists()


def test_the_patients_seal_is_no_practitioners_signature(moved_out: Path, house: House, tmp_path: Path) -> None:
    """A row that says that the doctor signed what only Marie signed, a moment before."""
    entries = entries_of(moved_out)
    alone = next(
        row
        for row in rows(entries, DOCUMENTS)
        if len(row["fields"]["signatures"]) == 1 and not row["fields"]["signed_at"]
    )
    at = alone["fields"]["signatures"][0]["signed_at"]
    by = next(row["fields"]["signed_by"] for row in rows(entries, DOCUMENTS) if row["fields"]["signed_by"])
    changed = with_fields(entries, DOCUMENTS, uuid.UUID(alone["pk"]), signed_at=at, signed_by=by)
    with pytest.raises(CannotMove, match="is not signed as its row states"):
        import_practice(write(tmp_path / "untrue.zip", changed))
    assert not SharedDocument.objects.filter(pk=alone["pk"]).exists()
