"""Failed messages about appointments: they are counted as to be handled, say for whom and about what, and can be
settled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.booking import delete
from appointments.cancelling import cancel
from appointments.models import Appointment
from appointments.moving import move
from appointments.reminders import send_due
from audit.models import AuditEvent
from documents.sharing.deliveries import attention_count
from notifications.causes import Cause
from notifications.models import Channel, Message, MessageState
from patients.models import Patient
from tests.conftest import BookFixture
from tests.markup import page_text
from tests.portals.test_headings import faults

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PAGE = "/pro/deliveries/"
CAUSES = {
    "sms": [Cause.TOO_MANY, Cause.COUNTRY, Cause.NUMBER_REFUSED, Cause.UNREACHABLE_TELEPHONE],
    "email": [Cause.ADDRESS_UNKNOWN, Cause.UNEXPECTED],
}


def fails(channel: str, cause: Cause, act: Callable[[], object]) -> Message:
    act()
    Message.objects.exclude(channel=channel).delete()
    Message.objects.update(state=MessageState.FAILED, cause=cause)
    return Message.objects.get()


def page_of(browser: Client, query: str = "") -> str:
    return page_text(browser.get(PAGE + query))


@pytest.mark.parametrize(("channel", "cause"), [(one, cause) for one, causes in CAUSES.items() for cause in causes])
@pytest.mark.parametrize("act", ["move", "cancel", "delete"])
def test_what_did_not_arrive_is_to_be_treated_until_somebody_has(
    appointment: Appointment, alice: User, bob: User, sign_in: SignIn, channel: str, cause: Cause, act: str
) -> None:
    acts: dict[str, Callable[[], object]] = {
        "move": lambda: move(appointment=appointment, by=alice, starts_at=timezone.now() + timedelta(days=3)),
        "cancel": lambda: cancel(appointment=appointment, by=alice),
        "delete": lambda: delete(appointment=appointment, by=alice),
    }
    message = fails(channel, cause, acts[act])
    if act == "delete":
        Message.objects.update(about=appointment.patient_id)
    browser = sign_in(bob)
    page = page_of(browser)
    assert attention_count(bob, appointment.practice) == 1
    assert "Rien à traiter" not in page
    assert "À traiter (1)" in page
    assert "Marie Durand" in page
    assert str(cause.label)[1:] in page
    assert message.to not in page
    assert ("06 •• •• •• 78" if channel == "sms" else "m•••@c….example") in page
    if act != "delete":
        assert "Dr Alice Morel" in page
        day = timezone.now() + timedelta(days=3) if act == "move" else appointment.starts_at
        assert str(timezone.localtime(day, appointment.practice.zone).day) in page
    assert f"/pro/patients/{appointment.patient_id}/" in page
    answer = browser.post(f"{PAGE}{message.pk}/settle/", follow=True)
    assert "Rien à traiter" in answer.content.decode()
    assert attention_count(bob, appointment.practice) == 0
    assert "Traité le" in page_of(browser, "?show=all")
    browser.post(f"{PAGE}{message.pk}/settle/")
    assert AuditEvent.objects.filter(action="message.settled").count() == 1


@pytest.mark.parametrize(
    ("cause", "changes"),
    [(Cause.TOO_MANY, False), (Cause.EXPIRED, False), (Cause.UNREACHABLE, False), (Cause.NUMBER_REFUSED, True)],
)
def test_who_changes_the_contacts_is_said_only_where_the_contact_is_why(
    appointment: Appointment, alice: User, bob: User, hugo: User, sign_in: SignIn, cause: Cause, changes: bool
) -> None:
    message = fails("sms", cause, lambda: cancel(appointment=appointment, by=alice))
    User.objects.filter(pk=hugo.pk).update(mobile=message.to)
    Appointment.objects.filter(pk=appointment.pk).update(holder=hugo)
    assert ("qui seul peut les changer" in page_of(sign_in(bob))) == changes


@pytest.mark.parametrize("query", ["", "?show=all"])
def test_a_heading_stands_only_above_what_there_is(
    appointment: Appointment, alice: User, bob: User, sign_in: SignIn, query: str
) -> None:
    fails("sms", Cause.NUMBER_REFUSED, lambda: cancel(appointment=appointment, by=alice))
    page = sign_in(bob).get(PAGE + query).content.decode()
    assert "Messages de rendez-vous non remis" in page
    assert "Documents partagés" not in page
    assert list(faults(page)) == []


def test_a_limit_shows_on_the_page_of_deliveries_at_once(
    appointment: Appointment, alice: User, bob: User, sign_in: SignIn, settings: Settings
) -> None:
    settings.SMS_PER_NUMBER = (0, 0)
    delete(appointment=appointment, by=alice)
    assert attention_count(bob, appointment.practice) == 1
    page = page_of(sign_in(bob))
    assert "Marie Durand</a>, rendez-vous supprimé" in page
    assert "Trop de SMS étaient déjà partis" in page


def test_what_is_over_or_was_said_anew_needs_nobody(appointment: Appointment, alice: User, bob: User) -> None:
    fails("sms", Cause.TOO_MANY, lambda: cancel(appointment=appointment, by=alice))
    practice = appointment.practice
    Appointment.objects.update(starts_at=timezone.now() - timedelta(hours=2), ends_at=timezone.now())
    assert attention_count(bob, practice) == 0
    ahead = timezone.now() + timedelta(hours=2)
    Appointment.objects.update(starts_at=ahead, ends_at=ahead + timedelta(hours=1))
    assert attention_count(bob, practice) == 1
    former = Message.objects.get()
    Message.objects.create(channel=former.channel, to=former.to, about=former.about, topic=former.topic,
                           due_at=timezone.now())  # fmt: skip
    assert attention_count(bob, practice) == 0


@pytest.mark.parametrize("who", ["rita", "charlie", "hugo"])
def test_nobody_else_settles(
    appointment: Appointment, alice: User, sign_in: SignIn, request: pytest.FixtureRequest, who: str
) -> None:
    message = fails("sms", Cause.TOO_MANY, lambda: cancel(appointment=appointment, by=alice))
    user = request.getfixturevalue(who)
    assert sign_in(user).post(f"{PAGE}{message.pk}/settle/").status_code in (403, 404)
    assert Message.objects.get().settled_at is None
    assert Client().post(f"{PAGE}{message.pk}/settle/").status_code == 302
    assert attention_count(user, appointment.practice) == (1 if who == "rita" else 0)


# --- Reminders ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "mobile", "lacks"),
    [
        (None, None, ["n’a pas d’e-mail", "n’a pas de mobile", "Aucun rappel ne peut partir."]),
        ("m@courriel.example", None, ["n’a pas de mobile"]),
        (None, "+33612345678", ["n’a pas d’e-mail"]),
        ("m@courriel.example", "+33612345678", []),
    ],
)
def test_the_panel_says_which_reminder_cannot_leave_and_why(
    book_for: BookFixture, marie: Patient, bob: User, sign_in: SignIn, email: str | None, mobile: str | None,
    lacks: list[str],
) -> None:  # fmt: skip
    Patient.objects.update(email=email, mobile=mobile)
    marie.refresh_from_db()
    booked = book_for(marie, starts_at=timezone.now() + timedelta(days=9))
    page = sign_in(bob).get(f"/pro/appointments/{booked.pk}/").content.decode()
    sentences = ("n’a pas d’e-mail", "n’a pas de mobile", "Aucun rappel ne peut partir.")
    assert [one for one in sentences if one in page] == [one for one in sentences if one in lacks]
    assert page.count("Prévu le") == (bool(email) + bool(mobile))


def test_a_reminder_that_nobody_got_is_not_said_to_be_sent(
    book_for: BookFixture, marie: Patient, bob: User, sign_in: SignIn
) -> None:
    Patient.objects.update(email=None)
    marie.refresh_from_db()
    booked = book_for(marie, starts_at=timezone.now() + timedelta(days=9))
    send_due(now=booked.starts_at - timedelta(hours=1))
    assert booked.reminders.get(channel=Channel.EMAIL).state == "cancelled"
    Message.objects.filter(channel=Channel.SMS).update(state=MessageState.FAILED, cause=Cause.NUMBER_REFUSED)
    page = sign_in(bob).get(f"/pro/appointments/{booked.pk}/").content.decode()
    assert "Envoyé le" not in page
    assert "Ce numéro est refusé par l’opérateur." in page
