"""Signing: what was read, ticked and proved, once; whoever else tries, and whatever changes meanwhile."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import OneTimeCode, User
from appointments.models import Appointment, BookedFor
from audit.models import AuditEvent
from bench.damage import without_startxref
from documents.consents.access import all_consents
from documents.consents.drafts import ConsentOver, MayNotSign, NotReady
from documents.consents.proving import WrongCode, begin_by_sms, pass_by_code
from documents.consents.signing import ProofOver, sign
from documents.invariants import files_are_as_kept, files_are_named, library_and_uploads_are_apart
from documents.library.catalogue import import_document
from documents.models import (
    Category,
    Consent,
    ConsentChallenge,
    ConsentForm,
    ConsentState,
    LibraryDocument,
    SharedDocument,
    SignedAs,
)
from documents.sharing.share import share_library_document, take_back
from files import storage
from files.intake import Intake
from files.models import StoredFile
from patients.models import Patient, RecordTie
from patients.relatives import Person
from practices.models import Practice
from signing.certificates import known_authorities
from signing.pdf.evidence import Evidence
from signing.pdf.examination import examine
from signing.pdf.sign import CannotSign
from tests.conftest import PDF
from tests.documents.consents.conftest import (
    SENTENCES,
    AskOf,
    again,
    code_sent,
    proved,
    read_and_tick,
    sign_as,
)
from tests.documents.ways import Booker, on_day
from tests.signing.conftest import pdfsig

pytestmark = pytest.mark.django_db
NAME = "Marie Durand"


def evidence_in(document: SharedDocument) -> Evidence:
    document = SharedDocument.objects.select_related("file").get(pk=document.pk)
    with storage.local_copy(document.file) as path:
        assert "Signature is Valid" in pdfsig(path)
        found = examine(path, known_authorities())[-1].consent
    assert found is not None
    return found


def test_the_document_becomes_the_sealed_one_and_begins_with_what_was_read(
    appointment: Appointment, ask_of: AskOf, maries_account: User, consent_paper: LibraryDocument
) -> None:
    consent = ask_of(appointment)
    read = storage.open_(consent.document.file).read()
    signed = sign_as(consent, maries_account, NAME)
    assert (signed.state, signed.settled_by, signed.settled_as) == (
        ConsentState.SIGNED, maries_account, SignedAs.PATIENT,
    )  # fmt: skip
    document = SharedDocument.objects.select_related("file").get(pk=consent.document_id)
    assert storage.open_(document.file).read().startswith(read)
    assert (signed.read_size, signed.read_sha256) == (len(read), hashlib.sha256(read).hexdigest())
    evidence = evidence_in(document)
    challenge = ConsentChallenge.objects.get()
    assert (evidence.signer, evidence.capacity, evidence.sentences) == (NAME, "patient", SENTENCES)
    assert (evidence.account, evidence.challenge) == (str(maries_account.pk), str(challenge.pk))
    assert (evidence.read_sha256, evidence.pages, evidence.means) == (signed.read_sha256, 2, "sms")
    assert storage.open_(consent_paper.current.file).read() == read  # the library's own stays as it is
    assert list(files_are_as_kept()) + list(files_are_named()) + list(library_and_uploads_are_apart()) == []
    line = AuditEvent.objects.get(action="consent.signed")
    assert (line.actor_id, line.practice_id) == (maries_account.pk, appointment.practice_id)


def test_no_code_is_in_the_evidence_or_the_trail(
    appointment: Appointment, ask_of: AskOf, maries_account: User
) -> None:
    consent = ask_of(appointment)
    sign_as(consent, maries_account, NAME)
    digits = code_sent(maries_account.mobile or "")
    assert digits not in evidence_in(consent.document).as_json()
    assert not [line for line in AuditEvent.objects.all() if digits in str(line.detail)]


def test_a_minors_guardian_is_named_as_such(booker: Booker, holder: User, ask_of: AskOf) -> None:
    child = Person("Léa", "Martin", date.today().replace(year=date.today().year - 10))
    consent = ask_of(booker(holder, BookedFor.MINOR_RELATIVE, child))
    sign_as(consent, holder, "hugo MARTIN")
    evidence = evidence_in(consent.document)
    assert (evidence.signer, evidence.capacity, evidence.patient) == ("hugo MARTIN", "guardian", "Léa Martin")
    assert "Je suis titulaire de l’autorité parentale sur Léa Martin" in evidence.sentences[-1]


def test_a_code_serves_once(appointment: Appointment, ask_of: AskOf, maries_account: User) -> None:
    consent = ask_of(appointment)
    challenge = proved(consent, maries_account, NAME)
    digits = code_sent(maries_account.mobile or "")
    sign(consent=consent, challenge=challenge, by=maries_account)
    challenge.refresh_from_db()
    with pytest.raises(WrongCode):
        pass_by_code(challenge=challenge, digits=digits, by=maries_account)
    with pytest.raises(ConsentOver):
        sign(consent=consent, challenge=challenge, by=maries_account)
    assert AuditEvent.objects.filter(action="consent.signed").count() == 1


def test_a_code_of_another_document_account_or_purpose_is_refused(
    appointment: Appointment, ask_of: AskOf, maries_account: User, holder: User, booker: Booker
) -> None:
    one, other = ask_of(appointment), ask_of(appointment)
    for consent in (one, other):
        read_and_tick(consent, maries_account, NAME)
    begin_by_sms(consent=again(one), by=maries_account)
    of_one = code_sent(maries_account.mobile or "")
    challenge = begin_by_sms(consent=again(other), by=maries_account)
    with pytest.raises(WrongCode):
        pass_by_code(challenge=challenge, digits=of_one, by=maries_account)
    child = Person("Léa", "Martin", date.today().replace(year=date.today().year - 10))
    of_hugo = ask_of(booker(holder, BookedFor.MINOR_RELATIVE, child))
    foreign = proved(of_hugo, holder, "Hugo Martin")
    with pytest.raises(WrongCode):
        pass_by_code(challenge=foreign, digits=code_sent(holder.mobile or ""), by=maries_account)
    for wrong in (foreign, challenge):  # another account's, and one that was not passed
        with pytest.raises(ProofOver):
            sign(consent=again(other), challenge=wrong, by=maries_account)
    assert not AuditEvent.objects.filter(action="consent.signed").exists()


def test_an_older_code_is_void_once_another_is_asked_for(
    appointment: Appointment, ask_of: AskOf, maries_account: User
) -> None:
    consent = ask_of(appointment)
    older = proved(consent, maries_account, NAME)
    begin_by_sms(consent=again(consent), by=maries_account)
    older.refresh_from_db()
    with pytest.raises(ProofOver):
        sign(consent=again(consent), challenge=older, by=maries_account)


def test_a_proof_expires(appointment: Appointment, ask_of: AskOf, maries_account: User) -> None:
    consent = ask_of(appointment)
    challenge = proved(consent, maries_account, NAME)
    with on_day(timezone.now() + timedelta(minutes=11)), pytest.raises(ProofOver):
        sign(consent=again(consent), challenge=challenge, by=maries_account)


def test_the_code_is_stored_as_a_hash_alone(appointment: Appointment, ask_of: AskOf, maries_account: User) -> None:
    consent = ask_of(appointment)
    proved(consent, maries_account, NAME)
    (code,) = OneTimeCode.objects.filter(purpose__startswith="consent:")
    assert code_sent(maries_account.mobile or "") not in str(vars(code))


def test_a_proof_for_other_bytes_signs_nothing(appointment: Appointment, ask_of: AskOf, maries_account: User) -> None:
    consent = ask_of(appointment)
    challenge = proved(consent, maries_account, NAME)
    ConsentChallenge.objects.update(sha256="0" * 64)
    challenge.refresh_from_db()
    with pytest.raises(ProofOver):
        sign(consent=again(consent), challenge=challenge, by=maries_account)


def test_a_right_that_ends_midway_signs_nothing(
    appointment: Appointment,
    ask_of: AskOf,
    maries_account: User,
    monkeypatch: pytest.MonkeyPatch,
    files_in_store: Callable[[], list[Path]],
) -> None:
    """Staff end the tie while the seal is being made."""
    consent = ask_of(appointment)
    challenge = proved(consent, maries_account, NAME)
    before = files_in_store()
    keep = storage.keep

    def end_and_keep(intake: Intake, *, practice: uuid.UUID | None) -> StoredFile:
        RecordTie.objects.filter(user=maries_account).update(ended_at=timezone.now())
        return keep(intake, practice=practice)

    monkeypatch.setattr(storage, "keep", end_and_keep)
    with pytest.raises(MayNotSign):
        sign(consent=consent, challenge=challenge, by=maries_account)
    assert again(consent).state == ConsentState.ASKED
    assert files_in_store() == before


def test_a_document_taken_back_midway_is_not_signed(
    appointment: Appointment,
    ask_of: AskOf,
    maries_account: User,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
    files_in_store: Callable[[], list[Path]],
) -> None:
    consent = ask_of(appointment)
    challenge = proved(consent, maries_account, NAME)
    before = files_in_store()
    keep = storage.keep

    def take_and_keep(intake: Intake, *, practice: uuid.UUID | None) -> StoredFile:
        take_back(document=SharedDocument.objects.get(pk=consent.document_id), by=alice)
        return keep(intake, practice=practice)

    monkeypatch.setattr(storage, "keep", take_and_keep)
    with pytest.raises(Consent.DoesNotExist):
        sign(consent=consent, challenge=challenge, by=maries_account)
    assert files_in_store() == before
    assert not all_consents().exists()


def test_of_two_who_may_the_second_learns_that_it_is_signed(
    appointment: Appointment, ask_of: AskOf, maries_account: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two tabs: the other one signs while this one's seal is made."""
    consent = ask_of(appointment)
    challenge = proved(consent, maries_account, NAME)
    keep, calls = storage.keep, []

    def other_first(intake: Intake, *, practice: uuid.UUID | None) -> StoredFile:
        calls.append(intake)
        if len(calls) == 1:
            sign(consent=consent, challenge=challenge, by=maries_account)
        return keep(intake, practice=practice)

    monkeypatch.setattr(storage, "keep", other_first)
    with pytest.raises(ConsentOver):
        sign(consent=consent, challenge=challenge, by=maries_account)
    assert again(consent).state == ConsentState.SIGNED
    assert list(files_are_as_kept()) + list(files_are_named()) == []


