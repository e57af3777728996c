"""The SMS about appointments: one segment; it says with whom, for whom and by video as far as there is room."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import timezone, translation

from accounts.models import User
from appointments.cancelling import cancel
from appointments.messages import BOOKED, CANCELLED, CHANGED, MOVED, REMINDER, Words
from appointments.models import Agenda, Appointment, AppointmentKind, BookedFor, OpeningHours, VisitReason
from appointments.moving import move
from appointments.online import move_online
from appointments.parties import parties_of
from appointments.slots import next_free
from appointments.sms import sms_of
from notifications.gsm import ONE_SEGMENT, septets
from notifications.models import Channel, Message
from patients.models import Patient
from practices.models import Practice

pytestmark = pytest.mark.django_db
Book = Callable[..., Appointment]
EVERY = {"booked": BOOKED, "moved": MOVED, "changed": CHANGED, "cancelled": CANCELLED, "reminder": REMINDER}
PRACTICES = [
    "Lilas",
    "Fédération hospitalière de Saint-Rémy-lès-Forêts, Pôle français de la Côte d’Émeraude",
    "Кардиологический центр имени Святого Пантелеймона в городе Ницца",
]
DOCTORS = [
    ("Alice", "Morel"),
    ("Marie-Alexandrine", "de La Rochefoucauld-Montesquiou-Fezensac"),
    ("Ιουλία", "Παπαδοπούλου-Χατζηκωνσταντίνου"),
]
PATIENTS = ["Léa", "Anne-Charlotte-Emmanuelle-Victoire", "Екатерина"]
WEDNESDAY = datetime(2031, 9, 24, 13, 30, tzinfo=UTC)  # the longest date: mercredi 24 septembre 2031


@pytest.fixture
def childs(book_for: Book, marie: Patient, hugo: User) -> Appointment:
    """By video, booked by Hugo for a child."""
    marie.birth_date = timezone.localdate() - timedelta(days=900)
    marie.save()
    return book_for(marie, holder=hugo, booked_for=BookedFor.MINOR_RELATIVE, kind=AppointmentKind.VIDEO)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("practice_name", PRACTICES)
@pytest.mark.parametrize("doctor", DOCTORS, ids=lambda names: names[1][:8])
@pytest.mark.parametrize("first_name", PATIENTS)
def test_names_however_long_make_one_segment_and_the_day_is_whole(
    childs: Appointment, language: str, kind: str, practice_name: str, doctor: tuple[str, str], first_name: str
) -> None:
    childs.practice.name = practice_name
    practitioner = childs.agenda.practitioner
    assert practitioner is not None
    practitioner.first_name, practitioner.last_name = doctor
    childs.patient.first_name = first_name
    childs.starts_at = WEDNESDAY
    text = said(childs, EVERY[kind], language)
    length = septets(text)
    assert length is not None, text
    assert length <= ONE_SEGMENT, (length, text)
    assert ("mercredi 24 septembre 2031" if language == "fr" else "Wednesday, 24 September 2031") in text
    assert {"Morel": "Morel", "de La ": "Rochefou", "Παπαδο": "Papad"}[doctor[1][:6]] in text, text


def said(appointment: Appointment, words: Words, language: str = "fr") -> str:
    with translation.override(language):
        return sms_of([appointment], parties_of(appointment)[0], translation.gettext(words.sms))


def test_a_parent_reads_with_whom_for_whom_and_by_video(childs: Appointment) -> None:
    assert ", avec Dr Alice Morel, pour Marie, en vidéo." in said(childs, MOVED)
    assert ", with Dr Alice Morel, for Marie, by video." in said(childs, CANCELLED, "en")


def test_patients_are_not_named_to_themselves(appointment: Appointment) -> None:
    assert said(appointment, BOOKED).endswith(", avec Dr Alice Morel. Tél. 01 40 00 00 00")


def test_two_with_one_mobile_read_for_which_of_them(appointment: Appointment, marie: Patient) -> None:
    Patient.objects.create(
        practice=marie.practice, first_name="Paul", last_name="Durand", birth_date=date(1950, 1, 1),
        mobile=marie.mobile,
    )  # fmt: skip
    for words in (BOOKED, MOVED, CANCELLED):
        assert ", avec Dr Alice Morel, pour Marie." in said(appointment, words)


def test_parents_at_the_contacts_of_a_childs_record_read_for_whom(appointment: Appointment, marie: Patient) -> None:
    appointment.patient.birth_date = timezone.localdate() - timedelta(days=900)
    assert ", pour Marie." in said(appointment, BOOKED)


def test_two_appointments_name_both_doctors_and_both_patients(book_for: Book, marie: Patient, practice: Practice,
                                                              visit_reason: VisitReason) -> None:  # fmt: skip
    twin = Patient.objects.create(
        practice=practice, first_name="Paul", last_name="Durand", birth_date=date(1950, 1, 1),
        email=marie.email, mobile=marie.mobile,
    )  # fmt: skip
    vera = User.objects.create_user(email="vera@lilas.example", first_name="Véra", last_name="Lenoir")
    other = Agenda.objects.create(practice=practice, name="2", practitioner=vera)
    visit_reason.agendas.add(other)
    first, second = book_for(marie), book_for(twin)
    second.agenda = other
    text = sms_of([first, second], parties_of(first)[0], translation.gettext(REMINDER.sms))
    assert "avec Dr Alice Morel et Véra Lenoir, pour Marie et Paul." in text


def test_without_a_practitioner_no_name_is_missed(appointment: Appointment, agenda: Agenda) -> None:
    appointment.agenda.practitioner = None
    assert "avec" not in said(appointment, BOOKED)


@pytest.fixture
def elsewhere(practice: Practice, visit_reason: VisitReason) -> Agenda:
    vera = User.objects.create_user(email="vera@lilas.example", first_name="Véra", last_name="Lenoir")
    agenda = Agenda.objects.create(practice=practice, name="2", practitioner=vera)
    visit_reason.agendas.add(agenda)
    return agenda


def test_an_sms_that_waits_names_whom_one_meets_now(appointment: Appointment, alice: User, elsewhere: Agenda) -> None:
    move(appointment=appointment, by=alice, starts_at=appointment.starts_at + timedelta(days=2))
    move(appointment=appointment, by=alice, agenda=elsewhere)
    sms = Message.objects.get(channel=Channel.SMS, about=appointment.pk, topic="appointment")
    assert "déplacé" in sms.body
    assert "Véra Lenoir" in sms.body
    assert "Morel" not in sms.body


def test_an_sms_that_left_with_the_former_name_is_followed_by_another(
    appointment: Appointment, alice: User, elsewhere: Agenda
) -> None:
    move(appointment=appointment, by=alice, starts_at=appointment.starts_at + timedelta(days=2))
    Message.objects.update(state="sent", sent_at=timezone.now())
    move(appointment=appointment, by=alice, agenda=elsewhere)
    sms = Message.objects.get(channel=Channel.SMS, about=appointment.pk, state="queued")
    assert "modifié" in sms.body
    assert "Véra Lenoir" in sms.body
    assert cancel(appointment=appointment, by=alice).status == "cancelled"
    assert not Message.objects.filter(pk=sms.pk).exists()


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(("online", "telephone"), [(True, True), (True, False), (False, True), (False, False)])
def test_a_cancellation_offers_to_book_anew_online_or_by_telephone(
    book_for: Book, marie: Patient, hugo: User, alice: User, practice: Practice, agenda: Agenda,
    visit_reason: VisitReason, online: bool, telephone: bool, language: str,
) -> None:  # fmt: skip
    OpeningHours.objects.create(agenda=agenda, weekday=0, opens_at=time(9), closes_at=time(12))
    VisitReason.objects.update(books_online=online)
    Practice.objects.update(telephone="+33140000000" if telephone else "")
    User.objects.filter(pk=hugo.pk).update(language=language)
    hugo.refresh_from_db()
    booked = book_for(marie, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    cancel(appointment=booked, by=alice)
    to_booker = Message.objects.get(channel=Channel.EMAIL, to=hugo.email).body
    words = ("Prendre un autre rendez-vous", "Book another appointment")
    assert (words[language == "en"] in to_booker) is online
    assert (f"/book/{practice.pk}/" in to_booker) is online
    call = ("Pour en prendre un autre, appelez", "To book another")
    assert (call[language == "en"] in to_booker) is (telephone and not online)


UNREAD = "عبد الرحمن"


@pytest.mark.parametrize("kind", EVERY)
def test_a_name_without_latin_letters_to_read_it_by_is_left_out(childs: Appointment, kind: str) -> None:
    """The whole name is left out, not a part of it. Other names stay."""
    doctor = childs.agenda.practitioner
    assert doctor is not None
    doctor.first_name, doctor.last_name, doctor.title = UNREAD, "حداد", "Dr"
    assert "avec" not in said(childs, EVERY[kind])
    assert ", pour Marie, en vidéo." in said(childs, EVERY[kind])
    doctor.last_name = "حداد (Haddad)"
    assert ", avec Dr Haddad, pour Marie, en vidéo." in said(childs, EVERY[kind])
    childs.patient.first_name = UNREAD
    text = said(childs, EVERY[kind])
    assert ", avec Dr Haddad, en vidéo." in text
    assert "bd lrhmn" not in text


@pytest.mark.parametrize("language", ["fr", "en"])
def test_moved_by_whoever_booked_it_says_for_whom_and_with_whom(
    book_for: Book, marie: Patient, hugo: User, agenda: Agenda, visit_reason: VisitReason, language: str
) -> None:
    User.objects.filter(pk=hugo.pk).update(language=language)
    hugo.refresh_from_db()
    for weekday in range(7):
        OpeningHours.objects.create(agenda=agenda, weekday=weekday, opens_at=time(8), closes_at=time(20))
    visit_reason.books_online = True
    visit_reason.save()
    booked = book_for(marie, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    [free, *_rest] = next_free(agenda=agenda, visit_reason=visit_reason, after=booked.starts_at + timedelta(days=1))
    move_online(appointment=booked, starts_at=free.start, by=hugo)
    sms = Message.objects.get(channel=Channel.SMS, to=hugo.mobile)
    expected = {"fr": ", avec Dr Alice Morel, pour Marie.", "en": ", with Dr Alice Morel, for Marie."}
    assert expected[language] in sms.body
