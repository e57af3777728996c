"""Every live access to a record is listed with its proof, and one button ends it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Scope, User
from accounts.tokens import issue_token
from appointments.authorisation import authorise_holder
from appointments.models import BookedFor
from audit.models import AuditEvent
from documents.models import SharedDocument
from documents.sending.autosend import send_due
from documents.sharing.access import visible_as_recipient
from documents.sharing.accesses import AccessKind, accesses_to, end_access
from documents.sharing.uploads import RecipientNotReady
from notifications.models import Message
from notifications.wording import long_day
from patients.invitations import (
    invitation_for,
)
from patients.models import Patient
from patients.records import (
    FormerContacts,
    change_patient,
    create_patient,
)
from patients.relatives import Person
from practices.models import Practice
from practices.roles import NotAllowed
from tests.conftest import BookFixture
from tests.documents.bookings import *  # noqa: F403  # somebody who books online, a rule
from tests.documents.ways import (
    CORRECTED,
    NEW,
    Booker,
    SignIn,
    account,
    claim,
    links_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def every_way(
    plan_rule: None,
    booker: Booker,
    holder: User,
    alice: User,
    book_for: BookFixture,
    share: Callable[..., SharedDocument],
) -> Patient:
    """A minor's record with an access of each kind."""
    born = timezone.localdate() - timedelta(days=3000)
    appointment = booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", born))
    share(appointment)
    child = change_patient(
        patient=appointment.patient, by=alice, email="parent@courriel.example", mobile="+33612000001"
    )
    by_practice = book_for(child)
    send_due()
    share(by_practice)
    claim(child, account("parent@courriel.example", "+33612000001"))
    invitation_for(patient=child, by=alice)
    return child


def test_every_live_way_is_listed_with_what_it_stands_on(every_way: Patient, api: APIClient) -> None:
    listed = api.get(f"/api/v1/patients/{every_way.pk}/accesses/").json()["results"]
    assert sorted((one["kind"], tuple(one["stands_on"])) for one in listed) == [
        ("account", ("email", "mobile", "birth_date")),
        ("holder", ("booked_for_minor",)),
        ("invitation", ("email", "mobile", "birth_date")),
        ("link", ("email", "mobile")),
        ("link", ("email", "mobile")),
    ]
    assert all(one["since"] and one["who"] and one["suspended"] is False for one in listed)


def test_each_way_ends_by_one_button_and_in_the_trail(
    every_way: Patient, bob: User, sign_in: SignIn, client: Client
) -> None:
    people = [User.objects.get(email="parent@courriel.example"), User.objects.get(email="hugo.martin@gmail.com")]
    paths = {path for message in Message.objects.filter(channel="email") for path in links_in(message)}
    links = sorted(path for path in paths if path.startswith("/d/"))
    assert len(links) == 2
    assert all(visible_as_recipient(one).exists() for one in people)
    browser, page = sign_in(bob), f"/pro/patients/{every_way.pk}/"

    def buttons() -> list[str]:
        return re.findall(rf'href="({page}accesses/[0-9a-f-]{{36}}/end/)"', browser.get(page).content.decode())

    assert len(buttons()) == 5
    while shown := buttons():
        assert browser.post(shown[0]).status_code == 302
        assert shown[0] not in buttons()
    assert accesses_to(every_way) == []
    assert not any(visible_as_recipient(one).exists() for one in people)
    assert {client.get(path).status_code for path in links} == {410}
    ended = AuditEvent.objects.filter(actor_id=bob.pk, practice_id=every_way.practice_id)
    assert set(ended.values_list("action", flat=True)) == {
        "record.untied",
        "holder.excluded",
        "link.revoked",
        "invitation.stopped",
    }


def test_a_holder_whose_access_was_ended_receives_nothing_later(
    every_way: Patient, holder: User, bob: User, booker: Booker, share: Callable[..., SharedDocument]
) -> None:
    of_holder = next(one for one in accesses_to(every_way) if one.kind is AccessKind.HOLDER)
    end_access(patient=every_way, access_id=of_holder.id, by=bob)
    person = Person(every_way.first_name, every_way.last_name, every_way.birth_date)
    later = booker(holder, BookedFor.MINOR_RELATIVE, person)
    assert later.patient == every_way
    document = share(later)
    assert (document.audience, document.holder) == ("patient", None)
    assert not visible_as_recipient(holder).exists()


