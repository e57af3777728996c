"""A suspended practice: its staff do nothing, nothing leaves in its name, and patients read what was shared."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import resolve
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.devices import send_code
from accounts.models import Scope, User
from accounts.tokens import issue_token
from appointments.models import Appointment, Reminder
from appointments.models.reminder import ReminderState
from appointments.reminders import send_due as send_reminders
from audit.models import AuditEvent
from documents.models import AutoSend, SharedDocument
from documents.models.autosend import AutoSendState, Moment
from documents.sending.autosend import send_due
from notifications.delivery import deliver_due
from notifications.models import Channel, Message, MessageState
from patients.models import Patient
from portals.api import throttling
from portals.api.views.base import StaffView
from practices.models import Membership, Practice
from practices.roles import PracticeSuspended, require_administrator, require_practitioner, require_sharer
from practices.suspension import LONGEST_REASON, lift, suspend
from tests.security.addresses import address, routes
from tests.security.conftest import *  # noqa: F403  # a practice in use
from tests.security.test_addresses import VERBS, rows
from webhooks.delivery import deliver_due as deliver_webhooks
from webhooks.models import WebhookDelivery, WebhookEndpoint

SignIn = Callable[[User], Client]
REASON = "Le contrat s’est terminé le 1er novembre."
ROLES = ("is_practitioner", "is_secretary", "is_admin", "is_reader")


@pytest.fixture(autouse=True)
def as_many_calls_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "CALLS_A_SECOND", 10**6)


@pytest.fixture
def suspended(practice: Practice, root: User) -> Practice:
    """`ids` comes before it in a test: staff of a suspended practice make nothing."""
    suspend(practice=practice, reason=REASON, by=root)
    return practice


def bearer(user: User) -> APIClient:
    _token, secret = issue_token(user=user, name="test", scopes=list(Scope), by=None)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def staff_routes_of_api(ids: dict[str, Any]) -> list[str]:
    found = []
    for route in routes():
        if route.startswith("api/v1/") and "^" not in route:
            view = getattr(resolve(address(route, ids)).func, "view_class", None) or getattr(
                resolve(address(route, ids)).func, "cls", None
            )
            if view is not None and issubclass(view, StaffView):
                found.append(route)
    return found


@pytest.mark.parametrize(("held", "verbs"), [(ROLES, ("get", "post")), (("is_reader",), ("get",))])
def test_staff_see_one_page_at_every_address(
    held: tuple[str, ...],
    verbs: tuple[str, ...],
    ids: dict[str, Any],
    suspended: Practice,
    sign_in: SignIn,
    alice: User,
) -> None:
    Membership.objects.filter(user=alice).update(**{name: name in held for name in ROLES})
    client = sign_in(alice)
    before = rows()
    pages = [route for route in routes() if route.startswith("pro/")]
    assert len(pages) > 80
    for route, verb in product(pages, verbs):
        answer = getattr(client, verb)(address(route, ids))
        assert answer.status_code == 403, (verb, route, answer.status_code)
        shown = answer.content.decode()
        assert REASON in shown, (verb, route)
        assert "À qui s’adresser" in shown
        assert "Durand" not in shown
    assert rows() == before


@pytest.mark.parametrize("door", ["token", "session"])
def test_the_api_answers_staff_with_one_refusal(
    door: str, ids: dict[str, Any], suspended: Practice, sign_in: SignIn, alice: User
) -> None:
    Membership.objects.filter(user=alice).update(**dict.fromkeys(ROLES, True))
    caller = bearer(alice) if door == "token" else sign_in(alice)
    before = rows()
    calls = staff_routes_of_api(ids)
    assert len(calls) >= 40
    for route, verb in product(calls, VERBS):
        answer = getattr(caller, verb)(address(route, ids))
        if answer.status_code != 405:
            assert answer.status_code == 403, (verb, route, answer.status_code)
            assert answer.json()["errors"][0]["code"] == "practice_suspended", (verb, route)
    assert rows() == before


def test_every_operation_that_is_not_for_staff_is_one_of_these(ids: dict[str, Any]) -> None:
    """They show a caller's own documents and bookings, or what is open to all."""
    others = {route for route in routes() if route.startswith("api/v1/")} - set(staff_routes_of_api(ids))
    assert {route.removeprefix("api/v1/").partition("/")[0] for route in others if "^" not in route} == {
        *("schema", "docs", "verify", "categories", "me", "bookings"),
        "agendas",  # slots, tested below
    }
    assert {route for route in others if "agendas" in route} == {"api/v1/agendas/<uuid:pk>/slots/"}


