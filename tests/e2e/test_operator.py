"""« État du système » at every width, well and ill, in both languages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone
from playwright.sync_api import Browser, expect

from accounts.models import User
from docshare.demo.cast import PASSWORD
from jobs import heartbeat
from jobs.models import Heartbeat
from practices.models import Practice
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff, type_sign_in
from tests.e2e.test_account import look

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_an_operator_finds_what_is_ill_and_what_to_do(site: str, browser: Browser) -> None:
    operator = User.objects.get(email="dr.martin@lilas.example")
    User.objects.filter(pk=operator.pk).update(is_staff=True, is_superuser=True)
    visitor = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(visitor, operator.email)
    for part in (heartbeat.WORKER, heartbeat.SCHEDULER):
        heartbeat.mark(part)
    visitor.page.get_by_role("link", name="État du système").click()
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("État du système")
    look(visitor, "/admin/system/", "system-well")
    Heartbeat.objects.update(at=timezone.now() - timedelta(hours=3))
    heartbeat.mark(heartbeat.SCHEDULER)
    look(visitor, "/admin/system/", "system-ill")
    visitor.page.get_by_role("link", name="Que faire\u00a0: Processus de travail").click()
    expect(visitor.page.get_by_role("heading", name="What to do")).to_be_visible()
    look(visitor, "/admin/system/workers/", "system-illness")
    User.objects.filter(pk=operator.pk).update(language="en")
    look(visitor, "/admin/system/", "system-english")


def test_an_operator_suspends_a_practice_and_its_staff_read_why(site: str, browser: Browser) -> None:
    operator = User.objects.create_superuser("root@site.example", PASSWORD, first_name="Ada", last_name="Roy")
    EmailAddress.objects.update_or_create(
        user=operator, email=operator.email, defaults={"verified": True, "primary": True}
    )
    practice = Practice.objects.get()
    place = f"/start/practices/{practice.pk}/"
    visitor = Visitor(browser, site, 1440, 900)
    visitor.page.goto(f"{site}/account/login/")
    type_sign_in(visitor, operator.email)
    visitor.page.wait_for_url("**/admin/")
    visitor.page.goto(f"{site}/admin/practices/practice/")
    visitor.page.get_by_role("link", name="Administrateurs, suspension").click()
    visitor.page.get_by_label("Prénom").fill("Anne")
    visitor.page.get_by_label("Nom", exact=True).fill("Martin")
    visitor.page.get_by_label("Adresse e-mail").fill("anne@site.example")
    visitor.page.get_by_role("button", name="Inviter").click()
    expect(visitor.page.get_by_role("button", name="Envoyer un nouveau lien anne@site.example")).to_be_visible()
    look(visitor, place, "operator-practice")
    look(visitor, f"{place}suspension/", "operator-suspension")
    visitor.page.get_by_label("Raison").fill("Le contrat s’est terminé.\nÉcrivez-nous.")
    visitor.page.get_by_role("button", name="Suspendre").click()
    expect(visitor.page.get_by_text("est suspendu.")).to_be_visible()
    look(visitor, place, "operator-practice-suspended")
    staff = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(staff, "dr.martin@lilas.example")
    expect(staff.page.get_by_role("heading", level=1)).to_have_text("Votre cabinet est suspendu")
    look(staff, "/pro/", "practice-suspended")
