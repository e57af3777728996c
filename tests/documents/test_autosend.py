"""Automatic documents: sent once, when due, to those who may have them, and updated after changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from appointments.authorisation import authorise_holder
from appointments.booking import delete
from appointments.cancelling import cancel
from appointments.models import Agenda, Appointment, BookedFor, VisitReason
from appointments.moving import move
from audit.models import AuditEvent
from documents.library.catalogue import archive, import_document, import_version, unarchive
from documents.models import AutoSend, AutoSendRule, DocumentLink, LibraryDocument, SharedDocument
from documents.models.autosend import Moment
from documents.sending.autosend import do_not_send, plan_again, send_again, send_due, send_now
from documents.sending.links import documents_of, link_url, revoke_link
from documents.sending.planning import forecast
from documents.sending.rules import RuleContent, delete_rule, save_rule, switch_rule
from documents.sharing.access import visible_as_recipient
from notifications.models import Message
from patients.models import Patient, RecordTie
from patients.records import change_patient
from practices.models import Practice
from practices.roles import NotAllowed
from tests.conftest import BookFixture, make_user
from tests.days import last_sunday

pytestmark = pytest.mark.django_db
MakeRule = Callable[..., AutoSendRule]


@pytest.fixture
def make_rule(carol: User, access_plan: LibraryDocument) -> MakeRule:
    def _make(rule: AutoSendRule | None = None, **content: Any) -> AutoSendRule:
        asked = {"name": "Plan d’accès", "documents": [access_plan]} | content
        return save_rule(practice=access_plan.practice, content=RuleContent(**asked), by=carol, rule=rule)

    return _make


def states(appointment: Appointment) -> list[str]:
    return list(AutoSend.objects.filter(appointment=appointment).order_by("id").values_list("state", flat=True))


def later(appointment: Appointment, **ago: int) -> int:
    """Run send_due as if it were so much later."""
    return send_due(now=timezone.now() + timedelta(**ago))


def path_in(message: Message) -> str:
    found = re.search(r"/d/\S+", message.body)
    assert found
    return found[0]


# --- Planning ---------------------------------------------------------------------------------------------------


def test_at_booking_it_goes_at_once_and_once(make_rule: MakeRule, book_for: BookFixture, marie: Patient) -> None:
    make_rule()
    appointment = book_for(marie)
    assert states(appointment) == ["planned"]
    assert send_due() == 1
    assert send_due() == 0
    assert states(appointment) == ["sent"]
    assert sorted(Message.objects.values_list("channel", flat=True)) == ["email", "sms"]
    shared = SharedDocument.objects.get()
    assert (shared.is_signed, shared.shared_by, shared.audience) == (False, None, "patient")
    assert AuditEvent.objects.about(appointment.pk).filter(action="auto_send.sent").count() == 1


@pytest.mark.parametrize(
    ("reasons", "agendas", "matches"),
    [(0, 0, True), (1, 0, True), (0, 1, True), (1, 1, True), (2, 0, False), (0, 2, False), (1, 2, False)],
)
def test_none_is_all_and_both_must_match(
    reasons: int, agendas: int, matches: bool, make_rule: MakeRule, book_for: BookFixture, marie: Patient,
    agenda: Agenda, visit_reason: VisitReason,
) -> None:  # fmt: skip
    other_reason = VisitReason.objects.create(practice=agenda.practice, name="Bilan")
    other_agenda = Agenda.objects.create(practice=agenda.practice, name="Dr Autre")
    make_rule(
        visit_reasons=[[], [visit_reason], [other_reason]][reasons], agendas=[[], [agenda], [other_agenda]][agendas]
    )
    assert states(book_for(marie)) == (["planned"] if matches else [])


def test_before_and_after_wait_for_their_time_and_follow_a_move(
    make_rule: MakeRule, book_for: BookFixture, marie: Patient, alice: User
) -> None:
    make_rule(moment=Moment.BEFORE, offset_hours=24)
    make_rule(moment=Moment.AFTER, offset_hours=2)
    appointment = book_for(marie, starts_at=timezone.now() + timedelta(days=5))
    due = sorted(AutoSend.objects.values_list("due_at", flat=True))
    assert due == [appointment.starts_at - timedelta(hours=24), appointment.ends_at + timedelta(hours=2)]
    assert send_due() == 0
    moved = move(appointment=appointment, by=alice, starts_at=appointment.starts_at + timedelta(days=2))
    due = sorted(AutoSend.objects.values_list("due_at", flat=True))
    assert due == [moved.starts_at - timedelta(hours=24), moved.ends_at + timedelta(hours=2)]
    assert later(moved, days=6, hours=1) == 1
    assert sorted(states(moved)) == ["planned", "sent"]


def test_booked_inside_the_window_before_goes_at_once(
    make_rule: MakeRule, book_for: BookFixture, marie: Patient
) -> None:
    make_rule(moment=Moment.BEFORE, offset_hours=48)
    book_for(marie, starts_at=timezone.now() + timedelta(hours=3))
    assert send_due() == 1


def test_cancelling_cancels_and_what_was_sent_stays(
    make_rule: MakeRule, book_for: BookFixture, marie: Patient, alice: User
) -> None:
    make_rule()
    make_rule(moment=Moment.AFTER, offset_hours=1)
    appointment = book_for(marie)
    send_due()
    cancel(appointment=appointment, by=alice)
    assert sorted(states(appointment)) == ["cancelled", "sent"]
    assert later(appointment, days=10) == 0
    assert SharedDocument.objects.count() == 1


def test_another_reason_is_matched_again(
    make_rule: MakeRule, book_for: BookFixture, marie: Patient, alice: User, agenda: Agenda, visit_reason: VisitReason
) -> None:
    other = VisitReason.objects.create(practice=agenda.practice, name="Bilan")
    other.agendas.add(agenda)
    make_rule(visit_reasons=[other])
    make_rule(visit_reasons=[visit_reason], moment=Moment.BEFORE, offset_hours=1)
    appointment = book_for(marie)
    assert states(appointment) == ["planned"]
    move(appointment=appointment, by=alice, visit_reason=other)
    assert sorted(states(appointment)) == ["cancelled", "planned"]
    assert send_due() == 1
    move(appointment=appointment, by=alice, visit_reason=visit_reason)
    assert sorted(states(appointment)) == ["planned", "sent"]


def test_a_rule_that_stops_or_goes_and_a_document_archived_send_nothing_more(
    make_rule: MakeRule, book_for: BookFixture, marie: Patient, carol: User, access_plan: LibraryDocument
) -> None:
    rule = make_rule(moment=Moment.BEFORE, offset_hours=1)
    appointment = book_for(marie)
    make_rule(rule=rule, moment=Moment.BEFORE, offset_hours=1, active=False)
    assert states(appointment) == ["cancelled"]
    make_rule(rule=rule, moment=Moment.BEFORE, offset_hours=1, active=True)
    assert states(appointment) == ["planned"]
    archive(document=access_plan, by=carol)
    assert states(appointment) == ["cancelled"]
    delete_rule(rule=rule, by=carol)
    assert later(appointment, days=2) == 0
    assert not Message.objects.exists()


def test_a_new_rule_reaches_appointments_ahead_but_not_the_moment_of_booking_that_has_passed(
    make_rule: MakeRule, book_for: BookFixture, marie: Patient
) -> None:
    appointment = book_for(marie)
    make_rule()
    assert states(appointment) == []
    make_rule(moment=Moment.BEFORE, offset_hours=1)
    assert states(appointment) == ["planned"]


# --- Sending ----------------------------------------------------------------------------------------------------


def test_several_due_together_are_one_email_and_one_sms(
    make_rule: MakeRule,
    book_for: BookFixture,
    marie: Patient,
    carol: User,
    access_plan: LibraryDocument,
    receive: Any,
) -> None:
    other = import_document(
        practice=access_plan.practice,
        intake=receive(name="questionnaire.pdf"),
        title="Questionnaire",
        category=access_plan.category,
        by=carol,
    )
    make_rule()
    make_rule(documents=[other, access_plan])
    book_for(marie)
    assert send_due() == 1
    assert Message.objects.count() == 2
    assert documents_of(DocumentLink.objects.get()).count() == 3


def test_the_version_is_the_one_of_the_moment_of_sending(
    make_rule: MakeRule,
    book_for: BookFixture,
    marie: Patient,
    carol: User,
    access_plan: LibraryDocument,
    receive: Any,
) -> None:
    make_rule()
    book_for(marie)
    import_version(document=access_plan, intake=receive(name="plan-2.pdf"), by=carol)
    send_due()
    import_version(document=access_plan, intake=receive(name="plan-3.pdf"), by=carol)
    shared = SharedDocument.objects.get()
    assert shared.library_version
    assert (shared.library_version.number, shared.name) == (2, "plan-2.pdf")


@pytest.mark.parametrize(
    ("email", "mobile", "channels"), [("m@d.example", None, ["email"]), (None, "+33612345678", ["sms"])]
)
def test_one_contact_is_enough_by_the_channel_there_is(
    email: str | None,
    mobile: str | None,
    channels: list[str],
    make_rule: MakeRule,
    book_for: BookFixture,
    marie: Patient,
) -> None:
    Patient.objects.filter(pk=marie.pk).update(email=email, mobile=mobile)
    marie.refresh_from_db()
    make_rule()
    book_for(marie)
    send_due()
    assert list(Message.objects.values_list("channel", flat=True)) == channels


def test_only_the_channels_of_the_rule(make_rule: MakeRule, book_for: BookFixture, marie: Patient) -> None:
    make_rule(channels=["sms"])
    book_for(marie)
    send_due()
    assert list(Message.objects.values_list("channel", flat=True)) == ["sms"]


def test_without_any_contact_it_waits_and_goes_once_there_is_one(
    make_rule: MakeRule, book_for: BookFixture, marie: Patient, alice: User
) -> None:
    Patient.objects.filter(pk=marie.pk).update(email=None, mobile=None)
    marie.refresh_from_db()
    make_rule()
    appointment = book_for(marie)
    assert send_due() == 0
    assert states(appointment) == ["planned"]
    change_patient(patient=marie, by=alice, email="marie@courriel.example")
    assert later(appointment, minutes=2) == 1


def test_an_adult_relatives_booker_gets_nothing_before_staff_authorise(
    make_rule: MakeRule, book_for: BookFixture, marie: Patient, hugo: User, alice: User
) -> None:
    Patient.objects.filter(pk=marie.pk).update(email=None, mobile=None)
    marie.refresh_from_db()
    make_rule()
    appointment = book_for(marie, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    assert send_due() == 0
    assert not Message.objects.exists()
    authorise_holder(appointment=appointment, by=alice)
    assert later(appointment, minutes=2) == 1
    assert set(Message.objects.values_list("to", flat=True)) == {hugo.email, hugo.mobile}
    assert visible_as_recipient(hugo).count() == 1


def test_staff_send_now_or_do_not(
    make_rule: MakeRule, book_for: BookFixture, marie: Patient, alice: User, rita: User
) -> None:
    rule = make_rule(moment=Moment.BEFORE, offset_hours=1)
    first, second = book_for(marie), book_for(marie)
    send_now(sending=first.auto_sends.get(), by=alice)
    send_now(sending=first.auto_sends.get(), by=alice)
    do_not_send(sending=second.auto_sends.get(), by=alice)
    make_rule(rule=rule, moment=Moment.BEFORE, offset_hours=2)
    assert (states(first), states(second)) == (["sent"], ["cancelled"])
    assert Message.objects.count() == 2
    with pytest.raises(NotAllowed):
        do_not_send(sending=first.auto_sends.get(), by=rita)


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie"])
def test_only_administrators_write_rules(
    who: str, request: pytest.FixtureRequest, access_plan: LibraryDocument
) -> None:
    content = RuleContent(name="x", documents=[access_plan])
    with pytest.raises(NotAllowed):
        save_rule(practice=access_plan.practice, content=content, by=request.getfixturevalue(who))


# --- Reading without an account -----------------------------------------------------------------------------------


@pytest.fixture
def page(make_rule: MakeRule, book_for: BookFixture, marie: Patient) -> str:
    make_rule()
    book_for(marie)
    send_due()
    return path_in(Message.objects.get(channel="email"))


def test_opening_counts_as_nothing_and_the_button_downloads_and_counts_as_read(page: str) -> None:
    anybody = Client()
    opened = anybody.get(page)
    assert opened.status_code == 200
    assert opened["Referrer-Policy"] == "no-referrer"
    assert "Plan d’accès" in opened.content.decode()
    assert "Durand" not in opened.content.decode()
    assert SharedDocument.objects.get().first_read_at is None
    assert anybody.get(f"{page}/1").status_code == 405
    downloaded = anybody.post(f"{page}/1")
    assert downloaded.status_code == 200
    assert b"".join(downloaded).startswith(b"%PDF")
    assert downloaded["Content-Disposition"].startswith("attachment")
    assert SharedDocument.objects.get().first_read_at
    assert anybody.post(f"{page}/2").status_code == 404
    assert anybody.post(f"{page}/0").status_code == 404


def test_no_other_token_opens_it_and_the_database_gives_none_away(page: str) -> None:
    link = DocumentLink.objects.get()
    for wrong in (str(link.pk), f"{link.pk}.", page[3:-1], "x"):
        assert Client().get(f"/d/{wrong}").status_code == 404
    assert page[3:] not in str(list(DocumentLink.objects.values())) + str(
        list(Message.objects.values("subject", "to"))
    )
    assert link_url(link).endswith(page)


def test_a_revoked_link_says_what_to_do_at_once(page: str, alice: User) -> None:
    revoke_link(link=DocumentLink.objects.get(), by=alice)
    gone = Client().get(page)
    assert gone.status_code == 410
    assert "Si vous attendez un document, appelez" in gone.content.decode()
    assert Client().post(f"{page}/1").status_code == 410


def test_it_is_gone_with_its_appointment_and_the_library_stays(page: str, alice: User) -> None:
    delete(appointment=Appointment.objects.get(), by=alice)
    assert Client().get(page).status_code == 404
    assert Client().post(f"{page}/1").status_code == 404
    assert LibraryDocument.objects.get().current.file.size


def test_it_is_in_the_account_too_where_there_is_one(page: str, marie: Patient) -> None:
    user = make_user("marie@courriel.example", "Marie", "Durand")
    RecordTie.objects.create(
        user=user, patient=marie, relationship="self", proved_email=user.email, proved_mobile="+33612345678"
    )
    assert visible_as_recipient(user).count() == 1


# --- Before it is saved, and for those booked already -----------------------------------------------------------


def test_the_forecast_counts_shows_examples_and_says_what_would_go_at_once(
    book_for: BookFixture, marie: Patient, agenda: Agenda, alice: User, make_rule: MakeRule
) -> None:
    now = timezone.now()
    soon, later, far = (book_for(marie, starts_at=now + timedelta(days=days)) for days in (1, 5, 40))
    cancel(appointment=book_for(marie), by=alice)

    def told(moment: Moment, hours: int = 0, **more: Any) -> tuple[int, list[Appointment], int]:
        found = forecast(
            practice=agenda.practice, visit_reasons=[], agendas=[], moment=moment, offset_hours=hours, **more
        )
        return found.count, found.examples, found.due_now

    assert told(Moment.BOOKING) == (2, [soon, later], 3)
    assert told(Moment.BEFORE, 48) == (2, [soon, later], 1)
    assert told(Moment.AFTER, 2) == (2, [soon, later], 0)
    rule = make_rule(moment=Moment.BEFORE, offset_hours=48)
    assert told(Moment.BEFORE, 48, rule=rule)[2] == 0
    assert far not in told(Moment.BOOKING)[1]


@pytest.mark.parametrize("to_booked", [None, True, False])
def test_those_booked_already_get_it_where_the_administrator_says_so(
    to_booked: bool | None, book_for: BookFixture, marie: Patient, access_plan: LibraryDocument,
    carol: User,
) -> None:  # fmt: skip
    for days in (2, 3, 4):
        book_for(marie, starts_at=timezone.now() + timedelta(days=days))
    content = RuleContent(name="Plan", documents=[access_plan])
    save_rule(practice=access_plan.practice, content=content, by=carol, to_booked=to_booked)
    assert AutoSend.objects.count() == (3 if to_booked else 0)
    before = RuleContent(name="Avant", documents=[access_plan], moment=Moment.BEFORE, offset_hours=80)
    rule = save_rule(practice=access_plan.practice, content=before, by=carol, to_booked=to_booked)
    assert rule.sendings.count() == (1 if to_booked is False else 3)
    assert rule.sendings.filter(due_at__gt=timezone.now()).count() == 1


def test_a_rule_that_is_stopped_and_started_again_plans_again(
    make_rule: MakeRule, book_for: BookFixture, marie: Patient, access_plan: LibraryDocument, carol: User
) -> None:
    rule = make_rule(moment=Moment.BEFORE, offset_hours=2)
    appointment = book_for(marie)
    make_rule(rule, moment=Moment.BEFORE, offset_hours=2, active=False)
    assert states(appointment) == ["cancelled"]
    make_rule(rule, moment=Moment.BEFORE, offset_hours=3)
    assert states(appointment) == ["planned"]
    archive(document=access_plan, by=carol)
    assert states(appointment) == ["cancelled"]
    unarchive(document=access_plan, by=carol)
    assert states(appointment) == ["planned"]


def test_a_booking_asks_the_database_no_more_with_two_hundred_rules_that_do_not_match(
    make_rule: MakeRule, book_for: BookFixture, marie: Patient, agenda: Agenda, access_plan: LibraryDocument
) -> None:
    other = VisitReason.objects.create(practice=agenda.practice, name="Bilan")
    make_rule()

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            book_for(marie)
        return len(asked)

    book_for(marie)
    few = queries()
    rules = AutoSendRule.objects.bulk_create(
        [AutoSendRule(practice=agenda.practice, name=f"Règle {number}") for number in range(200)]
    )
    AutoSendRule.visit_reasons.through.objects.bulk_create(
        [AutoSendRule.visit_reasons.through(autosendrule=rule, visitreason=other) for rule in rules]
    )
    AutoSendRule.documents.through.objects.bulk_create(
        [AutoSendRule.documents.through(autosendrule=rule, librarydocument=access_plan) for rule in rules]
    )
    assert queries() == few


def test_saving_a_rule_asks_the_database_no_more_for_many_appointments(
    make_rule: MakeRule, book_for: BookFixture, marie: Patient
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            make_rule(moment=Moment.BEFORE, offset_hours=1)
        return len(asked)

    book_for(marie)
    few = queries()
    for _ in range(10):
        book_for(marie)
    assert queries() == few


@pytest.mark.parametrize(("hour", "minute", "fold"), [(2, 30, 0), (2, 30, 1), (3, 10, 0)])
def test_at_the_end_of_summer_time_a_day_before_is_twenty_four_hours(
    hour: int, minute: int, fold: int, make_rule: MakeRule, book_for: BookFixture, marie: Patient, agenda: Agenda
) -> None:
    """On the last Sunday of October 02:30 occurs twice in Paris; an appointment there has its real length, and is
    announced once."""
    make_rule(moment=Moment.BEFORE, offset_hours=24)
    make_rule(moment=Moment.AFTER, offset_hours=1)
    starts_at = datetime.combine(last_sunday(10), time(hour, minute, fold=fold), agenda.practice.zone)
    appointment = book_for(marie, starts_at=starts_at)
    assert appointment.ends_at - appointment.starts_at == timedelta(minutes=20)
    before, after = AutoSend.objects.order_by("due_at")
    assert before.due_at.timestamp() == starts_at.timestamp() - 24 * 3600
    assert after.due_at.timestamp() == starts_at.timestamp() + (20 + 60) * 60
    for one in (before, after):
        assert send_due(now=one.due_at - timedelta(seconds=1)) == 0
        assert send_due(now=one.due_at) == 1
        assert send_due(now=one.due_at + timedelta(hours=1)) == 0


@pytest.mark.parametrize(("hour", "minute"), [(1, 50), (3, 10)])
def test_at_the_beginning_of_summer_time_a_day_before_is_twenty_four_hours(
    hour: int, minute: int, make_rule: MakeRule, book_for: BookFixture, marie: Patient, agenda: Agenda
) -> None:
    """On the last Sunday of March there is no 02:30 in Paris: an appointment at 01:50 ends at 03:10."""
    make_rule(moment=Moment.BEFORE, offset_hours=24)
    make_rule(moment=Moment.AFTER, offset_hours=1)
    starts_at = datetime.combine(last_sunday(3), time(hour, minute), agenda.practice.zone)
    appointment = book_for(marie, starts_at=starts_at)
    assert appointment.ends_at.timestamp() - starts_at.timestamp() == 20 * 60
    assert f"{appointment.local_end:%H:%M}" == ("03:10" if hour == 1 else "03:30")
    before, after = AutoSend.objects.order_by("due_at")
    assert before.due_at.timestamp() == starts_at.timestamp() - 24 * 3600
    assert after.due_at.timestamp() == starts_at.timestamp() + (20 + 60) * 60
    for one in (before, after):
        assert send_due(now=one.due_at - timedelta(seconds=1)) == 0
        assert send_due(now=one.due_at) == 1
        assert send_due(now=one.due_at + timedelta(hours=1)) == 0


# --- Changing one's mind ------------------------------------------------------------------------------------------


def test_what_staff_stopped_stays_stopped_until_they_plan_it_again(
    make_rule: MakeRule, book_for: BookFixture, marie: Patient, alice: User, rita: User
) -> None:
    rule = make_rule(moment=Moment.BEFORE, offset_hours=2)
    appointment = book_for(marie, starts_at=timezone.now() + timedelta(days=3))
    sending = appointment.auto_sends.get()
    do_not_send(sending=sending, by=alice)
    moved = move(appointment=appointment, by=alice, starts_at=appointment.starts_at + timedelta(days=1))
    assert states(moved) == ["cancelled"]
    with pytest.raises(NotAllowed):
        plan_again(sending=sending, by=rita)
    assert plan_again(sending=sending, by=alice)
    sending.refresh_from_db()
    assert (sending.state, sending.due_at) == ("planned", moved.starts_at - timedelta(hours=2))
    assert AuditEvent.objects.about(moved.pk).filter(action="auto_send.planned_again").count() == 1
    do_not_send(sending=sending, by=alice)
    make_rule(rule, moment=Moment.BEFORE, offset_hours=2, active=False)
    assert not plan_again(sending=sending, by=alice)
    assert states(moved) == ["cancelled"]


def test_a_rule_switched_on_sends_what_is_to_come_and_nothing_at_once(
    make_rule: MakeRule, book_for: BookFixture, marie: Patient, alice: User, carol: User, bob: User
) -> None:
    at_booking, before = make_rule(), make_rule(moment=Moment.BEFORE, offset_hours=2)
    appointment = book_for(marie, starts_at=timezone.now() + timedelta(days=3))
    for rule in (at_booking, before):
        switch_rule(rule=rule, active=False, by=carol)
    assert states(appointment) == ["cancelled", "cancelled"]
    for rule in (at_booking, before):
        switch_rule(rule=rule, active=True, by=carol)
    assert (at_booking.sendings.get().state, before.sendings.get().state) == ("cancelled", "planned")
    move(appointment=appointment, by=alice, starts_at=appointment.starts_at + timedelta(days=1))
    assert at_booking.sendings.get().state == "cancelled"  # moving is not booking
    with pytest.raises(NotAllowed):
        switch_rule(rule=before, active=False, by=bob)


# --- Once more --------------------------------------------------------------------------------------------------


def test_sent_again_after_a_correction_is_a_new_link_to_todays_contacts_and_once_however_often_clicked(
    make_rule: MakeRule, book_for: BookFixture, marie: Patient, alice: User, rita: User, client: Client
) -> None:
    make_rule()
    book_for(marie)
    send_due()
    first = path_in(Message.objects.get(channel="email"))
    Message.objects.update(state="sent", sent_at=timezone.now())
    change_patient(patient=marie, email="nouvelle@courriel.example", by=alice)
    sending = AutoSend.objects.get()
    with pytest.raises(NotAllowed):
        send_again(sending=sending, by=rita)
    for _ in range(2):
        assert send_again(sending=sending, by=alice)
    again = Message.objects.get(channel="email", state="queued")
    assert again.to == "nouvelle@courriel.example"
    assert path_in(again) != first
    assert [client.get(path).status_code for path in (first, path_in(again))] == [410, 200]
    assert SharedDocument.objects.count() == 1


def test_sent_again_after_its_link_was_closed_makes_a_new_one(
    make_rule: MakeRule, book_for: BookFixture, marie: Patient, alice: User
) -> None:
    make_rule()
    book_for(marie)
    send_due()
    sending = AutoSend.objects.get()
    assert sending.link
    revoke_link(link=sending.link, by=alice)
    Message.objects.update(state="sent", sent_at=timezone.now())
    assert send_again(sending=sending, by=alice)
    answers = [Client().get(path_in(message)).status_code for message in Message.objects.filter(state="queued")]
    assert answers == [200, 200]
    assert Client().get(urlsplit(link_url(sending.link)).path).status_code == 410


def test_never_again_to_somebody_else_than_then(
    make_rule: MakeRule, book_for: BookFixture, alice: User, hugo: User, practice: Practice
) -> None:
    """The holder got it while the patient was a minor; the patient, now of age, does not get the holder's
    document."""
    make_rule()
    birthday = timezone.localdate() - timedelta(days=18 * 365)
    child = Patient.objects.create(
        practice=practice, first_name="Léo", last_name="Lefèvre", birth_date=birthday,
        email="leo@courriel.example", mobile="+33677777777",
    )  # fmt: skip
    book_for(child, holder=hugo, booked_for=BookedFor.MINOR_RELATIVE)
    send_due()
    sending = AutoSend.objects.get()
    Message.objects.update(state="sent", sent_at=timezone.now())
    Patient.objects.filter(pk=child.pk).update(birth_date=birthday - timedelta(days=365))
    assert not send_again(sending=sending, by=alice)
    assert not Message.objects.filter(state="queued").exists()