def test_staff_give_back_what_they_had_ended_for_a_holder(
    every_way: Patient,
    holder: User,
    bob: User,
    rita: User,
    charlie: User,
    booker: Booker,
    share: Callable[..., SharedDocument],
    sign_in: SignIn,
) -> None:
    before = set(visible_as_recipient(holder))
    of_holder = next(one for one in accesses_to(every_way) if one.kind is AccessKind.HOLDER)
    end_access(patient=every_way, access_id=of_holder.id, by=bob)
    assert not visible_as_recipient(holder).exists()
    browser, page = sign_in(bob), f"/pro/patients/{every_way.pk}/"
    found = re.search(r'action="(/pro/exclusions/[0-9a-f-]{36}/lift/)"', browser.get(page).content.decode())
    assert found
    assert sign_in(rita).post(found[1]).status_code == sign_in(charlie).post(found[1]).status_code == 404
    assert browser.get(found[1]).status_code == 405
    assert "lift" not in sign_in(rita).get(page).content.decode()
    assert browser.post(found[1])["Location"] == page
    assert set(visible_as_recipient(holder)) == before
    assert "data-exclusions" not in browser.get(page).content.decode()
    assert browser.post(found[1]).status_code == 404
    lifted = AuditEvent.objects.get(action="holder.exclusion_lifted")
    assert (lifted.actor_id, lifted.object_id) == (bob.pk, every_way.pk)
    person = Person(every_way.first_name, every_way.last_name, every_way.birth_date)
    assert share(booker(holder, BookedFor.MINOR_RELATIVE, person)).holder == holder


def test_the_exclusion_is_shown_on_the_record_that_the_booker_described_anew(
    every_way: Patient, practice: Practice, bob: User, alice: User, sign_in: SignIn
) -> None:
    of_holder = next(one for one in accesses_to(every_way) if one.kind is AccessKind.HOLDER)
    end_access(patient=every_way, access_id=of_holder.id, by=bob)
    anew = create_patient(
        practice=practice,
        first_name="LEA",
        last_name=every_way.last_name,
        birth_date=every_way.birth_date,
        by=alice,
    )
    assert "data-exclusions" in sign_in(bob).get(f"/pro/patients/{anew.pk}/").content.decode()


def test_whoever_booked_for_a_minor_is_listed_before_anything_is_shared(
    booker: Booker, holder: User, alice: User, share: Callable[..., SharedDocument]
) -> None:
    born = timezone.localdate() - timedelta(days=3000)
    booked = booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", born))
    (access,) = accesses_to(booked.patient)
    assert (access.kind, access.account, access.since) == (AccessKind.HOLDER, holder, booked.created_at)
    assert end_access(patient=booked.patient, access_id=access.id, by=alice)
    assert accesses_to(booked.patient) == []
    with pytest.raises(RecipientNotReady):
        share(booked)


def test_whoever_booked_for_an_adult_is_not_listed_before_an_authorisation(booker: Booker, holder: User) -> None:
    booked = booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", "Martin", date(1950, 1, 1)))
    assert accesses_to(booked.patient) == []


def test_who_only_reads_and_strangers_end_nothing(
    every_way: Patient, rita: User, charlie: User, alice: User, sign_in: SignIn
) -> None:
    access = accesses_to(every_way)[0]
    address = f"/pro/patients/{every_way.pk}/accesses/{access.id}/end/"
    assert sign_in(rita).post(address).status_code == 403
    assert sign_in(charlie).post(address).status_code == 404
    assert Client().post(address).status_code == 302
    assert sign_in(rita).get(address).status_code == 403
    assert sign_in(alice).get(address).status_code == 200  # the question; nothing has ended
    with pytest.raises(NotAllowed):
        end_access(patient=every_way, access_id=access.id, by=rita)
    assert len(accesses_to(every_way)) == 5
    stranger = APIClient()
    _token, secret = issue_token(user=charlie, name="t", scopes=[Scope.READ, Scope.WRITE], by=None)
    stranger.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    for path in (f"/api/v1/patients/{every_way.pk}/accesses/", f"/api/v1/patients/{every_way.pk}/confirm-contacts/"):
        assert stranger.get(path).status_code in (404, 405)
        assert stranger.post(path).status_code in (404, 405)
    assert stranger.delete(f"/api/v1/patients/{every_way.pk}/accesses/{access.id}/").status_code == 404


