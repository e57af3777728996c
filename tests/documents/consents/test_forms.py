"""Which documents of the library ask for a signature, and what they become when they are shared."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from appointments.models import Appointment
from documents.consents.asking import ask
from documents.consents.forms import Asked, set_form
from documents.consents.sealing import NotToBeSigned
from documents.filling.filled import Filling, Place, share_filled
from documents.invariants import consents_are_in_order, consents_are_sealed, signed_files_are_signed
from documents.library.catalogue import import_document, write_document
from documents.models import AutoSend, Category, Consent, ConsentForm, LibraryDocument, LineReason
from documents.sending.autosend import send_due
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.batches import draft, lines_of, outlooks
from documents.sharing.share import share_library_document
from documents.to_sign.preparing import prepare_task
from documents.to_sign.sign_tasks import sign_task
from files import storage
from files.intake import Intake
from patients.models import Patient
from practices.models import Practice
from practices.roles import NotAllowed
from signing.certificates import known_authorities
from signing.pdf.examination import Integrity, examine
from tests.conftest import BookFixture
from tests.documents.consents.conftest import SENTENCES, again, sign_as
from tests.documents.to_sign.conftest import again as again_to_sign
from tests.documents.to_sign.conftest import looked_at
from tests.picture_samples import photograph
from tests.signing.conftest import pdfsig

pytestmark = pytest.mark.django_db


@pytest.fixture
def written(practice: Practice, carol: User) -> LibraryDocument:
    """Written; a practitioner signs it before the patient."""
    document = write_document(
        practice=practice,
        body="<p>{{ patient_name }} : information sur l’intervention.</p>",
        title="Consentement",
        category=Category.objects.get(code="information"),
        by=carol,
    )
    set_form(document=document, asked=Asked(SENTENCES, practitioner_first=True), by=carol)
    return document


def here(appointment: Appointment) -> Appointment:
    return Appointment.objects.select_related("practice", "patient__practice", "agenda", "visit_reason").get(
        pk=appointment.pk
    )


def filling_of(document: LibraryDocument, place: Place | None) -> Filling:
    return Filling(document.current, {}, document.category, document.title, place)


def test_signed_by_the_practitioner_then_by_the_patient_both_stay_valid(
    appointment: Appointment, written: LibraryDocument, alice_signs: User, maries_account: User
) -> None:
    shared = share_filled(appointment=here(appointment), filling=filling_of(written, Place()), by=alice_signs)
    consent = sign_as(Consent.objects.get(document=shared), maries_account, "Marie Durand")
    document = again(consent).document
    assert (document.signed_by, len(document.signatures)) == (alice_signs, 2)
    with storage.local_copy(document.file) as path:
        assert pdfsig(path).count("Signature is Valid") == 2
        doctor, practice = examine(path, known_authorities())
    assert (doctor.integrity, practice.integrity) == (Integrity.SIGNED_AGAIN, Integrity.WHOLE)
    assert (doctor.signer, practice.signer) == ("Dr Alice Morel", "Cabinet des Lilas")
    assert [*consents_are_sealed(), *consents_are_in_order(), *signed_files_are_signed()] == []


def test_what_a_secretary_prepared_asks_for_it_once_the_practitioner_signed(
    appointment: Appointment, written: LibraryDocument, alice_signs: User, bob: User
) -> None:
    task = prepare_task(
        appointment=here(appointment), filling=filling_of(written, Place()), practitioner=alice_signs, by=bob
    )
    assert not Consent.objects.exists()
    document = sign_task(task=looked_at(again_to_sign(task), alice_signs), by=alice_signs)
    assert Consent.objects.get().document == document


def test_nobody_shares_it_before_the_practitioner_signed(
    appointment: Appointment, written: LibraryDocument, alice: User, bob: User
) -> None:
    with pytest.raises(NotToBeSigned):
        share_filled(appointment=here(appointment), filling=filling_of(written, None), by=bob)
    with pytest.raises(NotToBeSigned):
        share_library_document(appointment=here(appointment), library_document=written, by=alice)
    batch = draft(
        practice=written.practice,
        day=appointment.local_start.date(),
        appointments=[here(appointment)],
        documents=[written],
        by=alice,
    )
    assert {one.reason for one in outlooks(list(lines_of(batch))).values()} == {LineReason.SIGN_FIRST}
    assert not Consent.objects.exists()


@pytest.mark.parametrize("sentences", [[], [" "], ["a" * 301], ["a"] * 2, list("abcdefghijk")])
def test_sentences_that_cannot_be_ticked_are_refused(
    sentences: list[str], consent_paper: LibraryDocument, carol: User
) -> None:
    with pytest.raises(ValidationError):
        set_form(document=consent_paper, asked=Asked(sentences), by=carol)
    assert tuple(ConsentForm.objects.get().sentences) == SENTENCES


def test_only_administrators_set_it_and_pictures_and_sent_documents_never_ask(
    consent_paper: LibraryDocument,
    access_plan: LibraryDocument,
    practice: Practice,
    bob: User,
    carol: User,
    receive: Callable[..., Intake],
) -> None:
    with pytest.raises(NotAllowed):
        set_form(document=consent_paper, asked=None, by=bob)
    picture = import_document(
        practice=practice,
        intake=receive(photograph(), "plan.jpg"),
        title="Plan",
        category=access_plan.category,
        by=carol,
    )
    with pytest.raises(NotToBeSigned):
        set_form(document=picture, asked=Asked(SENTENCES), by=carol)
    with pytest.raises(NotToBeSigned):  # an imported file is shared as it is
        set_form(document=access_plan, asked=Asked(SENTENCES, practitioner_first=True), by=carol)
    save_rule(practice=practice, content=RuleContent(name="Plan", documents=[access_plan]), by=carol)
    with pytest.raises(NotToBeSigned):
        set_form(document=access_plan, asked=Asked(SENTENCES), by=carol)
    with pytest.raises(ValidationError):
        save_rule(practice=practice, content=RuleContent(name="Non", documents=[consent_paper]), by=carol)


def test_a_document_that_asks_no_longer_leaves_what_was_asked(
    appointment: Appointment, consent_paper: LibraryDocument, alice: User, carol: User
) -> None:
    share_library_document(appointment=here(appointment), library_document=consent_paper, by=alice)
    set_form(document=consent_paper, asked=None, by=carol)
    share_library_document(appointment=here(appointment), library_document=consent_paper, by=alice)
    assert Consent.objects.count() == 1


def test_what_a_rule_sent_asks_for_no_signature_because_its_link_needs_no_account(
    practice: Practice, carol: User, alice: User, access_plan: LibraryDocument, book_for: BookFixture, marie: Patient
) -> None:
    save_rule(practice=practice, content=RuleContent(name="Plan", documents=[access_plan]), by=carol)
    book_for(marie)
    send_due()
    sent = AutoSend.objects.get().shared
    assert sent is not None
    with pytest.raises(NotToBeSigned) as told:
        ask(document=sent, asked=Asked(SENTENCES), by=alice)
    assert "sans compte" in told.value.sentence
    assert not Consent.objects.exists()