def test_no_right_is_left_to_use_cases(suspended: Practice, alice: User, bob: User, carol: User) -> None:
    for check, user in ((require_sharer, bob), (require_administrator, carol), (require_practitioner, alice)):
        with pytest.raises(PracticeSuspended):
            check(user, suspended)


def test_staff_of_another_practice_too_work_there_and_read_why_not_here(
    ids: dict[str, Any], suspended: Practice, other_practice: Practice, sign_in: SignIn, alice: User
) -> None:
    Membership.objects.create(user=alice, practice=other_practice, is_practitioner=True, is_admin=True)
    client, api = sign_in(alice), bearer(alice)
    page = client.get("/", follow=True)
    assert page.status_code == 200
    assert f"{suspended.name} est suspendu" in page.content.decode()
    assert client.get(f"/pro/appointments/{ids['appointment']}/").status_code == 404
    assert api.get(f"/api/v1/patients/{ids['patient']}/").status_code == 404
    assert str(ids["patient"]) not in api.get("/api/v1/patients/").content.decode()
    for path in ("members", "practice", "closings", "imports"):
        answer = api.get(f"/api/v1/{path}/?practice={suspended.pk}")
        if answer.status_code != 405:
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "practice_suspended"), path
    asked = {"practice": str(suspended.pk), "first_name": "A", "last_name": "B", "birth_date": "1990-01-01"}
    assert api.post("/api/v1/patients/", asked, format="json").json()["errors"][0]["code"] == "practice_suspended"


def test_patients_read_what_was_shared_with_the_practice_named(
    ids: dict[str, Any], suspended: Practice, sign_in: SignIn, marias_account: User
) -> None:
    client, api = sign_in(marias_account), bearer(marias_account)
    listed = client.get("/documents/").content.decode()
    assert suspended.name in listed
    assert "Ordonnance de Marie" in listed
    assert client.get(f"/documents/{ids['document']}/").status_code == 200
    assert api.get(f"/api/v1/me/documents/{ids['document']}/").json()["practice"] == str(suspended.pk)
    assert api.get(f"/api/v1/me/documents/{ids['document']}/content/").status_code == 200
    assert suspended.name in Client().get(f"/d/{ids['link']}").content.decode()
    assert Client().post(f"/d/{ids['link']}/1").status_code == 200


def test_staff_who_are_patients_there_still_read_their_own(
    ids: dict[str, Any], suspended: Practice, sign_in: SignIn, marias_account: User
) -> None:
    Membership.objects.create(user=marias_account, practice=suspended, is_secretary=True)
    client = sign_in(marias_account)
    assert client.get("/pro/").status_code == 403
    assert client.get(f"/documents/{ids['document']}/").status_code == 200


def test_nobody_books_or_moves_and_the_holder_may_cancel(
    ids: dict[str, Any], suspended: Practice, sign_in: SignIn, holder: User, book_for: Any
) -> None:
    slots = f"/api/v1/agendas/{ids['agenda']}/slots/?visit_reason={ids['reason']}"
    first = timezone.localdate()
    assert Client().get(f"{slots}&from={first}&to={first + timedelta(days=50)}").json()["results"] == []
    assert suspended.name not in Client().get("/cabinets/").content.decode()
    assert Client().get(f"/book/{suspended.pk}/").status_code == 409
    asked = {
        "agenda": str(ids["agenda"]),
        "visit_reason": str(ids["reason"]),
        "booked_for": "self",
        "start": (timezone.now() + timedelta(days=7)).isoformat(),
        "kind": "in_person",
    }
    answer = bearer(holder).post("/api/v1/bookings/", asked, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "booking_closed")
    own = book_for(Patient.objects.get(pk=ids["patient"]), holder=holder)
    assert sign_in(holder).post(f"/my-appointments/{own.pk}/cancel/").status_code == 302
    own.refresh_from_db()
    assert own.status == "cancelled"


