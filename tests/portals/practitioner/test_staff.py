"""The staff portal: access of each role, sharing by cards and without JavaScript, deleting."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from audit.models import AuditEvent
from docshare.demo.letters import signature
from documents.models import Category, LibraryDocument, SharedDocument
from documents.sharing.share import share_upload
from files.intake import Intake
from notifications.models import Message
from patients.invitations import accept_invitation, invitation_for
from patients.models import Patient, RecordTie
from patients.records import FormerContacts, change_patient
from portals.practitioner import appointment as appointment_page
from portals.practitioner.staff import appointment_of
from signing.models import SignatureImage
from tests.days import coming
from tests.documents.conftest import PDF
from tests.markup import one_line

SignIn = Callable[[User], Client]


@pytest.fixture
def document(
    appointment: Appointment, bob: User, prescription: Category, receive: Callable[..., Intake]
) -> SharedDocument:
    return share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="Ordonnance", placement=None, by=bob
    )


def card(browser: Client, appointment: Appointment, script: bool = True, **fields: Any) -> Any:
    body = {"file": SimpleUploadedFile("ordonnance.pdf", PDF), "category": "prescription", "title": "", **fields}
    headers: dict[str, Any] = {"headers": {"X-Requested-With": "card"}} if script else {}
    return browser.post(f"/pro/appointments/{appointment.pk}/share/", body, **headers)


def pages(appointment: Appointment, document: SharedDocument) -> list[str]:
    one = f"/pro/appointments/{appointment.pk}/"
    return [one, f"{one}share/", f"{one}history/", f"{one}delete/", f"/pro/patients/{appointment.patient_id}/"]


def deeds(appointment: Appointment, document: SharedDocument) -> list[str]:
    one = f"/pro/appointments/{appointment.pk}/"
    return [
        *(f"{one}{deed}/" for deed in ("cancel", "delete", "contacts", "authorise", "withdraw")),
        f"/pro/documents/{document.pk}/take-back/",
        f"/pro/documents/{document.pk}/download/",
    ]


def test_staff_of_the_practice_see_every_page(
    appointment: Appointment, document: SharedDocument, alice: User, bob: User, carol: User, sign_in: SignIn
) -> None:
    for user in (alice, bob, carol):
        for address in ("/pro/", "/pro/?view=week", "/pro/library/", "/pro/appointments/new/"):
            assert sign_in(user).get(address).status_code == 200
        for address in pages(appointment, document):
            assert sign_in(user).get(address).status_code == 200, address


def test_strangers_patients_and_anonymous_find_nothing(
    appointment: Appointment, document: SharedDocument, charlie: User, hugo: User, sign_in: SignIn
) -> None:
    for user in (charlie, hugo):
        for address in pages(appointment, document):
            assert sign_in(user).get(address).status_code == 404, (user, address)
        for address in deeds(appointment, document):
            assert sign_in(user).post(address).status_code == 404, (user, address)
        assert card(sign_in(user), appointment).status_code == 404
    for address in pages(appointment, document):
        assert Client().get(address)["Location"].startswith("/account/login/")
    for address in deeds(appointment, document):
        assert sign_in(charlie).get(address).status_code in (404, 405)
    assert sign_in(hugo).get("/pro/").status_code == 404
    assert SharedDocument.objects.count() == 1


def test_a_reader_reads_and_changes_nothing(
    appointment: Appointment, document: SharedDocument, rita: User, sign_in: SignIn
) -> None:
    browser = sign_in(rita)
    page = browser.get(f"/pro/appointments/{appointment.pk}/").content.decode()
    assert "Votre rôle permet de lire, pas de partager" in page
    assert "Partager des documents" not in page
    for deed in deeds(appointment, document)[:-1]:
        assert browser.post(deed).status_code in (302, 403), deed
    assert card(browser, appointment).status_code == 403
    appointment.refresh_from_db()
    assert appointment.status == "booked"
    assert SharedDocument.objects.count() == 1


@pytest.mark.parametrize("view", ["day", "week"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "hier"])
def test_a_day_that_no_appointment_can_be_on_shows_today(bob: User, sign_in: SignIn, day: str, view: str) -> None:
    answer = sign_in(bob).get(f"/pro/?date={day}&view={view}")
    assert (answer.status_code, answer.context["place"].day) == (200, answer.context["place"].today)


@pytest.mark.parametrize("deed", ["cancel", "delete"])
def test_what_is_deleted_while_a_click_waits_for_it_is_not_found(
    appointment: Appointment, bob: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    """Somebody else deletes the appointment between finding and locking it."""

    def find_and_lose(user: User, pk: uuid.UUID) -> Appointment:
        found = appointment_of(user, pk)
        Appointment.objects.filter(pk=pk).delete()
        return found

    monkeypatch.setattr(appointment_page, "appointment_of", find_and_lose)
    browser = sign_in(bob)
    browser.raise_request_exception = False
    answer = browser.post(f"/pro/appointments/{appointment.pk}/{deed}/")
    assert answer.status_code == 404
    assert "Cette page n’existe pas, ou n’existe plus." in answer.content.decode()


def test_the_panel_alone_for_htmx_and_beside_the_agenda_otherwise(
    appointment: Appointment, bob: User, sign_in: SignIn
) -> None:
    address = f"/pro/appointments/{appointment.pk}/"
    part = sign_in(bob).get(address, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="panel").content.decode()
    assert part.startswith("<section")
    assert "Consultation de suivi" in sign_in(bob).get(address).content.decode()


def test_a_card_becomes_its_receipt(appointment: Appointment, alice_signs: User, sign_in: SignIn) -> None:
    answer = card(sign_in(alice_signs), appointment, sign="1", page="1", x="0.8", y="0.9", width="0.25")
    assert answer.status_code == 201
    assert "est partagé" in answer.content.decode()
    assert "Signature électronique de Dr Alice Morel" in answer.content.decode()
    assert SharedDocument.objects.get().signed_by == alice_signs


def test_without_javascript_it_is_signed_on_the_last_page(
    appointment: Appointment, alice_signs: User, sign_in: SignIn
) -> None:
    answer = card(sign_in(alice_signs), appointment, script=False, sign="1")
    assert answer.status_code == 302
    assert SharedDocument.objects.get().is_signed


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("page.pdf", b"<html>", "n’est pas celui d’un fichier .pdf"),
        ("vide.pdf", b"", "est vide"),
        ("abime.pdf", b"%PDF-1.7 nothing", "est endommagé"),
    ],
)
def test_a_refused_card_says_why_and_stores_nothing(
    name: str, content: bytes, sentence: str, appointment: Appointment, bob: User, sign_in: SignIn
) -> None:
    answer = card(sign_in(bob), appointment, file=SimpleUploadedFile(name, content))
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert not SharedDocument.objects.exists()
    plain = card(sign_in(bob), appointment, script=False, file=SimpleUploadedFile(name, content))
    assert "Il y a un problème" in plain.content.decode()


def test_the_line_at_the_top_takes_a_missing_mobile_on_the_spot(
    appointment: Appointment, bob: User, sign_in: SignIn
) -> None:
    Patient.objects.update(mobile=None)
    browser, address = sign_in(bob), f"/pro/appointments/{appointment.pk}"
    page = browser.get(f"{address}/share/").content.decode()
    assert "Le mobile manque." in page
    assert "data-share" not in page
    assert card(browser, appointment).status_code == 400
    wrong = browser.post(f"{address}/contacts/", {"mobile": "12"})
    assert wrong.status_code == 400
    assert "Il manque 8 chiffres" in wrong.content.decode()
    assert browser.post(f"{address}/contacts/", {"mobile": "06 11 22 33 44"}).status_code == 302
    assert Patient.objects.get(pk=appointment.patient_id).mobile == "+33611223344"
    assert "Ces documents seront visibles par Marie Durand" in browser.get(f"{address}/share/").content.decode()
    assert AuditEvent.objects.filter(action="contact.changed", record_id=appointment.pk).count() == 1


def test_the_script_policy_allows_wasm_on_the_share_page_alone(
    appointment: Appointment, bob: User, sign_in: SignIn
) -> None:
    browser = sign_in(bob)
    share = browser.get(f"/pro/appointments/{appointment.pk}/share/")["Content-Security-Policy"]
    agenda = browser.get("/pro/")["Content-Security-Policy"]
    assert "script-src 'self' 'wasm-unsafe-eval'" in share
    assert "wasm" not in agenda
    assert "unsafe-inline" not in share + agenda


def test_deleting_says_first_what_vanishes(
    appointment: Appointment, document: SharedDocument, bob: User, sign_in: SignIn
) -> None:
    browser, address = sign_in(bob), f"/pro/appointments/{appointment.pk}/delete/"
    page = browser.get(address).content.decode()
    assert "Ordonnance" in page
    assert "Supprimer le rendez-vous et 1 document" in page
    assert browser.post(address).status_code == 302
    assert not SharedDocument.objects.exists()
    assert not Appointment.objects.exists()


def test_taking_back_and_history(
    appointment: Appointment, document: SharedDocument, bob: User, sign_in: SignIn
) -> None:
    browser = sign_in(bob)
    assert browser.post(f"/pro/documents/{document.pk}/take-back/").status_code == 302
    page = browser.get(f"/pro/appointments/{appointment.pk}/history/").content.decode()
    assert "Document partagé : Ordonnance" in page
    assert "Document retiré" in page
    assert "Bob Petit" in page


def test_the_library_takes_good_files_and_says_which_are_refused(carol: User, bob: User, sign_in: SignIn) -> None:
    files = [SimpleUploadedFile("plan.pdf", PDF), SimpleUploadedFile("mauvais.pdf", b"<html>")]
    answer = sign_in(carol).post("/pro/library/", {"files": files, "category": "information"})
    assert answer.status_code == 400
    assert "mauvais.pdf" in answer.content.decode()
    assert [document.title for document in LibraryDocument.objects.all()] == ["Plan"]
    files = [SimpleUploadedFile("autre.pdf", PDF)]
    assert sign_in(bob).post("/pro/library/", {"files": files, "category": "information"}).status_code == 403


def test_a_signature_is_its_owners_alone(alice: User, bob: User, charlie: User, sign_in: SignIn) -> None:
    browser = sign_in(alice)
    image = SimpleUploadedFile("signature.png", signature(2), "image/png")
    assert browser.post("/pro/signature/", {"file": image}).status_code == 302
    assert SignatureImage.objects.get().user == alice
    assert browser.get("/pro/signature/image/").content.startswith(b"\x89PNG")
    for user in (bob, charlie):
        assert sign_in(user).get("/pro/signature/image/").status_code == 404
    image = SimpleUploadedFile("signature.png", signature(2), "image/png")
    assert sign_in(bob).post("/pro/signature/", {"file": image}).status_code == 403
    blank = browser.post("/pro/signature/", {"drawing": ""})
    assert blank.status_code == 400
    svg = SimpleUploadedFile("signature.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    assert browser.post("/pro/signature/", {"file": svg}).status_code == 400


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("signature.png", b"nothing that opens"),
        ("signature.png", b"\x89PNG\r\n\x1a\nbroken"),
        ("signature.jpg", b"\x89PNG\r\n\x1a\nbroken"),
        ("signature.docx", b"PK"),
        ("signature.pdf", PDF),
        ("signature.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    ],
)
def test_a_wrong_picture_of_a_signature_is_to_be_a_png_or_a_jpeg(
    alice: User, sign_in: SignIn, name: str, content: bytes
) -> None:
    answer = sign_in(alice).post("/pro/signature/", {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 400
    [said] = re.findall(r'<a href="#signature-file">([^<]+)</a>', answer.content.decode())
    assert "PNG ou" in said
    assert "JPEG" in said
    assert "PDF" not in said


def test_booking_by_staff(alice: User, bob: User, appointment: Appointment, sign_in: SignIn) -> None:
    browser = sign_in(bob)
    body = {
        "agenda": appointment.agenda_id,
        "visit_reason": appointment.visit_reason_id,
        "starts_at": f"{coming(1, appointment.practice)}T09:00",
        "kind": "in_person",
        "first_name": "Zoé",
        "last_name": "Petit",
        "birth_date": "",
    }
    missing = browser.post("/pro/appointments/new/", body)
    assert "du nouveau patient, ou choisissez un patient déjà connu" in missing.content.decode()
    made = browser.post("/pro/appointments/new/", {**body, "birth_date": "1990-01-01", "mobile": "0611223344"})
    assert made.status_code == 302
    assert Patient.objects.get(first_name="Zoé").mobile == "+33611223344"


@pytest.mark.parametrize("path", ["2fa/", "sessions/", "password/change/"])
def test_pages_of_ones_own_account_lead_back_to_the_agenda(bob: User, sign_in: SignIn, path: str) -> None:
    page = sign_in(bob).get(f"/account/{path}").content.decode()
    assert 'href="/pro/"' in page
    assert "/my-account/" not in page


def test_signing_in_announces_nothing_above_the_agenda(bob: User) -> None:
    browser = Client()
    bob.set_password("une phrase facile 42")
    bob.save()
    EmailAddress.objects.create(user=bob, email=bob.email, verified=True, primary=True)
    browser.post("/account/login/", {"login": bob.email, "password": "une phrase facile 42"})
    page = browser.get("/pro/")
    assert page.status_code == 200
    assert 'class="notice' not in page.content.decode()


def test_cancelling_asks_first_because_the_patient_is_told_at_once(
    appointment: Appointment, alice: User, sign_in: SignIn
) -> None:
    browser, address = sign_in(alice), f"/pro/appointments/{appointment.pk}/"
    assert f'href="{address}cancel/"' in browser.get(address).content.decode()
    asked = browser.get(f"{address}cancel/").content.decode()
    assert "Le patient en est averti par e-mail et par SMS." in asked
    appointment.refresh_from_db()
    assert appointment.status == "booked"
    assert browser.post(f"{address}cancel/")["Location"] == address
    appointment.refresh_from_db()
    assert appointment.status == "cancelled"


TOLD = {
    ("marie@courriel.example", "+33612345678"): ("par e-mail et par SMS.", "par e-mail et par SMS si la date"),
    ("marie@courriel.example", None): ("averti par e-mail.", "averti par e-mail si la date"),
    (None, "+33612345678"): ("averti par SMS.", "par SMS si la date, l’heure ou le praticien change."),
    (None, None): ("prévenez vous-même le patient", "prévenez vous-même le patient"),
}


@pytest.mark.parametrize("contacts", TOLD)
def test_pages_say_who_is_told_and_that_is_what_leaves(
    contacts: tuple[str | None, str | None], appointment: Appointment, alice: User, sign_in: SignIn
) -> None:
    Patient.objects.filter(pk=appointment.patient_id).update(email=contacts[0], mobile=contacts[1])
    browser, address = sign_in(alice), f"/pro/appointments/{appointment.pk}/"
    ending, moving = TOLD[contacts]
    for page, sentence in (("cancel/", ending), ("delete/", ending), ("move/", moving)):
        assert sentence in browser.get(address + page).content.decode()
    browser.post(f"{address}cancel/")
    left = Message.objects.filter(about=appointment.pk, state="queued").values_list("to", flat=True)
    assert set(left) == {contact for contact in contacts if contact}


def test_nobody_is_said_to_be_told_of_what_is_over_or_cancelled(
    appointment: Appointment, alice: User, sign_in: SignIn
) -> None:
    browser, address = sign_in(alice), f"/pro/appointments/{appointment.pk}/"
    Appointment.objects.update(
        starts_at=timezone.now() - timedelta(hours=2), ends_at=timezone.now() - timedelta(hours=1)
    )
    for page in ("cancel/", "move/", "delete/"):
        assert "personne n’en est averti" in browser.get(address + page).content.decode()
    Appointment.objects.update(status="cancelled")
    for page in ("cancel/", "move/"):
        answer = browser.get(address + page, follow=True)
        assert answer.redirect_chain == [(address, 302)]
        assert "annulé" in answer.content.decode()


def test_the_panel_says_which_contacts_the_patient_has_proved(
    appointment: Appointment, marie: Patient, bob: User, hugo: User, sign_in: SignIn
) -> None:
    """By the tie with the account; newer ones by an invitation that the account accepted since."""

    def states() -> list[str]:
        page = one_line(sign_in(bob).get(f"/pro/appointments/{appointment.pk}/").content)
        return re.findall(r"(?<=</svg>)(?:non )?vérifié|Invitation envoyée", page)

    none, both = ["non vérifié"] * 2, ["vérifié"] * 2
    assert states() == none
    invitation = invitation_for(patient=marie, by=bob)
    assert states() == [*none, "Invitation envoyée"]
    accept_invitation(invitation=invitation, user=hugo, birth_date=marie.birth_date)
    assert states() == both
    change_patient(patient=marie, by=bob, mobile="+33698765432", former_contacts=FormerContacts.SAME_PERSON)
    assert states()[:2] == ["vérifié", "non vérifié"]
    again = invitation_for(patient=marie, by=bob)
    accept_invitation(invitation=again, user=hugo, birth_date=marie.birth_date)
    assert states() == both
    RecordTie.objects.update(ended_at=timezone.now())
    assert states() == none


def test_staff_find_every_page_of_their_own_account(bob: User, sign_in: SignIn) -> None:
    page = sign_in(bob).get("/account/2fa/").content.decode()
    for path in ("/account/password/change/", "/account/sessions/", "/pro/language/"):
        assert f'href="{path}"' in page


def test_staff_choose_the_language_of_their_pages(bob: User, charlie: User, hugo: User, sign_in: SignIn) -> None:
    browser, address = sign_in(bob), "/pro/language/"
    page = browser.get(address).content.decode()
    chosen = re.findall("<option[^>]*selected[^>]*>", page)
    assert ['value="fr"' in one for one in chosen] == [True]
    assert "/my-account/" not in page
    assert browser.post(address, {"language": "en"})["Location"] == address
    english = browser.get(address).content.decode()
    assert '<html lang="en">' in english
    assert "Your language is saved." in english
    assert '<html lang="en">' in browser.get("/pro/").content.decode()
    refused = browser.post(address, {"language": "xx"})
    assert refused.status_code == 400
    assert 'href="#id_language"' in refused.content.decode()
    assert sign_in(charlie).get(address).status_code == 200  # staff of another practice: their own
    assert sign_in(hugo).get(address).status_code == 404
    assert Client().get(address)["Location"].startswith("/account/login/")


def test_the_reason_of_a_refusal_is_on_its_own_page_and_on_no_other(alice: User, sign_in: SignIn) -> None:
    browser, reason = sign_in(alice), "Seul un administrateur du cabinet modifie la bibliothèque."
    refused = browser.get("/pro/library/write/")
    assert refused.status_code == 403
    assert reason in refused.content.decode()
    assert reason not in browser.get("/pro/").content.decode()


def test_taking_back_asks_first_because_the_file_goes_for_good(
    appointment: Appointment, document: SharedDocument, bob: User, carol: User, sign_in: SignIn
) -> None:
    browser, address = sign_in(bob), f"/pro/documents/{document.pk}/take-back/"
    for page, back in (("", "appointment"), ("share/", "share")):
        shown = browser.get(f"/pro/appointments/{appointment.pk}/{page}").content.decode()
        assert f'href="{address}?back={back}"' in shown
        assert f'action="{address}"' not in shown
    asked = browser.get(f"{address}?back=share").content.decode()
    assert "Retirer «\u00a0Ordonnance\u00a0»\u00a0?" in asked
    assert "Ce document disparaîtra pour Marie Durand et pour le cabinet, sans retour possible." in asked
    assert f'href="/pro/appointments/{appointment.pk}/share/"' in asked
    assert SharedDocument.objects.exists()
    answer = browser.post(address, {"back": "share"})
    assert answer["Location"] == f"/pro/appointments/{appointment.pk}/share/"
    assert not SharedDocument.objects.exists()
