"""The bar that offers to undo, and whose it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.models import Appointment, AppointmentStatus
from documents.models import LibraryDocument, SharedDocument, UndoableAct
from documents.sharing.share import share_library_document
from notifications.models import Channel, Message
from tests.conftest import PDF
from tests.documents.ways import on_day

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
BAR = re.compile(r'action="(/pro/acts/[0-9a-f-]+/undo/)"')


@pytest.fixture(autouse=True)
def _thirty_seconds(settings: Settings) -> None:
    settings.UNDO_FOR = timedelta(seconds=30)


@pytest.fixture
def browser(sign_in: SignIn, bob: User) -> Client:
    return sign_in(bob)


def bar_on(page: Any) -> str:
    found = BAR.search(page.content.decode())
    assert found, "nothing to undo"
    return found[1]


def cancelled(browser: Client, appointment: Appointment) -> Any:
    return browser.post(f"/pro/appointments/{appointment.pk}/cancel/", follow=True)


def test_whoever_cancelled_undoes_it_on_the_page_where_they_landed(browser: Client, appointment: Appointment) -> None:
    page = cancelled(browser, appointment)
    told = browser.post(bar_on(page), follow=True)
    assert "Le rendez-vous est rétabli" in told.content.decode()
    assert not BAR.search(told.content.decode())
    assert Appointment.objects.get().status == AppointmentStatus.BOOKED
    assert not Message.objects.exists()


def test_on_any_other_page_it_says_whose_it_is(browser: Client, appointment: Appointment) -> None:
    cancelled(browser, appointment)
    page = browser.get("/pro/deliveries/").content.decode()
    bar = page[page.index("data-undo-bar") :].partition("</form>")[0]
    assert "Annuler l’annulation" in bar
    assert appointment.patient.full_name in bar


def test_the_panel_offers_it_too(browser: Client, appointment: Appointment) -> None:
    cancelled(browser, appointment)
    headers = {"HX-Request": "true", "HX-Target": "panel"}
    bar_on(browser.get(f"/pro/appointments/{appointment.pk}/", headers=headers))


def test_it_does_not_exist_for_anybody_else_nor_in_another_session(
    browser: Client, appointment: Appointment, sign_in: SignIn, bob: User, alice: User, charlie: User
) -> None:
    address = bar_on(cancelled(browser, appointment))
    for stranger in (alice, charlie, bob):  # bob: signed in again elsewhere
        assert sign_in(stranger).post(address).status_code == 404
    assert Client().post(address).status_code in (302, 404)
    assert browser.get(address).status_code == 405
    assert Appointment.objects.get().status == AppointmentStatus.CANCELLED


def test_too_late_is_said_and_changes_nothing(browser: Client, appointment: Appointment) -> None:
    address = bar_on(cancelled(browser, appointment))
    with on_day(timezone.now() + timedelta(seconds=31)):
        told = browser.post(address, follow=True)
    assert "Trop tard" in told.content.decode()
    assert Appointment.objects.get().status == AppointmentStatus.CANCELLED


def test_a_receipt_offers_to_undo_and_leaving_the_page_lets_the_messages_go(
    browser: Client, appointment: Appointment
) -> None:
    body = {"category": "prescription", "file": SimpleUploadedFile("ordonnance.pdf", PDF)}
    address = f"/pro/appointments/{appointment.pk}/share/"
    receipt = browser.post(address, body, headers={"X-Requested-With": "card"})
    undo = bar_on(receipt)
    assert Message.objects.get(channel=Channel.EMAIL).due_at > timezone.now() + timedelta(minutes=4)
    assert browser.post(f"{address}left/").status_code == 204
    assert Message.objects.get(channel=Channel.EMAIL).due_at <= timezone.now() + timedelta(seconds=30)
    browser.post(undo)
    assert not SharedDocument.objects.exists()
    assert not Message.objects.exists()


def test_a_document_that_was_read_meanwhile_leads_to_taking_it_back(
    browser: Client, appointment: Appointment
) -> None:
    body = {"category": "prescription", "file": SimpleUploadedFile("ordonnance.pdf", PDF)}
    page = browser.post(f"/pro/appointments/{appointment.pk}/share/", body, follow=True)
    SharedDocument.objects.update(first_read_at=timezone.now())
    told = browser.post(bar_on(page), follow=True)
    assert "déjà été ouvert" in told.content.decode()
    assert told.redirect_chain[-1][0].endswith("/take-back/")


def test_a_document_taken_back_comes_back(
    browser: Client, appointment: Appointment, access_plan: LibraryDocument, bob: User
) -> None:
    document = share_library_document(appointment=appointment, library_document=access_plan, by=bob)
    page = browser.post(f"/pro/documents/{document.pk}/take-back/", follow=True)
    browser.post(bar_on(page))
    assert SharedDocument.objects.get().pk == document.pk


def test_a_program_has_nothing_to_undo_and_its_messages_leave_at_once(appointment: Appointment, bob: User) -> None:
    from rest_framework.test import APIClient

    api = APIClient()
    api.force_authenticate(bob)
    assert api.post(f"/api/v1/appointments/{appointment.pk}/cancel/").status_code == 200
    assert not UndoableAct.objects.exists()
    assert Message.objects.due().filter(channel=Channel.EMAIL).exists()
