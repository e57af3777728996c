"""The page of deliveries and its actions: access of each role, its content, and the targets of its buttons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from documents.models import AutoSend, Category, LibraryDocument, SharedDocument
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import share_upload
from files.intake import Intake
from notifications.causes import Cause
from notifications.models import Message, MessageState
from patients.models import Patient
from tests.conftest import BookFixture
from tests.markup import one_line, page_text

SignIn = Callable[[User], Client]
PAGE = "/pro/deliveries/"


@pytest.fixture
def document(
    appointment: Appointment, bob: User, prescription: Category, receive: Callable[..., Intake]
) -> SharedDocument:
    made = share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="Ordonnance", placement=None, by=bob
    )
    Message.objects.filter(channel="email").update(
        state=MessageState.FAILED, cause=Cause.ADDRESS_UNKNOWN, last_error="SMTP 550 5.1.1"
    )
    Message.objects.filter(channel="sms").update(state=MessageState.SENT, sent_at=timezone.now())
    Message.objects.update(created_at=F("created_at") - timedelta(hours=2))
    return made


def deeds(document: SharedDocument) -> list[str]:
    return [f"/pro/documents/{document.pk}/{deed}/" for deed in ("chase", "correct")]


def test_whoever_shares_sees_what_did_not_arrive_why_and_the_fix(
    document: SharedDocument, alice: User, bob: User, carol: User, sign_in: SignIn
) -> None:
    for user in (alice, bob, carol):
        page = page_text(sign_in(user).get(PAGE))
        assert "Marie Durand" in page
        assert "Cette adresse n’existe pas (SMTP 550 5.1.1)." in page
        assert "marie.durand@courriel.example" in page
        assert "SMS : envoyé le" in page
        for deed in (*deeds(document), f"/pro/documents/{document.pk}/take-back/"):
            assert deed in page
        assert '<span class="count">1<span class="visually-hidden">à traiter</span></span>' in one_line(page)


def test_the_appointment_says_the_same_and_every_page_has_the_count(
    document: SharedDocument, bob: User, sign_in: SignIn
) -> None:
    panel = page_text(sign_in(bob).get(f"/pro/appointments/{document.appointment_id}/"))
    assert "Cette adresse n’existe pas (SMTP 550 5.1.1)." in panel
    assert "Corriger les coordonnées" in panel
    for page in ("/pro/", "/pro/patients/", "/pro/library/"):
        assert '<span class="count">1<' in page_text(sign_in(bob).get(page))


def test_the_list_of_everything_has_what_arrived_and_what_was_read(
    document: SharedDocument, bob: User, sign_in: SignIn
) -> None:
    Message.objects.update(
        state=MessageState.DELIVERED, sent_at=timezone.now(), delivered_at=timezone.now(), cause=""
    )
    assert "Rien à traiter" in page_text(sign_in(bob).get(PAGE))
    everything = page_text(sign_in(bob).get(PAGE, {"show": "all"}))
    assert "E-mail : remis le" in everything
    assert "Pas encore lu" in everything
    SharedDocument.objects.update(first_read_at=timezone.now())
    everything = page_text(sign_in(bob).get(PAGE, {"show": "all"}))
    assert "Lu le" in everything
    assert "Relancer" not in everything
    SharedDocument.objects.update(shared_at=timezone.now() - timedelta(days=31))
    assert "Rien n’a été partagé ces 30 derniers jours" in page_text(sign_in(bob).get(PAGE, {"show": "all"}))


def test_a_reader_sees_and_does_nothing(document: SharedDocument, rita: User, sign_in: SignIn) -> None:
    browser = sign_in(rita)
    page = page_text(browser.get(PAGE))
    assert "Marie Durand" in page
    assert "Relancer" not in page
    assert "Retirer" not in page
    for deed in deeds(document):
        assert browser.post(deed).status_code == 403
    assert browser.get(deeds(document)[1]).status_code == 403
    assert Message.objects.count() == 2


def test_strangers_patients_and_anonymous_find_nothing(
    document: SharedDocument, charlie: User, hugo: User, sign_in: SignIn
) -> None:
    assert "Marie Durand" not in page_text(sign_in(charlie).get(PAGE))
    assert '<span class="count">' not in page_text(sign_in(charlie).get(PAGE))
    assert sign_in(hugo).get(PAGE).status_code == 404
    for deed in deeds(document):
        for user in (charlie, hugo):
            assert sign_in(user).post(deed).status_code == 404
        assert Client().post(deed)["Location"].startswith("/account/login/")
    assert Client().get(PAGE)["Location"].startswith("/account/login/")


def test_wrong_verbs(document: SharedDocument, bob: User, sign_in: SignIn) -> None:
    browser = sign_in(bob)
    assert browser.put(PAGE).status_code == 405
    assert browser.get(deeds(document)[0]).status_code == 405
    assert browser.put(deeds(document)[1]).status_code == 405


def test_chasing_leads_back_to_where_the_button_was(document: SharedDocument, bob: User, sign_in: SignIn) -> None:
    browser, chase = sign_in(bob), deeds(document)[0]
    assert browser.post(chase, {"back": "deliveries"})["Location"] == PAGE
    page = page_text(browser.get(PAGE, {"show": "all"}))
    assert "Le message attend son envoi" in page
    assert "notice-good" not in page  # no success yet
    assert "Envoi en cours" in page
    assert chase not in page
    appointment = f"/pro/appointments/{document.appointment_id}/"
    assert browser.post(chase, {"back": "https://evil.example"})["Location"] == appointment
    assert "rien n’est envoyé en double" in page_text(browser.get(appointment))
    assert Message.objects.count() == 3  # none to the refused address
    back = browser.post(f"/pro/documents/{document.pk}/take-back/", {"back": "deliveries"})
    assert back["Location"] == PAGE


def test_correcting_changes_the_record_and_sends(document: SharedDocument, bob: User, sign_in: SignIn) -> None:
    browser, address = sign_in(bob), deeds(document)[1]
    form = page_text(browser.get(address, {"back": "deliveries"}))
    assert 'value="marie.durand@courriel.example"' in form
    assert "Cette adresse n’existe pas" in form
    wrong = browser.post(address, {"email": "marie", "mobile": "0612345678"})
    assert wrong.status_code == 400
    assert "Il y a un problème" in page_text(wrong)
    assert 'value="marie"' in page_text(wrong)
    empty = browser.post(address, {"email": "", "mobile": "0612345678"})
    assert "Saisissez l’adresse e-mail du patient." in page_text(empty)
    answer = browser.post(
        address, {"email": "marie@durand.example", "mobile": "06 12 34 56 78", "back": "deliveries"}
    )
    assert answer["Location"] == PAGE
    assert Patient.objects.get().email == "marie@durand.example"
    assert Message.objects.filter(to="marie@durand.example", state="queued").exists()
    assert "Rien à traiter" in page_text(browser.get(PAGE))


def test_an_automatic_sending_that_nobody_may_receive_is_told(
    access_plan: LibraryDocument, carol: User, bob: User, book_for: BookFixture, marie: Patient, sign_in: SignIn
) -> None:
    save_rule(practice=marie.practice, content=RuleContent(name="Plan", documents=[access_plan]), by=carol)
    Patient.objects.update(email=None, mobile=None)
    book_for(Patient.objects.get())
    an_hour_ago = timezone.now() - timedelta(hours=1)
    AutoSend.objects.update(due_at=an_hour_ago, retry_at=timezone.now())
    page = page_text(sign_in(bob).get(PAGE))
    assert "Plan d’accès" in page
    assert "Aucune coordonnée du destinataire n’est connue" in page
    assert '<span class="count">1<' in one_line(page)
    AutoSend.objects.update(state="failed", retry_at=None)
    assert "n’a pas pu être envoyé" in page_text(sign_in(bob).get(PAGE))


def test_pages_of_thirty_and_the_same_number_of_queries(
    document: SharedDocument, bob: User, sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    messages = list(Message.objects.all())
    for number in range(60):
        copy = SharedDocument.objects.get(pk=document.pk)
        copy.pk, copy.title = None, f"Document {number}"
        copy.shared_at = timezone.now() - timedelta(minutes=number + 1)
        copy.save(force_insert=True)
        copy.messages.add(*messages)
    browser = sign_in(bob)
    with django_assert_max_num_queries(27):
        first = browser.get(PAGE)
    assert page_text(first).count("data-delivery=") == 30
    after = first.context["next_after"]
    second = browser.get(PAGE, {"after": after})
    assert page_text(second).count("data-delivery=") == 30
    assert browser.get(PAGE, {"after": "nonsense"}).status_code == 200


def test_a_refused_address_offers_its_correction_and_no_second_refusal(
    document: SharedDocument, bob: User, sign_in: SignIn
) -> None:
    Message.objects.filter(channel="sms").update(state=MessageState.FAILED, cause=Cause.NUMBER_REFUSED)
    browser, (chase, correct) = sign_in(bob), deeds(document)
    for address in (PAGE, f"/pro/appointments/{document.appointment_id}/"):
        page = page_text(browser.get(address))
        assert chase not in page
        assert correct in page
        assert "corrigez-les pour renvoyer" in page
    said = page_text(browser.post(chase, {"back": "deliveries"}, follow=True))
    assert "corrigez-les d’abord" in said
    assert Message.objects.count() == 2
