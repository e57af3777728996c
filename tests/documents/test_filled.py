"""Filling in a document of the library, through the pages: errors, drafts, the paper, sharing it signed or not."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.booking import delete
from appointments.models import Appointment
from audit.models import AuditEvent
from documents.consents.forms import Asked, set_form
from documents.filling.answers import checked
from documents.filling.drafts import forget_old_drafts, keep_draft
from documents.library.catalogue import archive, write_document, write_version
from documents.library.writing.blanks import Blank, BlankKind
from documents.models import Category, FillingDraft, LibraryDocument, SharedDocument, Task
from files import storage
from patients.models import Patient
from practices.models import Practice
from tests.pdfs import text_of_pdf

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
BODY = (
    "<p>{{ patient_name }}, arrêt jusqu’au {{ ? Date de reprise | date }}, côté {{ ? Côté | choice: droit, gauche }}."
    "</p><p>{{ ? Remarques | long | optional }}</p>"
)
ANSWERS = {"blank_1": "2027-03-02", "blank_2": "gauche", "blank_3": "Repos\nà la maison"}
ABOUT = {"title": "Arrêt de travail", "category": "certificate"}


@pytest.fixture
def template(practice: Practice, carol: User) -> LibraryDocument:
    return write_document(
        practice=practice, body=BODY, title="Arrêt", category=Category.objects.get(code="certificate"), by=carol
    )


@pytest.fixture
def address(appointment: Appointment, template: LibraryDocument) -> str:
    return f"/pro/appointments/{appointment.pk}/fill/{template.current.pk}/"


def text_of(document: SharedDocument) -> str:
    with storage.open_(document.file) as file:
        return " ".join(text_of_pdf(file.read()).split())


def test_a_practitioner_signs_unless_they_say_otherwise_and_a_secretary_says_who(
    address: str, alice_signs: User, bob: User, sign_in: SignIn
) -> None:
    chosen = re.compile(r'<option value="([^"]*)"\s+selected')
    assert "me" in chosen.findall(sign_in(alice_signs).get(address).content.decode())
    assert "" in chosen.findall(sign_in(bob).get(address).content.decode())


def test_what_has_to_be_signed_is_not_offered_without_a_signature(
    address: str, template: LibraryDocument, alice_signs: User, bob: User, carol: User, sign_in: SignIn
) -> None:
    unsigned = '<option value=""'
    assert unsigned in sign_in(alice_signs).get(address).content.decode()
    set_form(document=template, asked=Asked(["J’ai lu."], practitioner_first=True), by=carol)
    for user in (alice_signs, bob):
        client = sign_in(user)
        signer = client.get(address).content.decode().split('name="signer"')[1].split("</select>")[0]
        assert unsigned not in signer
        answer = client.post(address, {**ANSWERS, **ABOUT, "signer": ""})
        assert answer.status_code == 400
        assert 'id="id_signer_error"' in answer.content.decode()
    assert not SharedDocument.objects.exists()


@pytest.mark.parametrize(
    ("blank", "typed", "answer"),
    [
        (Blank("Fin", BlankKind.DATE), " 2/3/2027 ", "2027-03-02"),
        (Blank("Fin", BlankKind.DATE), "31/02/2027", None),
        (Blank("Fin", BlankKind.DATE), "demain", None),
        (Blank("Fin", BlankKind.DATE), "", None),
        (Blank("Fin", BlankKind.DATE, required=False), "", ""),
        (Blank("Côté", BlankKind.CHOICE, ("droit", "gauche")), "gauche", "gauche"),
        (Blank("Côté", BlankKind.CHOICE, ("droit", "gauche")), "autre", None),
        (Blank("Motif", BlankKind.SHORT), " a \n b\x00 ", "a b"),
        (Blank("Motif", BlankKind.SHORT), "a" * 201, None),
        (Blank("Motif", BlankKind.LONG), "a\r\nb", "a\nb"),
        (Blank("Motif", BlankKind.LONG), "a" * 5001, None),
        (Blank("100 % %(x)s", BlankKind.SHORT), "꦳", None),
    ],
)
def test_each_answer_is_read_or_refused_with_one_sentence_that_names_it(
    blank: Blank, typed: str, answer: str | None
) -> None:
    if answer is not None:
        assert checked([blank], {blank.label: typed}) == {blank.label: answer}
        return
    with pytest.raises(ValidationError) as refused:
        checked([blank], {blank.label: typed})
    (sentence,) = refused.value.message_dict["blank_1"]
    assert blank.label in sentence
    assert sentence.endswith(".")


def test_it_is_shared_with_the_answers_in_place_and_the_draft_ends(
    address: str, bob: User, sign_in: SignIn, files_in_store: Callable[[], list[Path]]
) -> None:
    browser, before = sign_in(bob), len(files_in_store())
    for _twice in range(2):  # the same form sent again
        assert browser.post(address, {**ANSWERS, **ABOUT, "key": "k"}).status_code == 302
    again = {**ANSWERS, **ABOUT, "key": "k", "blank_3": "Repos au lit"}
    document = SharedDocument.objects.get()
    assert "Marie Durand, arrêt jusqu’au 2 mars 2027, côté gauche. Repos à la maison" in text_of(document)
    assert (document.title, document.category_id, document.is_signed) == ("Arrêt de travail", "certificate", False)
    assert document.library_version is None  # a paper of its own: taken back, its bytes go, too
    assert not FillingDraft.objects.exists()
    assert len(files_in_store()) == before + 1
    assert browser.post(address, again).status_code == 302  # corrected after going back: another document
    assert [("Repos au lit" in text_of(one)) for one in SharedDocument.objects.order_by("shared_at")] == [False, True]


def test_every_blank_gets_its_sentence_at_once_and_what_was_typed_stays(
    address: str, bob: User, sign_in: SignIn
) -> None:
    browser = sign_in(bob)
    answer = browser.post(address, {"blank_1": "bientôt", "blank_2": "", "blank_3": "Repos", "title": ""})
    page = answer.content.decode()
    assert answer.status_code == 400
    for sentence in (
        "« Date de reprise » n’est pas une date",
        "Choisissez « Côté »",
        "Donnez un titre",
        "Choisissez une catégorie",
    ):
        assert page.count(sentence.replace("'", "&#x27;")) == 2  # above the form, and beside its field
    assert 'value="bientôt"' in page
    found_again = browser.get(address).content.decode()
    assert 'value="bientôt"' in found_again
    assert ">\nRepos</textarea>" in found_again
    assert not SharedDocument.objects.exists()


def test_a_draft_is_ones_own_encrypted_and_ends_with_its_appointment_or_after_thirty_days(
    address: str, appointment: Appointment, template: LibraryDocument, bob: User, alice: User, sign_in: SignIn
) -> None:
    browser = sign_in(bob)
    assert browser.post(address, {"blank_3": "grippe", "keep": "1"}).status_code == 204
    assert "grippe" in browser.get(address).content.decode()
    assert "grippe" not in sign_in(alice).get(address).content.decode()
    assert "grippe" not in str(FillingDraft.objects.values("typed").get())
    FillingDraft.objects.update(changed_at=timezone.now() - timedelta(days=29))
    assert forget_old_drafts() == 0
    FillingDraft.objects.update(changed_at=timezone.now() - timedelta(days=31))
    assert forget_old_drafts() == 1
    keep_draft(appointment=appointment, version=template.current, typed={"blank_3": "grippe"}, by=bob)
    delete(appointment=appointment, by=bob)
    assert not FillingDraft.objects.exists()


def test_the_paper_is_shown_and_never_stored(
    address: str, bob: User, sign_in: SignIn, files_in_store: Callable[[], list[Path]]
) -> None:
    browser, before = sign_in(bob), len(files_in_store())
    page = browser.post(address, {**ANSWERS, **ABOUT, "show": "1"}).content.decode()
    assert re.search('src="data:image/(png|webp);base64,', page)
    assert "2 mars 2027" in page
    pdf = browser.post(address, {**ANSWERS, **ABOUT, "pdf": "1"})
    assert "côté gauche" in " ".join(text_of_pdf(pdf.content).split())
    assert browser.post(address, {**ABOUT, "pdf": "1"}).status_code == 400
    assert len(files_in_store()) == before
    assert not SharedDocument.objects.exists()


def test_a_practitioner_signs_it_where_they_chose_after_a_recent_sign_in(
    address: str, alice_signs: User, sign_in: SignIn
) -> None:
    asked: dict[str, Any] = {**ANSWERS, **ABOUT, "signer": "me", "sign_page": "last", "sign_at": "0.2,0.9"}
    assert sign_in(alice_signs, minutes=6).post(address, asked).status_code == 401
    assert FillingDraft.objects.get().user == alice_signs  # nothing typed is lost
    browser = sign_in(alice_signs)
    assert browser.post(address, {**asked, "placed": "last,7,0.1,0.25"}).status_code == 400
    assert browser.post(address, asked).status_code == 302
    document = SharedDocument.objects.get()
    assert document.signed_by == alice_signs
    assert document.signatures[-1]["judgement"] == "valid"


def test_a_secretary_is_not_offered_to_sign_and_does_not_by_asking(
    address: str, bob: User, alice_signs: User, sign_in: SignIn
) -> None:
    assert sign_in(bob).post(address, {**ANSWERS, **ABOUT, "signer": "me"}).status_code == 400
    assert not SharedDocument.objects.exists()


def test_an_archived_template_says_so(
    address: str, template: LibraryDocument, bob: User, carol: User, sign_in: SignIn
) -> None:
    archive(document=template, by=carol)
    answer = sign_in(bob).post(address, {**ANSWERS, **ABOUT})
    assert answer.status_code == 400
    assert "n’est plus dans la bibliothèque" in answer.content.decode()


def test_readers_fill_nothing_in_and_others_find_no_such_page(
    address: str,
    rita: User,
    charlie: User,
    bob: User,
    appointment: Appointment,
    sign_in: SignIn,
    other_practice: Practice,
) -> None:
    choose = f"/pro/appointments/{appointment.pk}/fill/"
    for page in (address, choose):
        assert sign_in(rita).get(page).status_code == 403
        assert sign_in(charlie).get(page).status_code == 404
    assert sign_in(rita).post(address, {**ANSWERS, **ABOUT}).status_code == 403
    assert sign_in(bob).get(f"{choose}{uuid.uuid4()}/").status_code == 404
    LibraryDocument.objects.update(practice=other_practice)
    assert sign_in(bob).get(address).status_code == 404
    assert not SharedDocument.objects.exists()


def test_the_share_page_leads_to_filling_in_instead_of_sharing_it_as_it_is(
    address: str, appointment: Appointment, template: LibraryDocument, bob: User, sign_in: SignIn
) -> None:
    browser = sign_in(bob)
    share = f"/pro/appointments/{appointment.pk}/share/"
    page = browser.get(share).content.decode()
    assert f'href="{address}"' in page
    assert f'data-library="{template.pk}"' not in page
    answer = browser.post(share, {"library_document": str(template.pk)})
    assert answer.status_code == 400
    assert "blancs à remplir" in answer.content.decode()
    assert address in browser.get(f"/pro/appointments/{appointment.pk}/fill/").content.decode()


def test_what_names_another_patient_is_asked_about_before_it_is_shared_signed_or_prepared(
    appointment: Appointment, practice: Practice, bob: User, carol: User, alice_signs: User, sign_in: SignIn
) -> None:
    """As an upload. The draft keeps what was typed, not the confirmation."""
    Patient.objects.create(practice=practice, first_name="Anne", last_name="Leroy", birth_date="1970-05-06")
    letter = write_document(
        practice=practice, body="<p>Lettre pour {{ ? Qui }}</p>", title="Lettre", category=_certificate(), by=carol
    )
    address = f"/pro/appointments/{appointment.pk}/fill/{letter.current.pk}/"
    asked: dict[str, Any] = {**ABOUT, "blank_1": "LEROY Anne"}
    for user, signer in ((bob, ""), (alice_signs, "me"), (bob, str(alice_signs.pk))):
        browser = sign_in(user)
        answer = browser.post(address, {**asked, "signer": signer})
        assert answer.status_code == 400
        assert "nomme Anne Leroy, et pas Marie Durand" in answer.content.decode()
        assert 'name="confirm_patient"' in answer.content.decode()
        assert (SharedDocument.objects.exists(), Task.objects.exists()) == (False, False)
        assert browser.post(address, {**asked, "keep": "1", "confirm_patient": "on"}).status_code == 204
        assert "confirm_patient" not in FillingDraft.objects.get(user=user).typed
        assert 'name="confirm_patient"' not in browser.get(address).content.decode()
    for user, signer in ((bob, ""), (alice_signs, "me"), (bob, str(alice_signs.pk))):
        assert sign_in(user).post(address, {**asked, "signer": signer, "confirm_patient": "on"}).status_code == 302
    shared = AuditEvent.objects.filter(action="document.shared")
    assert [line.detail["patient_confirmed"] for line in shared] == [True, True]
    task = Task.objects.get()
    doctor = sign_in(alice_signs)
    page = doctor.get(f"/pro/to-sign/{task.pk}/").content.decode()
    assert "nomme Anne Leroy, et pas Marie Durand" in page
    correct = f"/pro/to-sign/{task.pk}/change/"
    assert (
        "nomme Anne"
        in sign_in(bob).post(correct, {**asked, "signer": str(alice_signs.pk), "revision": "1"}).content.decode()
    )
    (mark,) = set(re.findall(r'name="mark" value="([0-9a-f]{64})"', page))
    doctor.post(f"/pro/to-sign/{task.pk}/look/", {"mark": mark})
    doctor.post("/pro/to-sign/sign/", {"task": [str(task.pk)]})
    assert AuditEvent.objects.filter(action="document.shared", detail__patient_confirmed=True).count() == 3
    assert sign_in(bob).post(address, {**asked, "blank_1": "Durand Marie", "signer": ""}).status_code == 302


def test_an_old_version_of_a_template_says_so_and_leads_to_the_new_one(
    address: str, appointment: Appointment, template: LibraryDocument, bob: User, carol: User, sign_in: SignIn
) -> None:
    browser = sign_in(bob)
    assert "réécrit depuis" not in browser.get(address).content.decode()
    newer = write_version(document=template, body=BODY, by=carol)
    page = browser.get(address).content.decode()
    assert "réécrit depuis" in page
    assert f'href="/pro/appointments/{appointment.pk}/fill/{newer.pk}/"' in page


def _certificate() -> Category:
    return Category.objects.get(code="certificate")
