"""From the email's link to the document: each proof, and each failure."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core.signing import Signer
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.codes import check_code, new_code
from accounts.models import OneTimeCode, User
from appointments.models import Appointment
from audit.models import AuditEvent
from documents.models import Category, SharedDocument
from documents.sharing.share import share_upload
from files.intake import Intake
from notifications.models import Channel, Message
from patients.models import Invitation, Patient, RecordTie
from patients.records import change_patient
from tests.markup import one_line

PASSWORD = "une phrase facile 42"
Receive = Callable[..., Intake]


@pytest.fixture
def document(appointment: Appointment, bob: User, prescription: Category, receive: Receive) -> SharedDocument:
    return share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="Ordonnance", placement=None, by=bob
    )


@pytest.fixture
def link(document: SharedDocument) -> str:
    """The address in the email."""
    body = Message.objects.get(channel=Channel.EMAIL).body
    found = re.search(r"http://\S+(/invitation/\S+)", body)
    assert found
    return found[1]


def code_sent() -> str:
    text = Message.objects.filter(channel=Channel.SMS, expires_at__isnull=False).latest("created_at").body
    return text[:6]


def prove_mobile(client: Client, link: str) -> None:
    assert client.post(link)["Location"] == "/invitation/code/"
    assert client.post("/invitation/code/", {"code": code_sent()})["Location"] == "/invitation/birth-date/"


def give_birth_date(client: Client, day: int = 3, month: int = 2, year: int = 1941) -> Any:
    return client.post("/invitation/birth-date/", {"day": day, "month": month, "year": year})


@pytest.mark.parametrize(("count", "said"), [(1, "Voir mon document"), (3, "Voir mes documents")])
def test_the_button_of_the_last_step_speaks_of_as_many_documents_as_wait(
    client: Client,
    link: str,
    appointment: Appointment,
    bob: User,
    prescription: Category,
    receive: Receive,
    count: int,
    said: str,
) -> None:
    for number in range(count - 1):
        share_upload(
            appointment=appointment,
            intake=receive(),
            category=prescription,
            title=f"Ordonnance {number}",
            placement=None,
            by=bob,
        )
    prove_mobile(client, link)
    give_birth_date(client)
    page = client.get("/invitation/password/").content.decode()
    assert f">{said}</button>" in one_line(page)
    User.objects.create_user("marie.durand@courriel.example", PASSWORD)
    there = client.get("/invitation/password/", follow=True).content.decode()
    assert ("voir vos documents" if count > 1 else "voir votre document") in there


def test_link_code_birth_date_password_and_the_document_is_there(
    client: Client, link: str, document: SharedDocument, marie: Patient
) -> None:
    page = client.get(link)
    assert page.status_code == 200
    assert page["Referrer-Policy"] == "no-referrer"
    assert "06\u00a0••\u00a0••\u00a0••\u00a078" in page.content.decode()
    prove_mobile(client, link)
    assert give_birth_date(client)["Location"] == "/invitation/password/"
    assert client.post("/invitation/password/", {"password": PASSWORD})["Location"] == "/documents/"
    assert "Ordonnance" in client.get("/documents/").content.decode()
    user = User.objects.get(email="marie.durand@courriel.example")
    assert user.mobile == "+33612345678"
    assert user.mobile_verified_at
    assert EmailAddress.objects.get(user=user).verified
    assert RecordTie.objects.get().patient == marie
    devices = client.get("/account/sessions/").content.decode()
    assert UserSession.objects.get().user == user  # listed there, and another device can end it
    assert 'href="/my-account/"' in devices
    over = client.get(link)
    assert over.status_code == 410
    assert "Voir mes documents" in over.content.decode()
    assert "Se connecter" not in over.content.decode()
    assert "Se connecter" in Client().get(link).content.decode()
    assert Client().post("/account/login/", {"login": user.email, "password": PASSWORD}).status_code == 302


def test_opening_the_link_sends_nothing_and_proves_nothing(client: Client, link: str) -> None:
    before = (Message.objects.count(), Invitation.objects.values().get(), AuditEvent.objects.count())
    for _ in range(3):
        client.get(link)
        client.head(link)
    assert (Message.objects.count(), Invitation.objects.values().get(), AuditEvent.objects.count()) == before
    for step in ("code", "birth-date", "password", "confirm"):
        assert client.get(f"/invitation/{step}/").status_code == 404


@pytest.mark.parametrize("token", ["x", "00000000-0000-0000-0000-000000000000.AAAA", "%00"])
def test_a_link_that_was_never_ours_is_a_404(token: str, client: Client, db: None) -> None:
    assert client.get(f"/invitation/{token}/").status_code == 404


def test_the_code_of_another_browser_does_not_help(client: Client, link: str) -> None:
    prove_mobile(client, link)
    other = Client()
    other.post(link)
    assert give_birth_date(other)["Location"] == "/invitation/code/"
    assert other.post("/invitation/password/", {"password": PASSWORD})["Location"] == "/invitation/birth-date/"


def test_five_wrong_codes_and_the_right_one_is_void(client: Client, link: str) -> None:
    client.post(link)
    right = code_sent()
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _ in range(5):
        assert client.post("/invitation/code/", {"code": wrong}).status_code == 400
    assert client.post("/invitation/code/", {"code": right}).status_code == 400


def test_a_code_is_of_use_once_and_for_ten_minutes(client: Client, link: str) -> None:
    client.post(link)
    invitation, code = Invitation.objects.get(), code_sent()
    assert check_code(purpose="invitation", subject_id=invitation.pk, digits=code)
    assert not check_code(purpose="invitation", subject_id=invitation.pk, digits=code)
    client.post("/invitation/code/", {"resend": "1"})
    OneTimeCode.objects.update(expires_at=timezone.now())
    assert not check_code(purpose="invitation", subject_id=invitation.pk, digits=code_sent())


def test_a_new_code_voids_the_old_one_and_five_an_hour_are_enough(client: Client, link: str) -> None:
    client.post(link)
    first = code_sent()
    for _ in range(6):
        client.post("/invitation/code/", {"resend": "1"})
    assert OneTimeCode.objects.count() == 5
    invitation = Invitation.objects.get()
    if first != code_sent():
        assert not check_code(purpose="invitation", subject_id=invitation.pk, digits=first)


def test_five_wrong_birth_dates_end_the_invitation_and_tell_the_practice(client: Client, link: str) -> None:
    prove_mobile(client, link)
    for left in (4, 3, 2, 1):
        page = give_birth_date(client, day=4).content.decode()
        assert f"Il vous reste {left} essai" in page
        assert '<li><a href="#id_day">' in one_line(page)  # the summary leads to the field
    assert give_birth_date(client, day=4).status_code == 410
    assert Invitation.objects.get().end == "too_many_attempts"
    told = Message.objects.get(to="cabinet@lilas.example")
    assert "Durand" not in told.subject + told.body
    assert AuditEvent.objects.filter(action="invitation.stopped").count() == 1
    assert client.post(link).status_code == 410


def test_changed_contacts_end_the_invitation(client: Client, link: str, marie: Patient, bob: User) -> None:
    prove_mobile(client, link)
    change_patient(patient=marie, by=bob, email="autre@courriel.example")
    assert give_birth_date(client).status_code == 410
    assert not RecordTie.objects.exists()


def test_an_expired_link_offers_a_new_one_to_the_same_address(client: Client, link: str) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    page = client.get(link)
    assert page.status_code == 410
    assert "Recevoir un nouveau lien" in page.content.decode()
    client.post(f"{link}renew/")
    assert Message.objects.filter(channel=Channel.EMAIL).latest("created_at").to == "marie.durand@courriel.example"
    assert client.get(link).status_code == 200


def test_an_account_at_this_address_signs_in_first(client: Client, link: str, document: SharedDocument) -> None:
    user = User.objects.create_user("marie.durand@courriel.example", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    prove_mobile(client, link)
    assert give_birth_date(client)["Location"].startswith("/account/login/?next=")
    assert not RecordTie.objects.exists()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/invitation/confirm/").status_code == 200
    assert client.post("/invitation/confirm/")["Location"] == "/documents/"
    assert RecordTie.objects.get().user == user


def test_an_account_that_proved_both_contacts_gives_the_birth_date_alone(
    link: str, sign_in: Callable[[User], Client], marie: Patient
) -> None:
    user = User.objects.create_user(
        marie.email or "", PASSWORD, mobile=marie.mobile, mobile_verified_at=timezone.now()
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    browser = sign_in(user)
    assert browser.post(link)["Location"] == "/invitation/birth-date/"
    assert not OneTimeCode.objects.exists()
    assert give_birth_date(browser)["Location"] == "/invitation/confirm/"
    assert browser.post("/invitation/confirm/")["Location"] == "/documents/"
    assert RecordTie.objects.get().user == user


@pytest.mark.parametrize(
    "password",
    [
        *("court", "123456789012", "password1234", "marie.durand@courriel.example"),
        *("motdepasse12", "Docshare-2026!!", "Le cabinet médical 75", "secrétariat2026"),
    ],
)
def test_weak_passwords_are_refused_with_a_sentence(password: str, client: Client, link: str) -> None:
    prove_mobile(client, link)
    give_birth_date(client)
    page = client.post("/invitation/password/", {"password": password})
    assert page.status_code == 400
    assert "Il y a un problème" in page.content.decode()
    assert not User.objects.filter(email="marie.durand@courriel.example").exists()


def test_a_minors_record_is_tied_to_its_guardian(client: Client, link: str, marie: Patient) -> None:
    born = timezone.localdate() - timedelta(days=365 * 9)
    Patient.objects.update(birth_date=born)
    prove_mobile(client, link)
    give_birth_date(client, born.day, born.month, born.year)
    client.post("/invitation/password/", {"password": PASSWORD})
    tie = RecordTie.objects.get()
    assert tie.relationship == "guardian"
    assert tie.user.first_name == ""


def test_the_link_is_no_use_from_a_dump_of_the_database(link: str) -> None:
    """Without SECRET_KEY nobody can derive the link from the row, and the message with it is encrypted."""
    token = link.split("/")[2]
    guess = Signer(key="another installation's", salt="patients.invitation", sep=".")
    assert guess.sign(str(Invitation.objects.get().pk)) != token
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM notifications_message")
        assert all(token not in row[0] for row in cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_parallel_guesses_are_bounded_too(marie: Patient) -> None:
    digits = new_code(purpose="test", subject_id=marie.pk)
    wrong = f"{(int(digits) + 1) % 1_000_000:06d}"
    results: list[bool] = []

    def guess() -> None:
        results.append(check_code(purpose="test", subject_id=marie.pk, digits=wrong))
        connection.close()

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [False] * 12
    assert OneTimeCode.objects.get().attempts == 5
    assert not check_code(purpose="test", subject_id=marie.pk, digits=digits)
