"""Rules on their pages, and what they planned on the appointment's."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from accounts.models import User
from documents.autosend import send_due
from documents.models import AutoSend, AutoSendRule, DocumentLink, LibraryDocument
from patients.models import Patient
from tests.conftest import BookFixture
from tests.documents.conftest import *  # noqa: F403  # a document of the library

SignIn = Callable[[User], Client]


def test_an_administrator_writes_a_rule_and_reads_it_as_a_sentence(
    sign_in: SignIn, carol: User, access_plan: LibraryDocument
) -> None:
    client = sign_in(carol)
    assert "Aucune règle pour l’instant" in client.get("/pro/rules/").content.decode()
    asked = {"name": "Plan", "documents": [str(access_plan.pk)], "moment": "before", "offset_hours": "48"}
    half = client.post("/pro/rules/new/", asked | {"documents": [], "channels": ["email"]})
    assert half.status_code == 400
    assert "Choisissez au moins un document" in half.content.decode()
    assert 'value="Plan"' in half.content.decode()
    client.post("/pro/rules/new/", asked | {"channels": ["email"], "active": "on"})
    sentence = " ".join(client.get("/pro/rules/").content.decode().split())
    for part in (
        "Plan d’accès",
        "48 h avant le rendez-vous",
        "tous les motifs",
        "tous les agendas",
        "par e-mail</strong>",
    ):
        assert part in sentence
    rule = AutoSendRule.objects.get()
    client.post(f"/pro/rules/{rule.pk}/", asked | {"name": "Plan d’accès", "channels": ["sms"], "offset_hours": "24"})
    assert "arrêtée" in client.get("/pro/rules/").content.decode()
    client.post(f"/pro/rules/{rule.pk}/delete/")
    assert "Aucune règle" in client.get("/pro/rules/").content.decode()


def test_others_have_no_such_page(sign_in: SignIn, alice: User, bob: User, carol: User) -> None:
    for user in (alice, bob):
        assert sign_in(user).get("/pro/rules/").status_code == 404
        assert sign_in(user).post("/pro/rules/new/").status_code == 404


def test_staff_see_what_is_planned_send_it_now_or_do_not(
    sign_in: SignIn, carol: User, alice: User, access_plan: LibraryDocument, book_for: BookFixture, marie: Patient
) -> None:
    asked = {"name": "Plan", "documents": [str(access_plan.pk)], "moment": "before", "offset_hours": "1"}
    sign_in(carol).post("/pro/rules/new/", asked | {"channels": ["email", "sms"], "active": "on"})
    first, second = book_for(marie), book_for(marie)
    client = sign_in(alice)
    page = client.get(f"/pro/appointments/{first.pk}/").content.decode()
    assert "Envois automatiques" in page
    assert "Envoyer maintenant" in page
    client.post(f"/pro/auto-sends/{first.auto_sends.get().pk}/send/")
    client.post(f"/pro/auto-sends/{second.auto_sends.get().pk}/stop/")
    assert set(AutoSend.objects.values_list("appointment", "state")) == {(first.pk, "sent"), (second.pk, "cancelled")}
    shown = client.get(f"/pro/appointments/{first.pk}/").content.decode()
    assert "Envoyé le" in shown
    assert "Lisible par le lien du message" in shown
    client.post(f"/pro/links/{DocumentLink.objects.get().pk}/close/")
    assert "Lisible par le lien" not in client.get(f"/pro/appointments/{first.pk}/").content.decode()
    assert "Lien fermé" in client.get(f"/pro/appointments/{first.pk}/history/").content.decode()
    assert send_due() == 0
