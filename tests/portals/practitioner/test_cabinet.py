"""The pages on which administrators run their practice: identity, agendas, reasons, online booking, messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from appointments.cancelling import cancel
from appointments.models import Agenda, Appointment, VisitReason
from audit.models import AuditEvent
from notifications.models import Message
from practices.models import BookingOpenTo, Membership, Practice, PracticeLogo
from tests.files.test_logos import SVG, drawn, upload

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
SETTINGS = "/pro/settings/"
AGENDA = {"name": "Salle 2", "practitioner": "", "online": "on", "video_url": ""}
REASON = {"name": "Vaccination", "duration": "15", "kinds": ["in_person"], "online": "on"}


@pytest.fixture
def client(sign_in: SignIn, carol: User) -> Client:
    return sign_in(carol)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def pages(agenda: Agenda, reason: VisitReason) -> list[tuple[str, str]]:
    one, other = f"{SETTINGS}agendas/{agenda.pk}/", f"{SETTINGS}visit-reasons/{reason.pk}/"
    both = [SETTINGS + name for name in ("identity/", "messages/", "online/", "agendas/new/", "visit-reasons/new/")]
    both += [f"{SETTINGS}visit-reasons/ready-made/", one, f"{one}week/", f"{one}close/", other, f"{other}delete/"]
    reads = ["", "agendas/", "visit-reasons/", "instructions/", "identity/logo/picture/"]
    writes = ["identity/logo/", "identity/logo/remove/", "name/", "unread/"]
    of_one = [f"{one}order/", f"{one}reopen/", f"{other}archive/", f"{other}unarchive/"]
    return [
        *((verb, path) for path in both for verb in ("get", "post")),
        *(("get", SETTINGS + path) for path in reads),
        *(("post", SETTINGS + path) for path in writes),
        *(("post", path) for path in of_one),
    ]


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie", "hugo"])
def test_to_others_these_pages_do_not_exist(
    sign_in: SignIn, agenda: Agenda, visit_reason: VisitReason, who: str, request: pytest.FixtureRequest
) -> None:
    """Charlie administers another practice: he reaches his own pages, and no object of this one."""
    browser = sign_in(request.getfixturevalue(who))
    for verb, path in pages(agenda, visit_reason):
        if who == "charlie" and str(agenda.pk) not in path and str(visit_reason.pk) not in path:
            continue
        assert getattr(browser, verb)(path).status_code == 404, (verb, path)
    assert not AuditEvent.objects.filter(action__startswith="practice.").exists()


def test_another_practice_that_the_form_names_is_404(
    client: Client, other_practice: Practice, agenda: Agenda, visit_reason: VisitReason
) -> None:
    for path in ("identity/", "messages/", "online/", "agendas/new/", "visit-reasons/new/", "identity/logo/"):
        assert client.post(SETTINGS + path, {"practice": str(other_practice.pk)}).status_code == 404, path


def test_the_rail_leads_administrators_there_and_nobody_else(sign_in: SignIn, client: Client, alice: User) -> None:
    assert f'href="{SETTINGS}"' in text_of(client.get("/pro/"))
    assert f'href="{SETTINGS}"' not in text_of(sign_in(alice).get("/pro/"))


def test_the_index_says_what_is_missing_and_what_is_set(client: Client, practice: Practice, alice: User) -> None:
    Practice.objects.update(telephone="", address="")
    text = text_of(client.get(SETTINGS))
    assert "Il manque\u00a0: adresse, téléphone." in text
    assert "Aucun agenda ouvert" in text
    assert "Aucun motif" in text
    assert "Ouverte à\u00a0: tout le monde." in text
    agenda = Agenda.objects.create(practice=practice, name="Dr Morel", practitioner=alice)
    assert "1 agenda ouvert. 1 sans horaires." in text_of(client.get(SETTINGS))
    agenda.opening_hours.create(weekday=0, opens_at="09:00", closes_at="12:00")
    Practice.objects.update(telephone="+33140000000", address="12 rue", booking_open_to="nobody")
    text = text_of(client.get(SETTINGS))
    assert "Il manque" not in text
    assert "1 agenda ouvert." in text
    assert "sans horaires" not in text
    assert "Ouverte à\u00a0: personne." in text


def test_identity_is_typed_as_france_writes_it_and_stored(client: Client, practice: Practice) -> None:
    page = f"{SETTINGS}identity/"
    assert "01\u00a040\u00a000\u00a000\u00a000" in text_of(client.get(page))
    asked = {
        "name": "Maison des Lilas",
        "address": "1 rue\n97400 Saint-Denis",
        "telephone": "0262 20 20 20",
        "email": "accueil@lilas.example",
        "time_zone": "Indian/Reunion",
        "language": "en",
    }
    assert client.post(page, asked)["Location"] == page
    practice.refresh_from_db()
    assert (practice.telephone, practice.time_zone, practice.language) == ("+262262202020", "Indian/Reunion", "en")
    wrong = client.post(page, asked | {"telephone": "12", "name": ""})
    assert wrong.status_code == 400
    assert 'value="12"' in text_of(wrong)
    assert "Écrivez le nom du cabinet" in text_of(wrong)
    wrong = client.post(page, asked | {"telephone": "12"})
    assert "Ce n’est pas un numéro de téléphone entier" in text_of(wrong)


def test_a_new_time_zone_says_what_becomes_of_appointments(
    client: Client, appointment: Appointment, practice: Practice
) -> None:
    asked = {"name": "Lilas", "address": "", "telephone": "", "email": "", "language": "fr"}
    answer = client.post(f"{SETTINGS}identity/", asked | {"time_zone": "Indian/Reunion"}, follow=True)
    assert "Les rendez-vous déjà pris gardent leur instant" in text_of(answer)
    before = appointment.starts_at
    appointment.refresh_from_db()
    assert appointment.starts_at == before
    answer = client.post(f"{SETTINGS}identity/", asked | {"time_zone": "Indian/Reunion", "name": "x"}, follow=True)
    assert "gardent leur instant" not in text_of(answer)


def test_a_logo_is_set_shown_and_removed_and_an_svg_refused(client: Client, practice: Practice) -> None:
    page = f"{SETTINGS}identity/"
    assert client.get(f"{page}logo/picture/").status_code == 404
    refused = client.post(f"{page}logo/", {"logo": upload(SVG, "logo.svg")})
    assert refused.status_code == 400
    assert "Un logo est une image en PNG ou en JPEG" in text_of(refused)
    assert client.post(f"{page}logo/", {}).status_code == 400
    assert client.post(f"{page}logo/", {"logo": upload(drawn())})["Location"] == page
    assert f"{page}logo/picture/" in text_of(client.get(page))
    assert client.get(f"{page}logo/picture/").content == bytes(PracticeLogo.objects.get().png)
    client.post(f"{page}logo/remove/")
    assert not PracticeLogo.objects.exists()


def test_agendas_are_made_ordered_closed_and_reopened(client: Client, agenda: Agenda, alice: User) -> None:
    page = f"{SETTINGS}agendas/"
    made = client.post(f"{page}new/", AGENDA | {"practitioner": str(alice.pk)})
    second = Agenda.objects.get(name="Salle 2")
    assert made["Location"] == f"{page}{second.pk}/week/"
    twice = client.post(f"{page}new/", AGENDA)
    assert twice.status_code == 400
    assert "porte déjà ce nom" in text_of(twice)
    assert 'value="Salle 2"' in text_of(twice)
    client.post(f"{page}{second.pk}/order/", {"to": "earlier"})
    assert list(agenda.practice.agendas.all()) == [second, agenda]
    question = text_of(client.get(f"{page}{second.pk}/close/"))
    assert "Fermer l’agenda" in question
    assert "Aucun rendez-vous à venir" in question
    assert is_open("Salle 2")
    client.post(f"{page}{second.pk}/close/")
    assert not is_open("Salle 2")
    assert "Rouvrir" in text_of(client.get(page))
    client.post(f"{page}{second.pk}/reopen/")
    assert is_open("Salle 2")


def is_open(name: str) -> bool:
    return Agenda.objects.get(name=name).is_active


def test_an_empty_practice_is_led_on(client: Client, practice: Practice) -> None:
    assert "Créer le premier agenda" in text_of(client.get(f"{SETTINGS}agendas/"))
    assert "Choisir les motifs d’une spécialité" in text_of(client.get(f"{SETTINGS}visit-reasons/"))


def test_an_agenda_keeps_a_practitioner_who_left(client: Client, agenda: Agenda, alice: User) -> None:
    page = f"{SETTINGS}agendas/{agenda.pk}/"
    Membership.objects.filter(user=alice).delete()
    assert client.post(page, AGENDA | {"practitioner": str(alice.pk)}).status_code == 302
    agenda.refresh_from_db()
    assert (agenda.name, agenda.practitioner) == ("Salle 2", alice)


def test_reasons_are_made_changed_archived_and_deleted(
    client: Client, agenda: Agenda, appointment: Appointment
) -> None:
    page = f"{SETTINGS}visit-reasons/"
    wrong = client.post(f"{page}new/", REASON | {"duration": "1000", "name": "Vaccin"})
    assert wrong.status_code == 400
    assert "de 5 à 480 minutes" in text_of(wrong)
    assert 'value="Vaccin"' in text_of(wrong)
    assert client.post(f"{page}new/", REASON | {"agendas": [str(agenda.pk)]}).status_code == 302
    made = VisitReason.objects.get(name="Vaccination")
    assert (list(made.agendas.all()), made.video) == ([agenda], False)
    client.post(f"{page}{made.pk}/", REASON | {"name": "Vaccin", "kinds": ["in_person", "video"]})
    made.refresh_from_db()
    assert (made.name, made.video, made.agendas.count()) == ("Vaccin", True, 0)
    for act, active in (("archive", False), ("unarchive", True)):
        client.post(f"{page}{made.pk}/{act}/")
        made.refresh_from_db()
        assert made.is_active == active
    used = f"{page}{appointment.visit_reason_id}/"
    assert "qui n’a jamais servi" not in text_of(client.get(used))
    assert "archivez-le" in text_of(client.post(f"{used}delete/", follow=True))
    assert "qui n’a jamais servi" in text_of(client.get(f"{page}{made.pk}/"))
    assert "Supprimer le motif" in text_of(client.get(f"{page}{made.pk}/delete/"))
    client.post(f"{page}{made.pk}/delete/")
    assert list(VisitReason.objects.all()) == [appointment.visit_reason]


def test_reasons_of_a_specialty_are_ticked_once(client: Client, agenda: Agenda, practice: Practice) -> None:
    page = f"{SETTINGS}visit-reasons/ready-made/"
    nothing = client.post(page, {"agendas": [str(agenda.pk)]})
    assert nothing.status_code == 400
    assert "Cochez au moins un motif" in text_of(nothing)
    asked = {"keys": ["den-first", "den-scaling"], "agendas": [str(agenda.pk)]}
    assert "2 motifs ajoutés" in text_of(client.post(page, asked, follow=True))
    again = text_of(client.post(page, asked, follow=True))
    assert "rien n’a changé" in again
    assert practice.visit_reasons.count() == 2
    assert text_of(client.get(page)).count("déjà dans le cabinet") == 2


def test_online_booking_is_opened_to_whom_the_practice_chooses(client: Client, practice: Practice) -> None:
    page = f"{SETTINGS}online/"
    assert client.post(page, {"open_to": "friends"}).status_code == 400
    assert client.post(page, {"open_to": "known"}).status_code == 302
    practice.refresh_from_db()
    assert practice.booking_open_to == BookingOpenTo.KNOWN


def test_the_footer_stands_under_every_email_and_is_bounded(
    client: Client, practice: Practice, appointment: Appointment, alice: User
) -> None:
    page = f"{SETTINGS}name/"
    asked = {"discreet_name": "", "discreet_email": ""}
    for wrong in ("x" * 501, "a\n" * 9):
        refused = client.post(page, asked | {"message_footer": wrong})
        assert refused.status_code == 400
        assert wrong.strip() in text_of(refused)
    footer = "Bus 105, arrêt Mairie <b>\n\n\n\nSonnez\u202e au portail"
    client.post(page, asked | {"message_footer": footer})
    practice.refresh_from_db()
    assert practice.message_footer == "Bus 105, arrêt Mairie <b>\n\nSonnez au portail"
    assert "Bus 105, arrêt Mairie &lt;b&gt;" in text_of(client.get(f"{SETTINGS}messages/"))
    appointment.practice.refresh_from_db()
    cancel(appointment=appointment, by=alice)
    email = Message.objects.get(channel="email", topic="appointment")
    assert email.body.endswith("\n\nBus 105, arrêt Mairie <b>\n\nSonnez au portail\n")
    assert "Bus 105, arrêt Mairie &lt;b&gt;<br><br>Sonnez au portail" in email.html
    assert "Bus" not in Message.objects.get(channel="sms", topic="appointment").body


def test_the_activity_of_the_practice_tells_each_act(client: Client, agenda: Agenda, practice: Practice) -> None:
    client.post(f"{SETTINGS}agendas/{agenda.pk}/", AGENDA)
    client.post(f"{SETTINGS}online/", {"open_to": "nobody"})
    client.post(f"{SETTINGS}visit-reasons/ready-made/", {"keys": ["gp"]})
    client.post(f"{SETTINGS}name/", {"discreet_name": "Maison", "discreet_email": "", "message_footer": ""})
    text = text_of(client.get(f"{SETTINGS}activity/"))
    for words in ("Agenda modifié", "Salle 2", "Nom, praticien", "Ouverture de la réservation en ligne changée",
                  "Personne, au lieu de\u00a0: Tout le monde", "Motif créé", "Consultation de médecine générale",
                  "Nom, réponses ou pied des messages changés", "Nom dans les messages"):  # fmt: skip
        assert words in text, words