def test_nothing_leaves_in_its_name_and_everything_leaves_afterwards(
    ids: dict[str, Any], practice: Practice, appointment: Appointment, root: User
) -> None:
    queued = Message.objects.filter(state=MessageState.QUEUED)
    of_practice = queued.filter(practice=practice.pk, about__in=practice.appointments.values("pk"))
    assert {one.channel for one in of_practice.all()} == {"email", "sms"}
    waiting = set(of_practice.values_list("pk", flat=True))
    ago = timezone.now() - timedelta(days=9)
    of_practice.update(due_at=ago, planned_at=ago)
    suspend(practice=practice, reason=REASON, by=root)
    for channel in Channel:
        while deliver_due(channel):
            pass
    assert waiting == set(of_practice.values_list("pk", flat=True))
    assert not Message.objects.waiting_since_planned().filter(pk__in=waiting).exists()  # nobody is alarmed
    assert Message.objects.filter(state=MessageState.SENT, practice=None).exists()  # the site's own go on
    lift(practice=practice, by=root)
    assert not Message.objects.filter(pk__in=waiting, planned_at__lte=ago).exists()  # nor afterwards
    for channel in Channel:
        while deliver_due(channel):
            pass
    assert not of_practice.exists()
    assert Message.objects.filter(pk__in=waiting, state=MessageState.SENT).count() == len(waiting)


def test_the_code_that_opens_what_was_shared_leaves(suspended: Practice) -> None:
    send_code(to="+33612345678", digits="123456", language="fr", practice=suspended.pk)
    code = Message.objects.filter(practice=suspended.pk, expires_at__isnull=False, about=None).get()
    while deliver_due(Channel.SMS):
        pass
    code.refresh_from_db()
    assert code.state == MessageState.SENT


def test_what_is_past_when_it_is_lifted_is_called_off(
    ids: dict[str, Any], practice: Practice, appointment: Appointment, root: User
) -> None:
    document = SharedDocument.objects.get(pk=ids["document"])
    about_document = set(document.messages.filter(state=MessageState.QUEUED).values_list("pk", flat=True))
    assert about_document
    suspend(practice=practice, reason=REASON, by=root)
    of_the_booking = _booking_messages(appointment)
    expired = _queued(practice, expires_at=timezone.now() - timedelta(minutes=1))
    Appointment.objects.filter(pk=appointment.pk).update(
        starts_at=timezone.now() - timedelta(hours=2), ends_at=timezone.now() - timedelta(hours=1)
    )
    lift(practice=practice, by=root)
    left = set(Message.objects.filter(state=MessageState.QUEUED, practice=practice.pk).values_list("pk", flat=True))
    assert about_document <= left
    assert not left & of_the_booking
    assert expired.pk not in left


def _booking_messages(appointment: Appointment) -> set[Any]:
    from appointments.messages import plan_booking_messages

    plan_booking_messages(appointment)
    found = Message.objects.filter(about=appointment.pk, topic="appointment", state=MessageState.QUEUED)
    assert {one.practice for one in found} == {appointment.practice_id}
    return set(found.values_list("pk", flat=True))


def _queued(practice: Practice, **fields: Any) -> Message:
    return Message.objects.create(
        channel="email", to="a@b.example", about=uuid.uuid4(), practice=practice.pk, due_at=timezone.now(), **fields
    )


def test_reminders_wait_and_those_of_past_appointments_end(
    practice: Practice, appointment: Appointment, root: User
) -> None:
    past = timezone.now() - timedelta(hours=3)
    reminder = Reminder.objects.filter(appointment=appointment).first() or Reminder.objects.create(
        appointment=appointment, channel="email", offset_hours=48, due_at=past
    )
    Reminder.objects.filter(pk=reminder.pk).update(due_at=past)
    suspend(practice=practice, reason=REASON, by=root)
    assert send_reminders() == 0
    reminder.refresh_from_db()
    assert reminder.state == ReminderState.PLANNED
    Appointment.objects.filter(pk=appointment.pk).update(starts_at=past, ends_at=past + timedelta(hours=1))
    lift(practice=practice, by=root)
    send_reminders()
    reminder.refresh_from_db()
    assert reminder.state == ReminderState.CANCELLED


