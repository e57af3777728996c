"""In any order of events, with servers failing and recovering: a message that leaves is true and goes to a current
contact, and the last message that a person reads about an appointment, by each channel, states its current state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.models import User
from appointments import reminders
from appointments.booking import delete
from appointments.cancelling import cancel
from appointments.models import Agenda, Appointment, AppointmentStatus, Reminder
from appointments.moving import move
from appointments.online import cancel_online
from appointments.quiet_hours import TOPIC
from documents.models import LibraryDocument, SharedDocument
from documents.sharing import share
from notifications import delivery
from notifications.causes import Cause
from notifications.channels import DeliveryFailed
from notifications.channels.email import EmailSender
from notifications.channels.sms import SmsSender
from notifications.delivery import deliver_due
from notifications.models import Channel, Message, MessageState
from notifications.wording import long_day
from patients.models import Invitation, Patient
from patients.own_contacts import follow_account
from patients.records import change_patient
from tests.documents.catalogue import CHILD, Stage, again, make_stage
from tests.properties.cast import without_limits

pytestmark = pytest.mark.django_db
STAFF, ONLINE = "staff", "online"


CONTACTS = {
    "marie": [
        {"email": "marie@un.example", "mobile": "+33612000001"},
        {"email": "marie@deux.example", "mobile": "+33612000002"},
    ],
    "hugo": [
        {"email": "hugo@un.example", "mobile": "+33612000011"},
        {"email": "hugo@deux.example", "mobile": "+33612000012"},
    ],
}

WHOSE = {to: who for who, contacts in CONTACTS.items() for one in contacts for to in one.values()}


@dataclass
class Read:
    """A message that somebody read: its appointment (for a document, the document's), and the contact."""

    about: Any
    channel: str
    to: str
    text: str
    is_of_documents: bool


@dataclass
class World:
    stage: Stage
    away: bool = False
    booked: dict[str, Any] = field(default_factory=dict)  # STAFF, ONLINE -> id
    moves: int = 0
    turn: dict[str, int] = field(default_factory=lambda: {"marie": 0, "hugo": 0})
    read: list[Read] = field(default_factory=list)
    untrue: list[AssertionError] = field(default_factory=list)
    of_deleted: dict[Any, Any] = field(default_factory=dict)  # message -> its deleted appointment

    def leaves(self, message: Message) -> None:
        if self.away:
            raise DeliveryFailed(Cause.UNREACHABLE, whole_channel=True)
        if message.about and Invitation.objects.filter(pk=message.about).exists():  # not about an appointment
            if message.to not in self.contacts_of_today():
                self.untrue.append(AssertionError(message.to))
            return
        documents = SharedDocument.messages.through.objects.filter(message=message)
        told = bool(documents)
        about = self.of_deleted.get(message.pk, message.about)
        one = Read(about, message.channel, message.to, message.subject + message.body, told)
        self.read.append(one)
        try:
            self.is_true(one)
            assert not told or SharedDocument.objects.with_readers().filter(messages=message).exists()
        except AssertionError as error:  # a worker continues after any exception: reported at the end
            self.untrue.append(error)

    def is_true(self, one: Read) -> None:
        """Checks a message against the current database."""
        assert one.to in self.contacts_of_today(), one
        self.says_how_it_stands(one)

    @staticmethod
    def says_how_it_stands(one: Read) -> None:
        appointment = Appointment.objects.select_related("practice").filter(pk=one.about).first()
        stands = appointment is not None and appointment.status == AppointmentStatus.BOOKED
        if stands and one.channel == Channel.EMAIL:
            assert appointment is not None
            assert appointment.agenda.practitioner is not None
            assert f"Avec\u00a0: {appointment.agenda.practitioner.get_full_name()}\n" in one.text
        if one.is_of_documents:
            assert appointment is not None
            if appointment.status == AppointmentStatus.BOOKED and one.channel == Channel.EMAIL:
                assert long_day(appointment.local_start, weekday=True) in one.text
        elif appointment is None or appointment.status == AppointmentStatus.CANCELLED:
            assert "annulé" in one.text
        else:
            assert "est annulé" not in one.text
            assert f"{long_day(appointment.local_start, weekday=True)} à {appointment.local_start:%H:%M}" in one.text

    def contacts_of_today(self) -> set[str]:
        return {contact for who, turn in self.turn.items() for contact in CONTACTS[who][turn].values()}

    # --- What happens ---

    def book(self) -> None:
        if STAFF not in self.booked:
            self.booked[STAFF] = self.stage.booked().pk
        elif ONLINE not in self.booked:
            self.booked[ONLINE] = self.stage.online(CHILD).pk

    def move_one(self, which: str) -> None:
        if (found := self.standing(which)) is not None:
            self.moves += 1
            hours = timedelta(days=self.moves, minutes=20 * self.moves)
            move(appointment=found, by=self.stage.doctor, starts_at=found.starts_at + hours)

    def with_another(self, which: str) -> None:
        if (found := self.standing(which)) is not None:
            other = Agenda.objects.filter(visit_reasons=self.stage.reason).exclude(pk=found.agenda_id).get()
            move(appointment=found, by=self.stage.doctor, agenda=other)

    def cancel_one(self, which: str) -> None:
        if (found := self.standing(which)) is None:
            return
        if which == ONLINE:
            cancel_online(appointment=found, by=self.stage.hugo)
        else:
            cancel(appointment=found, by=self.stage.doctor)

    def delete_one(self, which: str) -> None:
        if (found := self.standing(which)) is not None:
            before = list(Message.objects.values_list("pk", flat=True))
            delete(appointment=found, by=self.stage.doctor)
            told = Message.objects.exclude(pk__in=before).filter(topic=TOPIC).values_list("pk", flat=True)
            self.of_deleted.update(dict.fromkeys(told, self.booked[which]))

    def remind(self) -> None:
        noon = datetime.combine(
            timezone.localdate(timezone=self.stage.practice.zone), time(12), self.stage.practice.zone
        )
        Reminder.objects.filter(state="planned").update(due_at=noon - timedelta(hours=1))
        reminders.send_due(now=noon)

    def share(self, which: str) -> None:
        if (found := self.standing(which)) is not None:
            self.stage.share(found)

    def take_back(self) -> None:
        if document := SharedDocument.objects.order_by("shared_at", "id").first():
            share.take_back(document=document, by=self.stage.doctor)

    def correct_marie(self) -> None:
        self.turn["marie"] ^= 1
        now = CONTACTS["marie"][self.turn["marie"]]
        change_patient(
            patient=Patient.objects.get(pk=self.stage.marie.pk),
            by=self.stage.doctor,
            email=now["email"],
            mobile=now["mobile"],
        )

    def hugo_changes(self) -> None:
        former = CONTACTS["hugo"][self.turn["hugo"]]
        self.turn["hugo"] ^= 1
        now = CONTACTS["hugo"][self.turn["hugo"]]
        EmailAddress.objects.filter(user=self.stage.hugo).update(email=now["email"])
        User.objects.filter(pk=self.stage.hugo.pk).update(**now)
        self.stage.hugo.refresh_from_db()
        for contact, value in former.items():
            follow_account(user=self.stage.hugo, contact=contact, former=value, new=now[contact])

    def deliver(self) -> None:
        for channel in Channel:
            self.make_due()
            while deliver_due(channel):
                self.make_due()

    def make_due(self) -> None:
        Message.objects.filter(state=MessageState.QUEUED).update(due_at=timezone.now() - timedelta(seconds=1))

    def goes_away(self) -> None:
        self.away = True

    def comes_back(self) -> None:
        self.away = False

    def standing(self, which: str) -> Appointment | None:
        if which not in self.booked:
            return None
        found = Appointment.objects.filter(pk=self.booked[which], status=AppointmentStatus.BOOKED).first()
        return again(found) if found else None

    # --- What must hold in the end ---

    def what_was_read_last_is_true(self) -> None:
        last: dict[tuple[Any, str, str], Read] = {}
        for one in self.read:
            if not one.is_of_documents:
                last[one.about, one.channel, WHOSE[one.to]] = one  # for the person, whichever contact was used
        for one in last.values():
            if one.about in self.booked.values():
                self.says_how_it_stands(one)


EVENTS: dict[str, Callable[[World], object]] = {
    "book": World.book,
    **{f"move {which}": partial(World.move_one, which=which) for which in (STAFF, ONLINE)},
    **{f"agenda {which}": partial(World.with_another, which=which) for which in (STAFF, ONLINE)},
    **{f"cancel {which}": partial(World.cancel_one, which=which) for which in (STAFF, ONLINE)},
    **{f"delete {which}": partial(World.delete_one, which=which) for which in (STAFF, ONLINE)},
    **{f"share {which}": partial(World.share, which=which) for which in (STAFF, ONLINE)},
    "remind": World.remind,
    "take back": World.take_back,
    "correct marie": World.correct_marie,
    "hugo changes": World.hugo_changes,
    "deliver": World.deliver,
    "away": World.goes_away,
    "back": World.comes_back,
}
BOOKED = ["book", "book"]


@pytest.fixture
def stage(practice: Any, alice: User, carol: User, access_plan: LibraryDocument) -> Stage:
    made = make_stage(language="fr", plan=access_plan, practice=practice, doctor=alice)
    Patient.objects.filter(pk=made.marie.pk).update(**CONTACTS["marie"][0])
    User.objects.filter(pk=made.hugo.pk).update(**CONTACTS["hugo"][0])
    EmailAddress.objects.filter(user=made.hugo).update(email=CONTACTS["hugo"][0]["email"])
    made.marie.refresh_from_db()
    made.hugo.refresh_from_db()
    made.reason.agendas.add(Agenda.objects.create(practice=practice, name="Salle 3", practitioner=carol))
    return made


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.sampled_from(list(EVENTS)), max_size=12))
@example(["away", "move staff", "deliver", "move staff", "deliver", "back"])
@example(["away", "move online", "deliver", "cancel online", "deliver", "back"])
@example(["remind", "away", "deliver", "cancel staff", "back"])
@example(["remind", "move online", "deliver"])
@example(["share staff", "away", "deliver", "move staff", "back"])
@example(["remind", "away", "deliver", "agenda staff", "agenda online", "remind", "back"])
@example(["deliver", "delete online", "delete staff"])
@example(["deliver", "hugo changes", "move online", "deliver", "hugo changes"])
@example(["share staff", "deliver", "correct marie"])
@example(["deliver", "agenda online"])
@example(["deliver", "agenda online", "away", "deliver", "move online", "agenda online", "back"])
@example(["remind", "deliver", "agenda staff"])
@example(["share staff", "away", "deliver", "agenda staff", "back"])
@example(["away", "delete staff", "delete online", "correct marie", "hugo changes", "back"])
@example(["share staff", "take back", "deliver"])
@example(["share staff", "correct marie", "deliver", "move staff", "hugo changes"])
@example(["move online", "away", "deliver", "hugo changes", "back", "cancel online"])
def test_what_is_read_last_is_true(
    stage: Stage, monkeypatch_senders: Callable[[World], None], events: list[str]
) -> None:
    with without_limits(), transaction.atomic():  # the counters of SMS are not rolled back: examples would share them
        world = World(again_stage(stage))
        monkeypatch_senders(world)
        for event in [*BOOKED, *events, "back", "deliver"]:
            EVENTS[event](world)
        assert not Message.objects.filter(state__in=[MessageState.QUEUED, MessageState.FAILED]).exists()
        for error in world.untrue:
            raise error
        assert world.read
        world.what_was_read_last_is_true()
        transaction.set_rollback(True)


def again_stage(stage: Stage) -> Stage:
    """Reloads the fixtures' objects: an earlier example may have changed them in memory."""
    stage.marie.refresh_from_db()
    stage.hugo.refresh_from_db()
    return stage


@pytest.fixture
def monkeypatch_senders(monkeypatch: pytest.MonkeyPatch) -> Callable[[World], None]:
    """Servers that accept everything unless they are down; messages then go into files of the outbox."""

    def use(world: World) -> None:
        class Mail(EmailSender):
            def send(self, message: Message) -> str:
                world.leaves(message)
                return super().send(message)

        class Sms(SmsSender):
            def send(self, message: Message) -> str:
                world.leaves(message)
                return super().send(message)

        monkeypatch.setitem(delivery.SENDERS, Channel.EMAIL, Mail)
        monkeypatch.setitem(delivery.SENDERS, Channel.SMS, Sms)

    return use
