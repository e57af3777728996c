"""An administrator writes a rule that asks; the patient sends it by the link, without an account, on a telephone;
what did not come is in *Suivi des envois*."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from appointments.models import Appointment
from documents.models import DocumentLink, DocumentRequest, ReceivedDocument
from documents.sending.autosend import send_due
from documents.sending.links import link_url
from practices.models import Practice
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff
from tests.e2e.test_requests import picture, shot

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_rule_asks_the_link_answers_and_what_did_not_come_is_listed(site: str, browser: Browser) -> None:
    staff, patient = Visitor(browser, site, 1440, 900), Visitor(browser, site, 360, 740)
    sign_in_as_staff(staff, "admin@lilas.example")
    writes_a_rule(staff)
    send_due()
    request = DocumentRequest.objects.filter(label="Ordonnance du médecin traitant").earliest("asked_at")
    link = DocumentLink.objects.select_related("appointment").get(sendings__request=request)
    sends_by_the_link(patient, link, site)
    assert ReceivedDocument.objects.get().request == request
    sees_late_ones(staff)
    allows_unasked(staff)


def writes_a_rule(staff: Visitor) -> None:
    page = staff.page
    page.goto(f"{staff.base}/pro/rules/new/")
    page.fill("[name=name]", "Avant la visite")
    page.click("summary:has-text('Ce qui est demandé')")
    page.fill("[name=ask_0_label]", "Ordonnance du médecin traitant")
    page.fill("[name=ask_0_details]", "Pour préparer votre consultation.")
    page.fill("[name=ask_0_days]", "1")
    page.check("[name=active]")
    expect(page.locator(".rule-effect")).to_contain_text("Ordonnance du médecin traitant")
    page.check("[name=to_booked]")
    staff.accessible()
    shot(staff, "rule_1440")
    page.set_viewport_size({"width": 360, "height": 740})
    shot(staff, "rule_360")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Enregistrer la règle").click()
    expect(page.locator("main")).to_contain_text("Ordonnance du médecin traitant")


def sends_by_the_link(patient: Visitor, link: DocumentLink, site: str) -> None:
    page = patient.page
    page.goto(site + re.sub(r"^https?://[^/]+", "", link_url(link)))
    expect(page.locator("main")).to_contain_text("Ordonnance du médecin traitant")
    patient.accessible()
    shot(patient, "link_360")
    page.get_by_role("link", name="Envoyer ce document").first.click()
    patient.accessible()
    shot(patient, "link_send_360")
    page.set_input_files("#id_file", [picture("un.jpg", "red"), picture("deux.jpg", "blue")])
    page.locator("form[data-pages-form] button[type=submit]").click()
    expect(page.locator("main")).to_contain_text("C’est envoyé")
    patient.accessible()
    shot(patient, "link_sent_360")


def sees_late_ones(staff: Visitor) -> None:
    soon = timezone.now() + timedelta(hours=6)
    waiting = DocumentRequest.objects.filter(state="asked").values("appointment")[:1]
    Appointment.objects.filter(pk__in=list(waiting.values_list("appointment", flat=True))).update(
        starts_at=soon, ends_at=soon + timedelta(minutes=20)
    )
    page = staff.page
    page.goto(f"{staff.base}/pro/deliveries/")
    expect(page.locator("[data-late]").first).to_contain_text("Redemander")
    staff.accessible()
    shot(staff, "late_1440")
    page.set_viewport_size({"width": 360, "height": 740})
    staff.accessible()
    shot(staff, "late_360")
    page.locator("[data-late]").first.get_by_role("button", name="C’est fait").click()
    expect(page.locator("main")).to_contain_text("n’est plus attendu")
    page.set_viewport_size({"width": 1440, "height": 900})


def allows_unasked(staff: Visitor) -> None:
    page = staff.page
    page.goto(f"{staff.base}/pro/settings/unasked/")
    staff.accessible()
    shot(staff, "unasked_setting_1440")
    page.check("[name=takes]")
    page.get_by_role("button", name="Enregistrer").click()
    assert Practice.objects.filter(takes_unasked=True).exists()