@pytest.mark.parametrize(
    ("moment", "over", "state"),
    [
        (Moment.BEFORE, True, AutoSendState.CANCELLED),
        (Moment.BOOKING, True, AutoSendState.CANCELLED),
        (Moment.AFTER, True, AutoSendState.SENT),
        (Moment.BEFORE, False, AutoSendState.SENT),
        (Moment.BOOKING, False, AutoSendState.SENT),
    ],
)
def test_automatic_sendings_wait_and_those_that_come_too_late_are_cancelled(
    moment: Moment, over: bool, state: AutoSendState, ids: dict[str, Any], practice: Practice, root: User
) -> None:
    sending = AutoSend.objects.get(pk=ids["sending"])
    type(sending.rule).objects.filter(pk=sending.rule_id).update(
        moment=moment, offset_hours=0 if moment == Moment.BOOKING else 2
    )
    AutoSend.objects.filter(pk=sending.pk).update(
        state=AutoSendState.PLANNED, due_at=timezone.now(), sent_at=None, shared=None, link=None, retry_at=None
    )
    suspend(practice=practice, reason=REASON, by=root)
    assert send_due() == 0
    if over:
        begun = timezone.now() - timedelta(hours=5)
        Appointment.objects.filter(pk=sending.appointment_id).update(
            starts_at=begun, ends_at=begun + timedelta(hours=1)
        )
    lift(practice=practice, by=root)
    send_due()
    sending.refresh_from_db()
    assert sending.state == state
    lines = AuditEvent.objects.filter(action="auto_send.cancelled", record_id=sending.appointment_id)
    assert lines.exists() == (state == AutoSendState.CANCELLED)


def test_webhooks_wait(ids: dict[str, Any], practice: Practice, root: User) -> None:
    endpoint = WebhookEndpoint.objects.get(pk=ids["webhook"])
    delivery = WebhookDelivery.objects.create(
        endpoint=endpoint, event="document.shared", body="{}", due_at=timezone.now()
    )
    suspend(practice=practice, reason=REASON, by=root)
    assert deliver_webhooks() == 0
    assert not WebhookDelivery.objects.may_leave().exists()
    lift(practice=practice, by=root)
    assert list(WebhookDelivery.objects.due(timezone.now())) == [delivery]


def test_lifting_gives_everything_back(
    ids: dict[str, Any], suspended: Practice, root: User, sign_in: SignIn, alice: User
) -> None:
    lift(practice=suspended, by=root)
    assert sign_in(alice).get("/pro/").status_code == 200
    assert bearer(alice).get(f"/api/v1/patients/{ids['patient']}/").status_code == 200
    assert suspended.name in Client().get("/cabinets/").content.decode()
    lift(practice=suspended, by=root)  # twice: nothing more
    acts = AuditEvent.objects.filter(practice_id=suspended.pk, action__startswith="practice.suspen")
    assert list(acts.order_by("id").values_list("action", "actor_id")) == [
        ("practice.suspended", root.pk),
        ("practice.suspension_lifted", root.pk),
    ]


@pytest.mark.parametrize("reason", ["", " \n ", "a" * (LONGEST_REASON + 1)])
def test_a_suspension_has_a_reason_in_words(practice: Practice, reason: str, db: None) -> None:
    root = User.objects.create_superuser("root@site.example", "lilas-sous-la-pluie")
    with pytest.raises(ValidationError):
        suspend(practice=practice, reason=reason, by=root)
    practice.refresh_from_db()
    assert not practice.is_suspended


def test_the_reason_is_in_no_line_of_the_trail(suspended: Practice) -> None:
    """It is free text, and the trail never forgets."""
    assert not [line for line in AuditEvent.objects.all() if re.search("contrat", str(line.detail))]
