"""Booking on the site, as a user does: links and buttons, no scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from urllib.parse import parse_qs, unquote

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.booking import book
from appointments.instructions import save_instruction
from appointments.models import Absence, Agenda, Appointment, BookingPolicy, SlotHold, VisitReason
from appointments.online import NotOnline, move_online
from notifications.models import Message
from patients.models import Patient, Relative
from portals.practice_address import page_path
from practices.models import Practice
from tests.appointments.conftest import *  # noqa: F403  # an open agenda, a holder
from tests.markup import one_line

SignIn = Callable[[User], Client]


def links(page: str, containing: str) -> list[str]:
    return [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', page) if containing in link]


def get(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content.decode()


@pytest.fixture
def to_whom(open_agenda: Agenda, visit_reason: VisitReason, next_week: date) -> str:
    """Practice, reason and slot without signing in. Returns the address of the next step."""
    visitor = Client()
    assert visitor.get("/book/")["Location"] == "/cabinets/"
    page = get(visitor, links(get(visitor, "/cabinets/"), "/cabinets/cabinet-des-lilas-")[-1])
    assert links(page, f"/book/{open_agenda.practice_id}/")
    slots = links(page, "/in_person/")[0].partition("?")[0]
    later = get(visitor, f"{slots}?from={next_week}")
    start = re.findall(r'name="start"[^>]*value="([^"]+)"', one_line(later))[0]
    visitor.post(f"{slots}hold/", {"start": start})
    [sign_in_at] = set(links(get(visitor, "/book/join/"), "/account/login/?next=/book/"))
    whom = unquote(sign_in_at.partition("next=")[2])
    SlotHold.objects.all().delete()  # as after ten minutes
    answer = visitor.get(whom)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/?next=/book/")
    return whom


def test_for_oneself(to_whom: str, sign_in: SignIn, holder: User) -> None:
    client = sign_in(holder)
    confirm = links(get(client, to_whom), "who=self")[0]
    assert "Rendez-vous pour vous" in get(client, confirm)
    assert not Appointment.objects.exists()
    answer = client.post(confirm, follow=True)
    assert "Votre rendez-vous est pris" in answer.content.decode()
    made = Appointment.objects.get()
    assert (made.holder, made.booked_for) == (holder, "self")
    calendar = client.get(f"/my-appointments/{made.pk}/calendar.ics")
    assert calendar["Content-Type"] == "text/calendar"
    assert b"BEGIN:VEVENT" in calendar.content
    assert b"suivi" not in calendar.content


def test_instructions_are_told_before_booking_in_the_confirmation_and_in_the_account(
    to_whom: str, sign_in: SignIn, holder: User, carol: User
) -> None:
    words = "Apportez votre carte Vitale."
    practice = carol.memberships.get().practice
    save_instruction(practice=practice, text=words, visit_reasons=[], agendas=[], in_messages=True, by=carol)
    client = sign_in(holder)
    confirm = links(get(client, to_whom), "who=self")[0]
    assert words in get(client, confirm)
    assert words in client.post(confirm, follow=True).content.decode()
    assert words in Message.objects.get(channel="email").body
    assert words not in Message.objects.get(channel="sms").body


def test_somebody_whose_birth_date_is_not_known_is_asked_once(to_whom: str, sign_in: SignIn, holder: User) -> None:
    User.objects.filter(pk=holder.pk).update(birth_date=None)
    client = sign_in(holder)
    confirm = links(get(client, to_whom), "who=self")[0]
    assert "demandé une seule fois" in get(client, confirm)
    names = {"first_name": "Hugo", "last_name": "Martin"}
    wrong = client.post(confirm, names | {"day": "31", "month": "2", "year": "1979"})
    assert wrong.status_code == 400
    assert 'value="31"' in wrong.content.decode()
    client.post(confirm, names | {"day": "17", "month": "6", "year": "1979"})
    holder.refresh_from_db()
    assert holder.birth_date == date(1979, 6, 17)
    assert Appointment.objects.get().patient.birth_date == date(1979, 6, 17)


def test_for_an_adult_and_again_from_the_list(to_whom: str, sign_in: SignIn, holder: User) -> None:
    client = sign_in(holder)
    confirm = links(get(client, to_whom), "who=adult")[0]
    page = get(client, confirm)
    assert "vous n’y aurez pas accès" in page
    assert "qu’avec l’accord du cabinet" in page
    person = {"first_name": "Paul", "last_name": "Martin", "day": "25", "month": "8", "year": "1946"}
    half = client.post(confirm, person | {"email": "paul@courriel.example", "mobile": ""})
    assert half.status_code == 400
    assert "Donnez aussi son mobile" in half.content.decode()
    assert 'value="paul@courriel.example"' in half.content.decode()
    client.post(confirm, person | {"email": "", "mobile": ""})
    assert Appointment.objects.get().booked_for == "adult_relative"
    taken = client.get(to_whom)
    assert taken.status_code == 409
    following = links(taken.content.decode(), "/whom/")[0]
    assert "Pour Paul Martin" in get(client, following)
    relative = Relative.objects.get()
    client.post(links(get(client, following), f"who={relative.pk}")[0])
    assert Appointment.objects.count() == 2
    assert Appointment.objects.values("patient").distinct().count() == 1


def test_a_child_who_is_of_age_is_said_and_what_was_typed_is_kept(
    to_whom: str, sign_in: SignIn, holder: User
) -> None:
    client = sign_in(holder)
    confirm = links(get(client, to_whom), "who=minor")[0]
    answer = client.post(
        confirm, {"first_name": "Léo", "last_name": "Martin", "day": "1", "month": "1", "year": "1990"}
    )
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "votre proche est majeur" in page
    assert 'value="Léo"' in page
    assert not Relative.objects.exists()


def test_a_slot_taken_while_one_typed_offers_the_next_ones(
    to_whom: str,
    sign_in: SignIn,
    holder: User,
    alice: User,
    marie: Patient,
    open_agenda: Agenda,
    visit_reason: VisitReason,
) -> None:
    client = sign_in(holder)
    confirm = links(get(client, to_whom), "who=self")[0]
    start = datetime.fromisoformat(parse_qs(confirm.partition("?")[2])["start"][0])
    book(agenda=open_agenda, visit_reason=visit_reason, patient=marie, starts_at=start, by=alice)
    assert client.get(confirm).status_code == 409
    answer = client.post(confirm)
    assert answer.status_code == 409
    assert "Ce créneau n’est plus libre" in answer.content.decode()
    assert len(links(answer.content.decode(), "/whom/")) == 3


WHO = {
    "self": {},
    "adult": {"first_name": "Paul", "last_name": "Martin", "day": "25", "month": "8", "year": "1946"},
    "minor": {
        "first_name": "Léo",
        "last_name": "Martin",
        "day": "3",
        "month": "2",
        "year": str(date.today().year - 9),
    },
}


@pytest.mark.parametrize("who", WHO)
def test_going_back_and_confirming_again_shows_what_is_booked_already(
    to_whom: str, sign_in: SignIn, holder: User, who: str
) -> None:
    """In the same tab, in another, or by a second click: the user's own booking is never shown as somebody else's."""
    client = sign_in(holder)
    confirm = links(get(client, to_whom), f"who={who}")[0]
    assert client.post(confirm, WHO[who]).status_code == 302
    made = Appointment.objects.get()
    for tab in (client, sign_in(holder)):
        again = tab.post(confirm, WHO[who], follow=True)
        text = again.content.decode()
        assert again.redirect_chain == [(f"/my-appointments/{made.pk}/", 302)]
        assert "Vous avez déjà pris ce rendez-vous" in text
        assert "n’est plus libre" not in text
    for address in (confirm, to_whom):
        text = client.get(address).content.decode()
        assert "Vous avez déjà ce rendez-vous" in text
        assert f"/my-appointments/{made.pk}/" in text
        assert len(links(text, "/whom/")) == 3
    assert Appointment.objects.count() == 1
    assert Message.objects.filter(channel="email").count() == 1


def test_a_relative_whose_record_staff_have_corrected_is_still_the_same_person(
    to_whom: str, sign_in: SignIn, holder: User
) -> None:
    client = sign_in(holder)
    confirm = links(get(client, to_whom), "who=adult")[0]
    client.post(confirm, WHO["adult"])
    Patient.objects.filter(last_name="Martin", first_name="Paul").update(last_name="Martin-Durand")
    assert client.post(confirm, WHO["adult"] | {"first_name": "PAUL"}).status_code == 302
    assert Appointment.objects.count() == 1


def test_the_same_slot_for_somebody_else_is_taken(to_whom: str, sign_in: SignIn, holder: User) -> None:
    client = sign_in(holder)
    adult, oneself = (links(get(client, to_whom), f"who={who}")[0] for who in ("adult", "self"))
    client.post(oneself)
    answer = client.post(adult, WHO["adult"])
    assert answer.status_code == 409
    assert "n’est plus libre" in answer.content.decode()


def test_a_booking_that_was_cancelled_can_be_taken_again(to_whom: str, sign_in: SignIn, holder: User) -> None:
    client = sign_in(holder)
    confirm = links(get(client, to_whom), "who=self")[0]
    client.post(confirm)
    client.post(f"/my-appointments/{Appointment.objects.get().pk}/cancel/")
    assert "Votre rendez-vous est pris" in client.post(confirm, follow=True).content.decode()
    assert Appointment.objects.filter(status="booked").count() == 1


def moves(client: Client, made: Appointment) -> list[str]:
    page = get(client, f"/my-appointments/{made.pk}/move/")
    assert 'name="start"' not in page  # choosing a slot does not move yet
    return [f"/my-appointments/{made.pk}/move/{link}" for link in links(page, "?start=")]


def fields_of(page: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(start|from)" value="([^"]+)"', one_line(page)))


def test_moving_asks_from_when_to_when_and_twice_is_once(to_whom: str, sign_in: SignIn, holder: User) -> None:
    client = sign_in(holder)
    client.post(links(get(client, to_whom), "who=self")[0])
    made = Appointment.objects.get()
    before, told = made.starts_at, Message.objects.count()
    page = get(client, moves(client, made)[-1])
    assert "Déplacer ce rendez-vous" in page
    assert f"{made.local_start:%H:%M}" in page
    made.refresh_from_db()
    assert made.starts_at == before
    assert Message.objects.count() == told
    for _click in range(2):
        done = client.post(f"/my-appointments/{made.pk}/move/", fields_of(page), follow=True)
        assert "Votre rendez-vous est déplacé" in done.content.decode()
    made.refresh_from_db()
    assert made.starts_at != before
    assert made.revision == 1


def test_a_question_that_is_no_longer_true_moves_nothing(to_whom: str, sign_in: SignIn, holder: User) -> None:
    client = sign_in(holder)
    client.post(links(get(client, to_whom), "who=self")[0])
    made = Appointment.objects.get()
    first, second = (fields_of(get(client, link)) for link in moves(client, made)[-2:])
    client.post(f"/my-appointments/{made.pk}/move/", first)
    made.refresh_from_db()
    moved = made.starts_at
    answer = client.post(f"/my-appointments/{made.pk}/move/", second, follow=True)
    assert "a changé d’heure entre-temps" in answer.content.decode()
    made.refresh_from_db()
    assert made.starts_at == moved


@pytest.mark.parametrize("closed", ["agenda", "reason", "online", "offered", "way"])
def test_nothing_moves_online_onto_what_is_closed_to_booking(
    to_whom: str, sign_in: SignIn, holder: User, closed: str
) -> None:
    client = sign_in(holder)
    client.post(links(get(client, to_whom), "who=self")[0])
    made = Appointment.objects.get()
    asked = fields_of(get(client, moves(client, made)[-1]))
    match closed:
        case "agenda":
            Agenda.objects.update(is_active=False)
        case "reason":
            VisitReason.objects.update(is_active=False)
        case "online":
            VisitReason.objects.update(books_online=False)
        case "offered":
            made.visit_reason.agendas.clear()
        case "way":
            VisitReason.objects.update(in_person=False)
    for answer in (
        client.get(f"/my-appointments/{made.pk}/move/", follow=True),
        client.post(f"/my-appointments/{made.pk}/move/", asked, follow=True),
    ):
        assert "ne se déplace plus en ligne" in answer.content.decode()
    page = get(client, f"/my-appointments/{made.pk}/")
    assert f"/my-appointments/{made.pk}/move/" not in page
    assert f"/my-appointments/{made.pk}/cancel/" in page
    with pytest.raises(NotOnline):
        move_online(appointment=made, starts_at=made.starts_at + timedelta(days=1), by=holder)
    made.refresh_from_db()
    assert made.revision == 0


def test_moving_and_cancelling_with_a_page_that_asks(to_whom: str, sign_in: SignIn, holder: User) -> None:
    client = sign_in(holder)
    client.post(links(get(client, to_whom), "who=self")[0])
    made = Appointment.objects.get()
    asked = fields_of(get(client, moves(client, made)[-1]))
    start = asked["start"]
    client.post(f"/my-appointments/{made.pk}/move/", asked)
    made.refresh_from_db()
    assert made.starts_at.isoformat()[:10] == start[:10]
    get(client, f"/my-appointments/{made.pk}/cancel/")
    made.refresh_from_db()
    assert made.status == "booked"
    client.post(f"/my-appointments/{made.pk}/cancel/")
    made.refresh_from_db()
    assert made.status == "cancelled"


def test_one_that_is_over_is_shown_without_what_was_for_before(to_whom: str, sign_in: SignIn, holder: User) -> None:
    client = sign_in(holder)
    client.post(links(get(client, to_whom), "who=self")[0])
    made = Appointment.objects.get()
    address = f"/my-appointments/{made.pk}/"
    assert "Ajouter à mon calendrier" in get(client, address)
    over = timezone.now() - timedelta(minutes=1)
    Appointment.objects.update(starts_at=over - timedelta(minutes=20), ends_at=over)
    page = get(client, address)
    assert "Rendez-vous du" in page
    for offered in ("Ajouter à mon calendrier", "Annuler", "Déplacer", "Pour changer ce rendez-vous"):
        assert offered not in page


@pytest.mark.parametrize("path", ["", "calendar.ics", "move/", "cancel/"])
def test_an_appointment_is_nobody_elses(
    to_whom: str, sign_in: SignIn, holder: User, charlie: User, alice: User, path: str
) -> None:
    client = sign_in(holder)
    client.post(links(get(client, to_whom), "who=self")[0])
    made = Appointment.objects.get()
    for other in (charlie, alice):
        assert sign_in(other).get(f"/my-appointments/{made.pk}/{path}").status_code == 404


def test_another_holders_relative_is_not_offered(to_whom: str, sign_in: SignIn, holder: User, charlie: User) -> None:
    relative = Relative.objects.create(
        holder=charlie, first_name="Zoé", last_name="Noir", birth_date=date(1990, 1, 1)
    )
    client = sign_in(holder)
    assert "Zoé" not in get(client, to_whom)
    stolen = links(get(client, to_whom), "who=self")[0].replace("who=self", f"who={relative.pk}")
    assert client.post(stolen).status_code == 404
    assert client.post(f"/relatives/{relative.pk}/remove/").status_code == 404


def test_a_practice_that_offers_nothing_has_no_page(open_agenda: Agenda, visit_reason: VisitReason) -> None:
    VisitReason.objects.update(books_online=False)
    assert Client().get(f"/book/{open_agenda.practice_id}/").status_code == 404
    page = Client().get(page_path(open_agenda.practice)).content.decode()
    assert "ne prend pas de rendez-vous en ligne" in page


@pytest.mark.parametrize(
    "start",
    ["0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "2026-13-01T09:00:00Z", "2027-01-04T09:00:00", "hier", ""],
)
def test_a_moment_that_no_button_offers_moves_nothing(
    to_whom: str, sign_in: SignIn, holder: User, start: str
) -> None:
    client = sign_in(holder)
    client.post(links(get(client, to_whom), "who=self")[0])
    made = Appointment.objects.get()
    answer = client.post(f"/my-appointments/{made.pk}/move/", {"start": start})
    assert (answer.status_code, Appointment.objects.get().starts_at) == (200, made.starts_at)
    elsewhere = client.get(re.sub(r"start=[^&]*", f"start={start}", to_whom))
    assert elsewhere.status_code == 404


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "hier"])
def test_a_day_that_no_appointment_can_be_on_shows_from_today(to_whom: str, sign_in: SignIn, day: str) -> None:
    slots = re.sub(r"whom/.*", f"?from={day}", to_whom)
    assert Client().get(slots).status_code == 200


def weeks(client: Client, address: str) -> tuple[list[str], list[str]]:
    """The pages of all weeks, by « Jours suivants »; and their slots."""
    pages, slots, path = [], list[str](), address
    while True:
        page = get(client, path)
        pages.append(page)
        slots += re.findall(r'<time datetime="([^"]+)"', one_line(page))
        later = re.search(r'href="([^"]*from=[^"]+)">Jours suivants', one_line(page))
        if later is None:
            return pages, slots
        assert len(pages) < 40, "the weeks never end"
        path = later[1].replace("&amp;", "&") if later[1].startswith("/") else address + later[1]


@pytest.mark.parametrize("way", ["move", "book"])
@pytest.mark.parametrize("horizon", [0, 6, 45, 200])
def test_slots_are_offered_to_the_last_day_that_the_practice_lets_book_and_no_further(
    way: str, horizon: int, to_whom: str, sign_in: SignIn, holder: User, open_agenda: Agenda
) -> None:
    client = sign_in(holder)
    client.post(links(get(client, to_whom), "who=self")[0])
    made = Appointment.objects.get()
    BookingPolicy.objects.create(practice=made.practice, horizon_days=horizon, notice_minutes=0)
    today = timezone.localdate(timezone=made.practice.zone)
    address = f"/my-appointments/{made.pk}/move/" if way == "move" else to_whom.partition("whom/")[0]
    pages, slots = weeks(client, address)
    assert len(pages) == 1 + horizon // 7
    assert len(slots) == len(set(slots))
    bookable = {str(today + timedelta(days=one)) for one in range(1, horizon + 1)}
    offered = {slot[:10] for slot in slots}
    assert bookable <= offered <= bookable | {str(today)}
    beyond = get(client, f"{address}?from={today + timedelta(days=horizon + 50)}")
    assert "Jours suivants" not in beyond


@pytest.mark.parametrize("way", ["move", "book"])
@pytest.mark.parametrize("ahead", [0, 10, 61, 75, 199])
def test_an_empty_week_leads_to_the_next_free_slot_however_far_it_is(
    way: str, ahead: int, to_whom: str, sign_in: SignIn, holder: User, open_agenda: Agenda
) -> None:
    client = sign_in(holder)
    client.post(links(get(client, to_whom), "who=self")[0])
    made = Appointment.objects.get()
    Practice.objects.update(telephone="+33145678901")
    BookingPolicy.objects.create(practice=made.practice, horizon_days=200)
    today = timezone.localdate(timezone=made.practice.zone)
    first_free = today + timedelta(days=ahead or 201)
    Absence.objects.create(
        agenda=open_agenda,
        starts_at=timezone.now() - timedelta(days=1),
        ends_at=datetime.combine(first_free, datetime.min.time(), made.practice.zone),
    )
    address = f"/my-appointments/{made.pk}/move/" if way == "move" else to_whom.partition("whom/")[0]
    page = get(client, address)
    assert "?start=" not in page
    if ahead:
        link = re.search(r'href="([^"]*from=([^"]+))">Prochain créneau', one_line(page))
        assert link
        assert link[2] == str(first_free)
        assert "start=" in get(client, f"{address}?from={link[2]}")
    else:
        assert "appelez le cabinet" in page
        assert 'href="tel:+33145678901"' in page
        assert "Prochain créneau" not in page
