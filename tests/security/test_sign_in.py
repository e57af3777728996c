"""Signing in: sessions, second factors, codes, and no disclosure of accounts."""

from __future__ import annotations

import re
import statistics
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.password_validation import validate_password
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.codes import TooManyCodes, check_code, new_code
from accounts.models import KnownDevice, OneTimeCode, User
from appointments.models import Appointment
from audit.models import AuditEvent
from documents.models import LibraryDocument
from documents.sharing.share import share_library_document
from notifications.models import Message
from patients.invitations import invitation_for, invitation_url, invite_after_identity_check
from patients.models import Patient, RecordTie
from patients.records import FormerContacts, change_patient
from practices.models import Membership
from tests.conftest import PASSWORD
from tests.documents.conftest import *  # noqa: F403  # a document of the library

SignIn = Callable[..., Client]
PAGES = ("/documents/", "/my-account/", "/my-appointments/", "/api/v1/me/", "/api/v1/me/documents/", "/pro/")


@pytest.fixture
def proved(holder: User) -> User:
    """Hugo: email and mobile proved, without a second factor."""
    return holder


@pytest.fixture
def staff(alice: User) -> User:
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    return alice


def type_password(client: Client, user: User, password: str = PASSWORD) -> Any:
    return client.post("/account/login/", {"login": user.email, "password": password})


def code_sent_to(mobile: str) -> str:
    text = Message.objects.filter(channel="sms", to=mobile).latest("created_at").body
    found = re.match(r"\d{6}", text)
    assert found
    return found[0]


def is_anonymous(client: Client) -> bool:
    return all(client.get(page).status_code in (302, 401, 404) for page in PAGES) and (
        client.post("/documents/zip/").status_code == 302
    )


def signed_in(client: Client) -> bool:
    return client.get("/my-account/").status_code == 200


# --- New device ------------------------------------------------------------------------------------------------


def test_with_the_password_alone_a_new_device_is_anonymous_everywhere(proved: User) -> None:
    client = Client()
    answer = type_password(client, proved)
    assert answer["Location"] == "/account/device/"
    assert is_anonymous(client)
    assert client.get("/account/device/").status_code == 200
    wrong = client.post("/account/device/", {"code": "000000"})
    assert wrong.status_code == 400
    assert is_anonymous(client)
    client.post("/account/device/", {"code": code_sent_to("+33698765432"), "remember": "1"})
    assert signed_in(client)


def test_a_known_device_is_not_asked_again_and_a_forgotten_one_is(proved: User) -> None:
    client = Client()
    type_password(client, proved)
    client.post("/account/device/", {"code": code_sent_to("+33698765432"), "remember": "1"})
    client.post("/account/logout/")
    assert type_password(client, proved)["Location"] == "/"
    client.post("/account/logout/")
    KnownDevice.objects.update(last_seen_at=timezone.now() - timedelta(days=181))
    assert type_password(client, proved)["Location"] == "/account/device/"


def test_a_device_known_to_one_account_is_new_to_another(proved: User, staff: User) -> None:
    client = Client()
    type_password(client, proved)
    client.post("/account/device/", {"code": code_sent_to("+33698765432"), "remember": "1"})
    client.post("/account/logout/")
    User.objects.filter(pk=staff.pk).update(mobile="+33611112222", mobile_verified_at=timezone.now())
    assert type_password(client, staff)["Location"] == "/account/device/"


def test_the_device_page_alone_leads_to_sign_in() -> None:
    assert Client().get("/account/device/")["Location"].startswith("/account/login/")


def test_five_wrong_codes_end_a_code_and_a_new_one_can_be_asked(proved: User) -> None:
    client = Client()
    type_password(client, proved)
    right = code_sent_to("+33698765432")
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        client.post("/account/device/", {"code": wrong})
    client.post("/account/device/", {"code": right})
    assert is_anonymous(client)
    client.post("/account/device/", {"resend": "1"})
    client.post("/account/device/", {"code": code_sent_to("+33698765432")})
    assert signed_in(client)
    assert not KnownDevice.objects.exists()  # the box was not ticked


