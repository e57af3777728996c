"""Forms about an appointment that changed after its page was made."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from documents.models import Category, SharedDocument
from documents.sharing.share import share_upload
from files.intake import Intake
from tests.markup import one_line

SignIn = Callable[[User], Client]


def hidden_fields(page: Any) -> dict[str, str]:
    found = re.findall(
        r'<input type="hidden" name="(seen|documents)" value="([^"]*)"', one_line(page.content.decode())
    )
    assert found
    return dict(found)


@pytest.mark.parametrize("act", ["cancel", "delete", "move"])
@pytest.mark.parametrize("changed", ["starts_at", "agenda"])
def test_a_form_of_an_appointment_that_was_moved_meanwhile_asks_again(
    appointment: Appointment, bob: User, sign_in: SignIn, act: str, changed: str
) -> None:
    browser, address = sign_in(bob), f"/pro/appointments/{appointment.pk}/{act}/"
    stale = hidden_fields(browser.get(address))
    later = appointment.starts_at + timedelta(hours=1)
    elsewhere = appointment.practice.agendas.create(name="Salle 2")
    elsewhere.visit_reasons.add(appointment.visit_reason)
    new: dict[str, Any] = {"starts_at": later, "ends_at": later + timedelta(hours=1)}
    if changed == "agenda":
        new = {"agenda": elsewhere}
    Appointment.objects.update(**new)
    typed = {"visit_reason": appointment.visit_reason_id, "agenda": appointment.agenda_id, "kind": appointment.kind}
    typed["starts_at"] = f"{appointment.local_start + timedelta(days=1):%Y-%m-%dT%H:%M}"
    asked = browser.post(address, typed | stale, follow=True)
    assert "ce rendez-vous a été déplacé depuis que la page est affichée" in asked.content.decode()
    now = Appointment.objects.get()
    assert (now.status, getattr(now, changed)) == ("booked", new[changed])
    answer = browser.post(address, typed | hidden_fields(asked))
    assert answer.status_code == 302
    assert not Appointment.objects.filter(status="booked", **{changed: new[changed]}).exists()


def test_a_form_that_deletes_asks_again_if_more_would_vanish_than_it_named(
    appointment: Appointment, bob: User, sign_in: SignIn, prescription: Category, receive: Callable[..., Intake]
) -> None:
    def share() -> None:
        share_upload(
            appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob
        )

    share()
    browser, address = sign_in(bob), f"/pro/appointments/{appointment.pk}/delete/"
    stale = hidden_fields(browser.get(address))
    share()
    asked = browser.post(address, stale, follow=True)
    assert "les documents de ce rendez-vous ont changé" in asked.content.decode()
    assert SharedDocument.objects.count() == 2
    browser.post(address, hidden_fields(asked))
    assert not Appointment.objects.exists()
