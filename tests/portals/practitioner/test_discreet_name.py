"""An administrator sets the practice's name in messages."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parseaddr

import pytest
from django.conf import settings
from django.test import Client
from icalendar import Calendar

from accounts.models import User
from appointments.cancelling import cancel
from appointments.models import Appointment
from audit.models import AuditEvent
from notifications.channels.email import compose
from notifications.models import Message
from practices.models import Practice

pytestmark = pytest.mark.django_db
PAGE = "/pro/settings/name/"


def test_an_administrator_chooses_it_and_empties_it(
    sign_in: Callable[[User], Client], carol: User, practice: Practice
) -> None:
    browser = sign_in(carol)
    answer = browser.post(PAGE, {"practice": practice.pk, "discreet_name": "  Maison   des Lilas "}, follow=True)
    assert "Maison des Lilas" in answer.content.decode()
    practice.refresh_from_db()
    assert practice.name_in_messages == "Maison des Lilas"
    assert AuditEvent.objects.get(action="practice.correspondence_changed").detail == {"fields": ["discreet_name"]}
    browser.post(PAGE, {"practice": practice.pk, "discreet_name": "\u200b\u202eLilas\u2060 "})
    practice.refresh_from_db()
    assert practice.name_in_messages == "Lilas"
    browser.post(PAGE, {"practice": practice.pk, "discreet_name": "\u200b\u2060"})
    practice.refresh_from_db()
    assert practice.name_in_messages == practice.name == "Cabinet des Lilas"


def test_one_that_is_too_long_is_refused_and_kept_in_the_form(
    sign_in: Callable[[User], Client], carol: User, practice: Practice
) -> None:
    answer = sign_in(carol).post(PAGE, {"practice": practice.pk, "discreet_name": "L" * 101})
    assert answer.status_code == 400
    assert "L" * 101 in answer.content.decode()
    practice.refresh_from_db()
    assert practice.discreet_name == ""


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie", "hugo"])
def test_nobody_else_does(
    sign_in: Callable[[User], Client], practice: Practice, request: pytest.FixtureRequest, who: str
) -> None:
    answer = sign_in(request.getfixturevalue(who)).post(PAGE, {"practice": practice.pk, "discreet_name": "Autre"})
    assert answer.status_code in (403, 404)
    practice.refresh_from_db()
    assert practice.discreet_name == ""


def test_it_needs_a_session_and_a_post(sign_in: Callable[[User], Client], carol: User) -> None:
    assert Client().post(PAGE).status_code == 302
    assert sign_in(carol).get(PAGE).status_code == 405


TELLING = "addictologie@cabinet.example"


def test_the_address_of_replies_follows_the_choice_of_a_discreet_name(
    sign_in: Callable[[User], Client], carol: User, practice: Practice
) -> None:
    Practice.objects.update(email=TELLING)
    browser = sign_in(carol)
    assert f"Les réponses vont à {TELLING}." in browser.get("/pro/settings/messages/").content.decode()
    browser.post(PAGE, {"practice": practice.pk, "discreet_name": "Maison des Lilas"})
    page = browser.get("/pro/settings/messages/").content.decode()
    assert f"l’adresse {TELLING} n’est pas montrée" in page
    browser.post(
        PAGE, {"practice": practice.pk, "discreet_name": "Maison des Lilas", "discreet_email": "rdv@lilas.example"}
    )
    assert "Les réponses vont à rdv@lilas.example." in browser.get("/pro/settings/messages/").content.decode()
    wrong = browser.post(PAGE, {"practice": practice.pk, "discreet_name": "Autre", "discreet_email": "rdv@"})
    assert wrong.status_code == 400
    assert "Écrivez une adresse e-mail entière." in wrong.content.decode()
    assert 'value="rdv@"' in wrong.content.decode()


@pytest.mark.parametrize(
    ("name", "address", "shown"),
    [
        ("", "", TELLING),
        ("", "rdv@lilas.example", "rdv@lilas.example"),
        ("Maison des Lilas", "", ""),
        ("Maison des Lilas", "rdv@lilas.example", "rdv@lilas.example"),
        ("Maison des Lilas", TELLING, TELLING),
    ],
)
def test_mail_and_calendar_show_the_same_address_and_no_other(
    appointment: Appointment, alice: User, name: str, address: str, shown: str
) -> None:
    Practice.objects.update(email=TELLING, discreet_name=name, discreet_email=address)
    appointment.practice.refresh_from_db()
    appointment.patient.practice.refresh_from_db()
    cancel(appointment=appointment, by=alice)
    email = Message.objects.get(channel="email")
    organizer = next(iter(Calendar.from_ical(email.calendar).walk("VEVENT")))["organizer"]
    assert str(organizer) == f"mailto:{shown or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}"
    sent = compose(email).message()
    assert sent["Reply-To"] == (shown or None)
    assert ("Ne répondez pas à ce message" in email.body) is not bool(shown)
    if shown != TELLING:
        assert TELLING not in email.calendar.replace("\r\n ", "") + sent.as_string() + email.body + email.html
