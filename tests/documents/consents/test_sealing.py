"""A signature is asked for only under a file that can be sealed later, whoever signed it before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from pyhanko.sign.fields import MDPPerm

from accounts.models import User
from appointments.models import Appointment
from bench.damage import without_startxref
from documents.consents.asking import ask
from documents.consents.forms import Asked, set_form
from documents.consents.sealing import NotToBeSigned
from documents.invariants import consents_are_sealed, signed_files_are_signed
from documents.library.catalogue import import_document, import_version
from documents.models import Category, Consent, LibraryDocument, SharedDocument
from documents.sharing.share import share_upload
from files import storage
from files.intake import Intake
from notifications.models import Message
from practices.models import Practice
from signing.certificates import known_authorities
from signing.pdf.credentials import Credential
from signing.pdf.examination import Integrity, examine
from signing.pdf.placement import Placement
from tests.conftest import PDF
from tests.documents.consents.conftest import SENTENCES, again, pages, sign_as
from tests.signing.conftest import authority, credential, pdfsig, signed_elsewhere  # noqa: F401  # another signer

pytestmark = pytest.mark.django_db
Receive = Callable[..., Intake]


def shared(appointment: Appointment, intake: Intake, by: User, placement: Placement | None = None) -> SharedDocument:
    document = share_upload(
        appointment=Appointment.objects.select_related("practice", "patient__practice").get(pk=appointment.pk),
        intake=intake,
        category=Category.objects.get(code="information"),
        title="Consentement",
        placement=placement,
        by=by,
    )
    Message.objects.all().delete()
    return SharedDocument.objects.get(pk=document.pk)


def left_behind() -> list[Path]:
    return list(Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.made"))


def test_an_upload_is_signed_by_the_practitioner_and_then_by_the_patient(
    appointment: Appointment, receive: Receive, alice_signs: User, maries_account: User
) -> None:
    document = shared(appointment, receive(pages(2), "accord.pdf"), alice_signs, Placement(page=2, x=0.8, y=0.9))
    before = document.file.sha256
    consent = ask(document=document, asked=Asked(SENTENCES), by=alice_signs)
    assert again(consent).document.file.sha256 == before  # the trial was of a copy
    assert {one.channel for one in Message.objects.filter(about=consent.pk)} == {"email", "sms"}
    document = again(sign_as(consent, maries_account, "Marie Durand")).document
    assert (document.signed_by, len(document.signatures)) == (alice_signs, 2)
    with storage.local_copy(document.file) as path:
        assert pdfsig(path).count("Signature is Valid") == 2
        doctor, practice = examine(path, known_authorities())
    assert (doctor.integrity, practice.integrity) == (Integrity.SIGNED_AGAIN, Integrity.WHOLE)
    assert practice.consent is not None
    assert [*consents_are_sealed(), *signed_files_are_signed()] == []
    assert left_behind() == []


@pytest.mark.parametrize("allowed", [MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE])
def test_a_file_that_another_program_certified_is_asked_for_if_it_allows_a_signature(
    allowed: MDPPerm,
    appointment: Appointment,
    receive: Receive,
    alice: User,
    maries_account: User,
    credential: Credential,  # noqa: F811
) -> None:
    certified = signed_elsewhere(PDF, credential, certify=True, docmdp_permissions=allowed)
    document = shared(appointment, receive(certified, "accord.pdf"), alice)
    consent = ask(document=document, asked=Asked(SENTENCES), by=alice)
    sealed = again(sign_as(consent, maries_account, "Marie Durand")).document
    with storage.local_copy(sealed.file) as path:
        assert pdfsig(path).count("Signature is Valid") == 2
        assert examine(path, known_authorities())[-1].integrity is Integrity.WHOLE


def test_a_file_that_cannot_be_sealed_is_refused_before_anybody_is_asked(
    appointment: Appointment,
    receive: Receive,
    alice: User,
    credential: Credential,  # noqa: F811
) -> None:
    locked = signed_elsewhere(PDF, credential, certify=True, docmdp_permissions=MDPPerm.NO_CHANGES)
    for content, why in ((locked, "interdit toute modification"), (without_startxref(PDF), "endommagée")):
        document = shared(appointment, receive(content, "accord.pdf"), alice)
        with pytest.raises(NotToBeSigned) as refused:
            ask(document=document, asked=Asked(SENTENCES), by=alice)
        assert why in refused.value.sentence
        assert "«\N{NO-BREAK SPACE}accord.pdf\N{NO-BREAK SPACE}»" in refused.value.sentence
    assert not Consent.objects.exists()
    assert not Message.objects.exists()
    assert left_behind() == []


def test_a_document_of_the_library_asks_for_it_only_while_its_file_can_be_sealed(
    practice: Practice, carol: User, receive: Receive, consent_paper: LibraryDocument
) -> None:
    damaged = without_startxref(PDF)
    other = import_document(
        practice=practice,
        intake=receive(damaged, "accord.pdf"),
        title="Accord",
        category=consent_paper.category,
        by=carol,
    )
    with pytest.raises(NotToBeSigned):
        set_form(document=other, asked=Asked(SENTENCES), by=carol)
    with pytest.raises(NotToBeSigned):
        import_version(document=consent_paper, intake=receive(damaged, "accord.pdf"), by=carol)
    version = import_version(document=consent_paper, intake=receive(PDF, "accord.pdf"), by=carol)
    assert version.number == 2  # the refused one has no number
    with storage.open_(version.file) as file:
        assert file.read() == PDF  # not the trial's bytes
    assert import_version(document=other, intake=receive(damaged, "accord.pdf"), by=carol).number == 2
    assert left_behind() == []
