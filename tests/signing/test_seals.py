"""A practice's seal under a person's signature: valid for independent readers, and every byte of it attested."""

from __future__ import annotations

import hashlib
import io
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.utils import timezone
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pytest_django import Settings

from accounts.models import User
from bench.damage import without_startxref
from files.intake import Intake
from practices.models import Practice
from signing.certificates import known_authorities
from signing.pdf.evidence import KEY, Evidence, NoEvidence, evidence_in
from signing.pdf.examination import ExaminedSignature, Integrity, examine
from signing.pdf.placement import Placement
from signing.pdf.sign import CannotSign
from signing.pdf.verify import CannotVerify, verify
from signing.seals import PLACES, check_can_be_sealed, seal
from signing.signatures import sign_for
from tests.conftest import PDF
from tests.pki import Pki
from tests.signing.conftest import Receive, pdfsig

pytestmark = pytest.mark.django_db


def evidence_of(intake: Intake, **changes: Any) -> Evidence:
    content = intake.path.read_bytes()
    found = Evidence(
        signer="Marie Durand",
        capacity="patient",
        patient="Marie Durand",
        account="8f8b2b3e-0d5a-4f0e-9a53-2a0f4f2f4b10",
        email="m•••@c….example",
        mobile="06 •• •• •• 78",
        means="sms",
        challenge="f3a86f0c-4f8f-4a3c-8b1e-2d7c3a1f5e77",
        at=timezone.now().isoformat(),
        read_sha256=hashlib.sha256(content).hexdigest(),
        read_size=len(content),
        pages=intake.page_count,
        sentences=("J’ai lu les risques de l’intervention.",),
    )
    return replace(found, **changes)


@pytest.fixture
def signed_by_alice(alice_signs: User, practice: Practice, receive: Receive) -> Intake:
    signed = sign_for(
        user=alice_signs, practice=practice, intake=receive(PDF, "consentement.pdf"),
        placement=Placement(page=1, x=0.8, y=0.9), at=timezone.now(),
    )  # fmt: skip
    return signed.intake


def look(path: Path) -> list[ExaminedSignature]:
    return examine(path, known_authorities())


def test_the_seal_leaves_the_practitioners_signature_whole(signed_by_alice: Intake, practice: Practice) -> None:
    before = signed_by_alice.path.read_bytes()
    evidence = evidence_of(signed_by_alice)
    sealed = seal(signed_by_alice, practice=practice, evidence=evidence).intake
    assert sealed.path.read_bytes().startswith(before)
    report = pdfsig(sealed.path)
    assert report.count("Signature is Valid") == 2
    assert report.count("Total document signed") == 1  # the seal covers all, the doctor's what there was
    doctor, practices = look(sealed.path)
    assert [doctor.integrity, practices.integrity] == [Integrity.SIGNED_AGAIN, Integrity.WHOLE]
    assert [doctor.trusted, practices.trusted, practices.issued_here] == [True, True, True]
    assert (practices.signer, practices.consent, doctor.consent) == ("Cabinet des Lilas", evidence, None)


def test_without_a_practitioner_the_seal_certifies_the_document(receive: Receive, practice: Practice) -> None:
    intake = receive(PDF)
    sealed = seal(intake, practice=practice, evidence=evidence_of(intake)).intake
    with sealed.path.open("rb") as file:
        (signature,) = PdfFileReader(file).embedded_signatures
        assert signature.docmdp_level is not None
        assert signature.docmdp_level.value == 2
    assert "Total document signed" in pdfsig(sealed.path)


@pytest.mark.parametrize("seed", range(12))
def test_any_changed_byte_is_found(seed: int, signed_by_alice: Intake, practice: Practice) -> None:
    """In what the doctor signed, in what the seal added, in the evidence; the signatures' own hexadecimal digits and
    the paddings behind them included."""
    path = seal(signed_by_alice, practice=practice, evidence=evidence_of(signed_by_alice)).intake.path
    content = bytearray(path.read_bytes())
    at = random.Random(seed).randrange(len(content))
    content[at] ^= 0x15
    path.write_bytes(content)
    try:
        found = [one.integrity for one in look(path)]
    except CannotVerify:
        found = []  # a file that nobody can read is found as well
    assert found != [Integrity.SIGNED_AGAIN, Integrity.WHOLE]


def test_changed_evidence_is_found_and_not_shown(signed_by_alice: Intake, practice: Practice) -> None:
    path = seal(signed_by_alice, practice=practice, evidence=evidence_of(signed_by_alice)).intake.path
    content = path.read_bytes()
    at = content.index(b"Marie Durand", content.index(KEY.encode()))
    path.write_bytes(content[:at] + b"Maria Durand" + content[at + 12 :])
    *_, last = look(path)
    assert (last.integrity, last.consent) == (Integrity.BROKEN, None)


def test_evidence_under_somebody_elses_key_is_not_shown(receive: Receive, practice: Practice) -> None:
    """Only this installation's own seals are believed: `known` without its authority stands for another site."""
    intake = receive(PDF)
    path = seal(intake, practice=practice, evidence=evidence_of(intake)).intake.path
    stranger = replace(known_authorities(), own=[], others=known_authorities().own)
    (found,) = examine(path, stranger)
    assert (found.trusted, found.consent) == (True, None)


def test_the_stamp_stands_where_no_other_signature_does(
    alice_signs: User, practice: Practice, receive: Receive
) -> None:
    x, y = PLACES[0]
    signed = sign_for(
        user=alice_signs, practice=practice, intake=receive(PDF), placement=Placement(page=1, x=x, y=y),
        at=timezone.now(),
    ).intake  # fmt: skip
    sealed = seal(signed, practice=practice, evidence=evidence_of(signed)).intake
    with pikepdf.open(sealed.path) as pdf:
        one, other = ([float(n) for n in widget.Rect] for widget in pdf.pages[0].Annots)
    assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