def test_a_code_sent_to_a_former_mobile_signs_nothing(
    appointment: Appointment, ask_of: AskOf, maries_account: User
) -> None:
    """The evidence names the mobile of the account, so the code went there."""
    consent = ask_of(appointment)
    challenge = proved(consent, maries_account, NAME)
    maries_account.mobile, maries_account.mobile_verified_at = "+33655555555", timezone.now()
    maries_account.save()
    with pytest.raises(ProofOver):
        sign(consent=again(consent), challenge=challenge, by=maries_account)


def test_a_name_that_the_practice_corrected_is_written_again(
    appointment: Appointment, ask_of: AskOf, maries_account: User
) -> None:
    consent = ask_of(appointment)
    challenge = proved(consent, maries_account, NAME)
    Patient.objects.filter(pk=appointment.patient_id).update(last_name="Petit")
    with pytest.raises(NotReady):
        sign(consent=again(consent), challenge=challenge, by=maries_account)


def test_what_cannot_be_sealed_is_explained_to_the_patient_and_not_to_staff(
    appointment: Appointment,
    practice: Practice,
    carol: User,
    alice: User,
    maries_account: User,
    receive: Callable[..., Intake],
) -> None:
    """It was asked for before files were examined."""
    document = import_document(
        practice=practice,
        intake=receive(without_startxref(PDF), "consentement.pdf"),
        title="Consentement",
        category=Category.objects.get(code="information"),
        by=carol,
    )
    ConsentForm.objects.create(document=document, sentences=list(SENTENCES))
    found = Appointment.objects.select_related("practice", "patient__practice", "holder").get(pk=appointment.pk)
    shared = share_library_document(appointment=found, library_document=document, by=alice)
    consent = Consent.objects.get(document=shared)
    challenge = proved(consent, maries_account, NAME)
    with pytest.raises(CannotSign) as told:
        sign(consent=again(consent), challenge=challenge, by=maries_account)
    assert told.value.code == "unreadable"
    assert "Appelez le cabinet" in told.value.sentence
    assert "artagez" not in told.value.sentence


def test_the_evidence_has_the_sentences_that_were_ticked_or_nothing_is_signed(
    appointment: Appointment, ask_of: AskOf, maries_account: User
) -> None:
    """The birth date is corrected after the tick: whoever ticked as the patient would sign as a guardian."""
    consent = ask_of(appointment)
    challenge = proved(consent, maries_account, NAME)
    minor = timezone.localdate() - timedelta(days=3000)
    Patient.objects.filter(pk=appointment.patient_id).update(birth_date=minor)
    maries_account.first_name, maries_account.last_name = "Marie", "Durand"
    maries_account.save()
    with pytest.raises(NotReady):
        sign(consent=again(consent), challenge=challenge, by=maries_account)
    assert again(consent).state == ConsentState.ASKED