def test_with_a_second_factor_of_their_own_they_are_asked_for_that(proved: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(proved, secret)
    client = Client()
    assert type_password(client, proved)["Location"] == "/account/2fa/authenticate/"
    assert is_anonymous(client)
    assert not Message.objects.filter(channel="sms").exists()
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    client.post("/account/2fa/authenticate/", {"code": code})
    assert signed_in(client)


# --- Sessions ---------------------------------------------------------------------------------------------------


def test_the_session_key_turns_at_sign_in_and_at_sign_out(staff: User) -> None:
    client = Client()
    client.get("/account/login/")
    client.session["planted"] = "1"
    client.session.save()
    keys = [client.session.session_key]
    type_password(client, staff)
    keys.append(client.session.session_key)
    answer = client.post("/account/logout/")
    keys.append(client.session.session_key)
    assert len(set(keys)) == 3
    assert answer["Clear-Site-Data"] == '"cache"'


def test_a_password_reset_ends_other_sessions_and_asks_for_the_code_all_the_same(proved: User) -> None:
    other = Client()
    other.force_login(proved, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert signed_in(other)
    client = Client()
    client.post("/account/password/reset/", {"email": proved.email})
    link = re.search(r"/account/password/reset/key/\S+", Message.objects.get(channel="email").body)
    assert link
    form = client.get(link[0], follow=True).redirect_chain[-1][0]
    new = "une autre phrase facile 7"
    client.post(form, {"password1": new, "password2": new})
    assert not signed_in(other)
    assert is_anonymous(client)
    assert type_password(client, proved, new)["Location"] == "/account/device/"


def test_a_session_left_alone_ends_and_what_pages_ask_by_themselves_is_not_use(
    proved: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.SESSION_IDLE_SECONDS = 1000
    client, clock = sign_in(proved), time.time()
    looks: list[tuple[int, dict[str, Any], bool]] = [
        (900, {}, True),
        (1800, {"HTTP_X_BACKGROUND": "1"}, True),
        (2000, {}, False),
    ]
    for passed, headers, still in looks:
        monkeypatch.setattr("accounts.sessions.time.time", lambda passed=passed: clock + passed)
        if passed == 900:
            signed_in(client)
        assert (client.get("/my-account/", **headers).status_code == 200) is still, passed


def test_a_session_ends_however_much_it_is_used(
    proved: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    client, clock = sign_in(proved), time.time()
    assert signed_in(client)
    for hour in range(1, 13):
        monkeypatch.setattr("accounts.sessions.time.time", lambda hour=hour: clock + hour * 3500)
        assert signed_in(client)
    monkeypatch.setattr("accounts.sessions.time.time", lambda: clock + 12 * 3600 + 60)
    assert not signed_in(client)


def test_a_session_that_is_about_to_end_can_be_kept_by_one_key(
    proved: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, clock = sign_in(proved), time.time()
    page = client.get("/my-account/").content.decode()
    assert 'data-session-seconds="3600"' in page
    assert "data-session-dialog" in page
    monkeypatch.setattr("accounts.sessions.time.time", lambda: clock + 3590)
    assert client.post("/account/stay/").status_code == 204
    monkeypatch.setattr("accounts.sessions.time.time", lambda: clock + 7000)
    assert signed_in(client)


def test_removed_staff_are_out_at_the_next_request(staff: User, sign_in: SignIn) -> None:
    client = sign_in(staff)
    assert client.get("/pro/").status_code == 200
    Membership.objects.filter(user=staff).delete()
    assert client.get("/pro/").status_code == 404
    User.objects.filter(pk=staff.pk).update(is_active=False)
    assert client.get("/my-account/").status_code == 302


@pytest.mark.parametrize("path", ["/pro/", "/pro/patients/", "/documents/", "/api/v1/patients/", "/admin/"])
def test_staff_need_a_second_factor_before_anything_else(
    path: str, staff: User, proved: User, sign_in: SignIn, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = True
    client = sign_in(staff)
    assert client.get(path).status_code == (403 if path.startswith("/api/") else 302)
    assert client.get("/account/2fa/").status_code == 200
    assert sign_in(proved).get("/documents/").status_code == 200
    TOTP.activate(staff, generate_totp_secret())
    assert client.get("/pro/").status_code == 200


def test_staff_type_their_password_once_at_their_first_sign_in(staff: User, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True
    client = Client()
    type_password(client, staff)
    assert client.get("/pro/")["Location"] == "/account/2fa/totp/activate/"
    page = client.get("/account/2fa/totp/activate/")
    secret = page.context["form"].secret
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    assert client.post("/account/2fa/totp/activate/", {"code": code})["Location"] == "/account/2fa/recovery-codes/"
    assert client.get("/account/2fa/recovery-codes/").status_code == 200
    assert client.get("/pro/").status_code == 200


def test_a_first_second_factor_asks_to_sign_in_again_after_five_minutes(staff: User, sign_in: SignIn) -> None:
    assert asks_again(sign_in(staff, minutes=6), "/account/2fa/totp/activate/")
    assert asks_again(sign_in(staff, minutes=6), "/account/2fa/webauthn/add/")


def test_whoever_has_a_second_factor_signs_in_again_to_change_it(staff: User, sign_in: SignIn) -> None:
    TOTP.activate(staff, generate_totp_secret())
    client = sign_in(staff)
    for path in ("totp/deactivate/", "webauthn/add/", "recovery-codes/generate/"):
        assert asks_again(client, f"/account/2fa/{path}")


def asks_again(client: Client, path: str) -> bool:
    answer = client.get(path)
    return answer.status_code == 302 and "/reauthenticate/" in answer["Location"]


def test_a_recovery_code_is_no_second_factor_by_itself(staff: User, sign_in: SignIn, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True
    Authenticator.objects.create(user=staff, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert sign_in(staff).get("/pro/").status_code == 302


# --- Telling nobody apart ------------------------------------------------------------------------------------


def told(answer: Any) -> tuple[int, str]:
    text = re.sub(r'csrfmiddlewaretoken" value="[^"]+"', "", answer.content.decode())
    return answer.status_code, re.sub(r'value="[^"@]+@[^"]+"', "", text)


@pytest.mark.parametrize(
    ("path", "field", "more"),
    [
        ("/account/login/", "login", {"password": "pas la bonne phrase"}),
        ("/account/password/reset/", "email", {}),
    ],
)
def test_known_and_unknown_people_get_the_same_answer(
    path: str, field: str, more: dict[str, str], proved: User
) -> None:
    known = Client().post(path, {field: proved.email, **more}, follow=True)
    unknown = Client().post(path, {field: "personne@courriel.example", **more}, follow=True)
    assert told(known) == told(unknown)


@pytest.mark.slow
def test_known_and_unknown_people_wait_the_same_time_at_sign_in(proved: User, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    settings.SIGN_IN_TRIES = settings.SIGN_IN_TRIES_OF_AN_ADDRESS = 1000
    proved.set_password(PASSWORD)
    proved.save()
    times: dict[str, list[float]] = {proved.email: [], "personne@courriel.example": []}
    for _ in range(12):
        for address, taken in times.items():
            cache.clear()
            start = time.perf_counter()
            Client().post("/account/login/", {"login": address, "password": "pas la bonne phrase"})
            taken.append(time.perf_counter() - start)
    known, unknown = (statistics.median(taken) for taken in times.values())
    assert 0.5 < known / unknown < 2


def test_an_invitation_says_the_same_whether_an_account_exists_or_not(marie: Patient) -> None:
    """Its first page and its code page come before any proof except the mailbox."""
    address = invitation_url(invitation_for(patient=marie, by=None)).removeprefix("http://testserver")
    path = "/" + address.split("/", 3)[-1] if address.startswith("http") else address
    before = [told(Client().get(path)), told(Client().post(path, follow=True))]
    User.objects.create_user(marie.email or "", PASSWORD, mobile=marie.mobile)
    OneTimeCode.objects.all().delete()
    assert [told(Client().get(path)), told(Client().post(path, follow=True))] == before


# --- Codes -------------------------------------------------------------------------------------------------------


def test_a_code_is_six_digits_once_for_ten_minutes_and_for_its_purpose(proved: User) -> None:
    code = new_code(purpose="a", subject_id=proved.pk)
    assert re.fullmatch(r"\d{6}", code)
    assert not check_code(purpose="b", subject_id=proved.pk, digits=code)
    assert check_code(purpose="a", subject_id=proved.pk, digits=code)
    assert not check_code(purpose="a", subject_id=proved.pk, digits=code)
    late = new_code(purpose="a", subject_id=proved.pk)
    OneTimeCode.objects.update(expires_at=timezone.now())
    assert not check_code(purpose="a", subject_id=proved.pk, digits=late)


def test_five_tries_hold_when_the_cache_is_flushed(proved: User) -> None:
    code = new_code(purpose="a", subject_id=proved.pk)
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        cache.clear()
        assert not check_code(purpose="a", subject_id=proved.pk, digits=wrong)
    assert not check_code(purpose="a", subject_id=proved.pk, digits=code)


def test_no_more_than_five_codes_an_hour(proved: User) -> None:
    for _ in range(5):
        new_code(purpose="a", subject_id=proved.pk)
    cache.clear()
    with pytest.raises(TooManyCodes):
        new_code(purpose="a", subject_id=proved.pk)


def test_a_code_is_worth_nothing_from_a_dump_of_the_database(proved: User) -> None:
    code = new_code(purpose="a", subject_id=proved.pk)
    assert code not in str(OneTimeCode.objects.values().get())


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_guesses_at_the_same_moment_are_five_and_the_right_code_opens_once(proved: User) -> None:
    code = new_code(purpose="a", subject_id=proved.pk)
    wrong = [f"{(int(code) + step) % 1_000_000:06d}" for step in range(1, 17)]
    assert at_once(wrong, proved.pk) == 0
    assert OneTimeCode.objects.get().attempts == 5
    assert not check_code(purpose="a", subject_id=proved.pk, digits=code)
    assert at_once([new_code(purpose="a", subject_id=proved.pk)] * 5, proved.pk) == 1


def at_once(guesses: list[str], subject_id: uuid.UUID) -> int:
    """The number of correct guesses, each on a connection of its own."""
    start = threading.Barrier(len(guesses))

    def guess(digits: str) -> bool:
        try:
            connection.ensure_connection()
            start.wait(30)
            return check_code(purpose="a", subject_id=subject_id, digits=digits)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(guesses)) as pool:
        return sum(pool.map(guess, guesses))


# --- Changing one's contacts ------------------------------------------------------------------------------------


def test_a_new_mobile_is_proved_the_old_one_told_and_every_device_new_again(proved: User) -> None:
    client = Client()
    type_password(client, proved)
    client.post("/account/device/", {"code": code_sent_to("+33698765432"), "remember": "1"})
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    assert client.post("/my-account/mobile/", {"mobile": "12"}).status_code == 400
    client.post("/my-account/mobile/", {"mobile": "06 11 22 33 44"})
    proved.refresh_from_db()
    assert proved.mobile == "+33698765432"
    assert client.post("/my-account/mobile/code/", {"code": "000000"}).status_code == 400
    client.post("/my-account/mobile/code/", {"code": code_sent_to("+33611223344")})
    proved.refresh_from_db()
    assert proved.mobile == "+33611223344"
    assert "vient de changer" in Message.objects.filter(to="+33698765432").latest("created_at").body
    assert Message.objects.filter(to=proved.email, subject__startswith="Votre numéro de mobile a changé").exists()
    assert AuditEvent.objects.filter(action="account.mobile_changed", actor_id=proved.pk).exists()
    elsewhere = Client()
    assert type_password(elsewhere, proved)["Location"] == "/account/device/"


def test_changing_ones_mobile_asks_to_sign_in_again(proved: User, sign_in: SignIn) -> None:
    answer = sign_in(proved).get("/my-account/mobile/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/reauthenticate/")


def test_a_new_email_is_proved_and_the_old_one_told(proved: User) -> None:
    client = Client()
    type_password(client, proved)
    client.post("/account/device/", {"code": code_sent_to("+33698765432")})
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    old = proved.email
    client.post("/account/email/", {"action_add": "", "email": "nouveau@courriel.example"})
    proved.refresh_from_db()
    assert proved.email == old
    link = re.search(r"/account/confirm-email/\S+", Message.objects.get(to="nouveau@courriel.example").body)
    assert link
    assert client.get(link[0]).status_code == 200
    proved.refresh_from_db()
    assert proved.email == old  # opening the link does not confirm it
    client.post(link[0])
    proved.refresh_from_db()
    assert proved.email == "nouveau@courriel.example"
    assert Message.objects.filter(to=old, channel="email").exists()


def test_an_address_that_was_typed_and_not_proved_gets_no_reset_of_the_password(proved: User) -> None:
    EmailAddress.objects.create(user=proved, email="faute.de.frappe@courriel.example", verified=False)
    Client().post("/account/password/reset/", {"email": "faute.de.frappe@courriel.example"})
    body = Message.objects.get(to="faute.de.frappe@courriel.example").body
    assert "/account/password/reset/key/" not in body


# --- Without one's telephone any more ------------------------------------------------------------------------


@pytest.fixture
def marias_account(marie: Patient) -> User:
    user = User.objects.create_user(
        marie.email or "", PASSWORD, mobile=marie.mobile, mobile_verified_at=timezone.now()
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    RecordTie.objects.create(
        user=user, patient=marie, relationship="self", proved_email=user.email, proved_mobile=marie.mobile or ""
    )
    return user


def follow(client: Client, patient: Patient, mobile: str) -> Any:
    """Follow the invitation's link, enter the code and the birth date. Returns the last answer."""
    invitation = patient.invitations.live().get()
    path = "/" + invitation_url(invitation).split("/", 3)[3]
    client.post(path)
    client.post("/invitation/code/", {"code": code_sent_to(mobile)})
    born = patient.birth_date
    return client.post("/invitation/birth-date/", {"day": born.day, "month": born.month, "year": born.year})


def test_staff_who_checked_an_identity_let_somebody_use_a_new_telephone(
    marie: Patient, marias_account: User, alice: User, sign_in: SignIn
) -> None:
    change_patient(patient=marie, by=alice, mobile="+33655555555", former_contacts=FormerContacts.SAME_PERSON)
    answer = sign_in(alice).post(f"/pro/patients/{marie.pk}/invite/", follow=True)
    assert "C’est inscrit dans l’historique" in answer.content.decode()
    assert AuditEvent.objects.filter(action="patient.identity_checked", actor_id=alice.pk).count() == 1
    client = Client()
    assert follow(client, marie, "+33655555555")["Location"].startswith("/account/login/")
    marias_account.refresh_from_db()
    assert marias_account.mobile == "+33655555555"
    assert Message.objects.filter(to="+33612345678", channel="sms").exists()  # the old number gets a message
    assert type_password(client, marias_account)["Location"] != "/account/device/"
    assert signed_in(client)


def test_without_the_staffs_check_nobodys_mobile_is_replaced(
    marie: Patient, marias_account: User, alice: User, appointment: Appointment, access_plan: LibraryDocument
) -> None:
    change_patient(patient=marie, by=alice, mobile="+33655555555", former_contacts=FormerContacts.SAME_PERSON)
    share_library_document(appointment=appointment, library_document=access_plan, by=alice)
    invitation_for(patient=marie, by=alice)
    follow(Client(), marie, "+33655555555")
    marias_account.refresh_from_db()
    assert marias_account.mobile == "+33612345678"


def test_an_account_at_the_same_mailbox_that_is_somebody_elses_keeps_its_mobile(marie: Patient, alice: User) -> None:
    """A couple's shared mailbox: the account is her husband's, with no tie to her record."""
    husband = User.objects.create_user(
        marie.email or "", PASSWORD, mobile="+33699999999", mobile_verified_at=timezone.now()
    )
    invite_after_identity_check(patient=marie, by=alice)
    follow(Client(), marie, marie.mobile or "")
    husband.refresh_from_db()
    assert husband.mobile == "+33699999999"


def test_readers_and_other_practices_invite_nobody_again(
    marie: Patient, rita: User, charlie: User, sign_in: SignIn
) -> None:
    assert sign_in(rita).post(f"/pro/patients/{marie.pk}/invite/").status_code == 403
    assert sign_in(charlie).post(f"/pro/patients/{marie.pk}/invite/").status_code == 404
    assert not marie.invitations.exists()


def test_a_phrase_of_ones_own_may_have_words_that_are_everybodys() -> None:
    validate_password("le chat du docteur dort")
    with pytest.raises(ValidationError):
        validate_password("docteur docteur")