@pytest.mark.parametrize("capacity", ["guardian", "holder"])
def test_who_signs_for_somebody_is_named_as_such(capacity: str, receive: Receive, practice: Practice) -> None:
    intake = receive(PDF)
    evidence = evidence_of(intake, signer="Hugo Martin", patient="Léo Martin", capacity=capacity)
    path = seal(intake, practice=practice, evidence=evidence).intake.path
    with pikepdf.open(path) as pdf:
        stamp = str(pdf.pages[0].Annots[0].TU)
        assert json.loads(str(pdf.Root.AcroForm.Fields[0].V[KEY]))["capacity"] == capacity
    assert "Signé électroniquement par Hugo Martin" in stamp
    assert ("responsable légal de Léo Martin" in stamp) is (capacity == "guardian")
    assert ("pour Léo Martin, sur autorisation du cabinet" in stamp) is (capacity == "holder")


def test_the_seal_is_time_stamped_where_an_authority_is_set(
    pki: Pki, receive: Receive, practice: Practice, settings: Settings
) -> None:
    settings.SIGNATURE_LEVEL, settings.TSA_URL = "B-T", pki.tsa_url
    intake = receive(PDF)
    sealed = seal(intake, practice=practice, evidence=evidence_of(intake))
    assert sealed.signatures[-1].level == "B-T"
    assert verify(sealed.intake.path, roots=[])[-1].level == "B-T"


def test_what_was_read_is_never_repaired(receive: Receive, practice: Practice) -> None:
    """A damaged document that a practitioner could sign, repaired: its bytes would not be those that were read."""
    intake = receive(without_startxref(PDF))
    before = intake.path.read_bytes()
    with pytest.raises(CannotSign):
        seal(intake, practice=practice, evidence=evidence_of(intake))
    assert intake.path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Marie 👨‍👩‍👧 Durand", "Marie ? Durand"),
        ("𝓜arie Durand", "Marie Durand"),
        ("ꦲꦩ", "la personne que nomment les preuves de ce cachet"),
    ],
)
def test_a_name_that_no_font_can_draw_is_signed_with_letters_that_it_can(
    name: str, printed: str, receive: Receive, practice: Practice
) -> None:
    """The evidence has the name as it is written, for the signer and for the patient."""
    intake = receive(PDF)
    sealed = seal(
        intake, practice=practice, evidence=evidence_of(intake, signer=name, patient=name, capacity="guardian")
    )
    (found,) = look(sealed.intake.path)
    assert found.consent is not None
    assert (found.consent.signer, found.consent.patient) == (name, name)
    with pikepdf.open(sealed.intake.path) as pdf:
        (widget,) = [one for one in pdf.pages[-1].Annots if one.get("/FT") == "/Sig"]
        told = str(widget.TU)
    assert f"par {printed}. responsable légal de {printed}." in told


def test_a_trial_finds_what_a_seal_would_refuse(receive: Receive, practice: Practice, settings: Settings) -> None:
    """And asks no time-stamp authority."""
    settings.SIGNATURE_LEVEL, settings.TSA_URL = "B-T", "http://127.0.0.1:9/"
    check_can_be_sealed(receive(PDF), practice=practice)
    with pytest.raises(CannotSign):
        check_can_be_sealed(receive(without_startxref(PDF)), practice=practice)


def test_no_key_of_a_seal_is_stored(receive: Receive, practice: Practice) -> None:
    for _ in range(2):
        intake = receive(PDF)
        seal(intake, practice=practice, evidence=evidence_of(intake))
    assert not practice.signing_credentials.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2}, {"capacity": "king"}, {"means": "guess"}, {"pages": -1}, {"read_size": True},
        {"sentences": "all"}, {"at": "yesterday"}, {"at": "2026-01-01T00:00:00"}, {"more": 1}, {"signer": 3},
    ],
)  # fmt: skip
def test_evidence_of_another_form_is_none(changes: dict[str, object], receive: Receive) -> None:
    whole = evidence_of(receive(PDF))
    assert evidence_in(whole.as_json()) == whole
    with pytest.raises(NoEvidence):
        evidence_in(json.dumps(json.loads(whole.as_json()) | changes))


def test_the_longest_sentences_in_any_script_are_found_again(receive: Receive, practice: Practice) -> None:
    """Ten of 300 letters (documents/consents/forms.py), and one that a guardian declares."""
    intake = receive(PDF)
    evidence = evidence_of(intake, sentences=("\N{GREEK SMALL LETTER ALPHA}" * 300,) * 10 + ("é" * 450,))
    sealed = seal(intake, practice=practice, evidence=evidence).intake
    assert [one.consent for one in look(sealed.path)] == [evidence]


def test_evidence_that_an_update_puts_in_place_of_the_sealed_one_is_not_shown(
    signed_by_alice: Intake, practice: Practice
) -> None:
    """The bytes that were signed stay; the dictionary that a reader finds is another one."""
    path = seal(signed_by_alice, practice=practice, evidence=evidence_of(signed_by_alice)).intake.path
    writer = IncrementalPdfFileWriter(io.BytesIO(path.read_bytes()))
    value = writer.root["/AcroForm"]["/Fields"][-1].get_object().raw_get("/V")
    dictionary = value.get_object()
    dictionary[pdf_name(KEY)] = pdf_string(str(dictionary[KEY]).replace("Marie Durand", "Paul Petit"))
    writer.mark_update(value)
    with path.open("wb") as file:
        writer.write(file)
    practices = look(path)[-1]
    assert practices.integrity is Integrity.ALTERED
    assert practices.consent is None