def test_the_api_ends_an_access_of_this_record_alone(every_way: Patient, marie: Patient, api: APIClient) -> None:
    access = accesses_to(every_way)[0]
    assert api.delete(f"/api/v1/patients/{marie.pk}/accesses/{access.id}/").status_code == 404
    assert api.delete(f"/api/v1/patients/{every_way.pk}/accesses/{access.id}/").status_code == 204
    assert api.delete(f"/api/v1/patients/{every_way.pk}/accesses/{access.id}/").status_code == 404


SAID = {
    FormerContacts.SOMEONE_ELSE: ["Ana Costa n’a plus accès à cette fiche."],
    FormerContacts.SAME_PERSON: ["Ana Costa garde ce qui a été partagé jusqu’ici, et ne verra la suite qu’après"],
}


@pytest.mark.parametrize("whose", FormerContacts)
def test_saving_contacts_says_what_became_of_each_access(
    whose: FormerContacts, every_way: Patient, bob: User, sign_in: SignIn
) -> None:
    User.objects.filter(email="parent@courriel.example").update(first_name="Ana", last_name="Costa")
    address = f"/pro/patients/{every_way.pk}/"
    page = sign_in(bob).post(address, {**CORRECTED, "former_contacts": whose.value}, follow=True).content.decode()
    for sentence in [
        "Les coordonnées sont enregistrées.",
        *SAID[whose],
        "Un lien envoyé aux anciennes coordonnées est fermé.",
        "L’invitation envoyée aux anciennes coordonnées est fermée, une autre part aux nouvelles.",
    ]:
        assert sentence in page, sentence


def test_saving_contacts_that_nothing_stood_on_says_no_more(marie: Patient, bob: User, sign_in: SignIn) -> None:
    page = sign_in(bob).post(f"/pro/patients/{marie.pk}/", dict(NEW), follow=True).content.decode()
    assert "Les coordonnées sont enregistrées." in page
    assert not any(word in page for word in ("n’a plus accès", "est fermé", "une autre part", "Une invitation part"))


def test_staff_read_the_records_contacts_and_not_a_bookers(
    every_way: Patient, plan_rule: None, booker: Booker, holder: User, alice: User, bob: User, sign_in: SignIn
) -> None:
    page = sign_in(bob).get(f"/pro/patients/{every_way.pk}/").content.decode()
    listed = page[page.index("data-accesses") :]
    assert "parent@courriel.example, 06\u00a012\u00a000\u00a000\u00a001" in listed
    adult = booker(holder, BookedFor.ADULT_RELATIVE, Person("Zoé", "Martin", date(1980, 1, 1)))
    authorise_holder(appointment=adult, by=alice)
    send_due()
    page = sign_in(bob).get(f"/pro/patients/{adult.patient_id}/").content.decode()
    assert f"vers\u00a0: Plan d’accès (rendez-vous du {long_day(adult.local_start)})" in unescape(page)
    assert holder.email not in page[page.index("data-accesses") :]


def test_the_history_says_whose_access_ended(every_way: Patient, bob: User, sign_in: SignIn) -> None:
    User.objects.filter(email="parent@courriel.example").update(first_name="Ana", last_name="Costa")
    browser = sign_in(bob)
    for one in accesses_to(every_way):
        browser.post(f"/pro/patients/{every_way.pk}/accesses/{one.id}/end/")
    shown = ""
    for appointment in every_way.appointments.all():
        shown += browser.get(f"/pro/appointments/{appointment.pk}/history/").content.decode()
    for line in (
        "Accès d’un compte à la fiche retiré\u00a0: Ana Costa",
        "Accès retiré à la personne qui a pris le rendez-vous\u00a0: Hugo Martin",
        "Lien fermé\u00a0: p•••@c….example",
        "Invitation arrêtée\u00a0: p•••@c….example",
    ):
        assert line in shown, line
    assert "parent@courriel.example" not in shown
