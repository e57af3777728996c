"""An administrator writes a rule; somebody books, and reads the document without an account."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from accounts.models import User
from docshare.demo.cast import HOLDER
from documents.models import DocumentLink, LibraryDocument, SharedDocument
from documents.sending.autosend import send_due
from documents.sending.links import revoke_link
from practices.models import Membership, Practice
from tests.e2e.conftest import Visitor
from tests.e2e.steps import book, deliver, newest_email_to, sign_in_as_staff, sign_in_on_a_new_device

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_rule_sends_a_document_that_is_read_without_an_account(site: str, browser: Browser) -> None:
    admin, hugo = Visitor(browser, site, 1440, 900), Visitor(browser, site, 360, 740)
    sign_in_as_staff(admin, "admin@lilas.example")
    admin.page.click("text=Envoi automatique")
    admin.accessible()
    admin.page.click("text=Nouvelle règle")
    admin.accessible()
    admin.page.click("text=Enregistrer la règle")
    expect(admin.page.locator("[data-error-summary]")).to_be_focused()
    admin.accessible()
    admin.page.fill("[name=name]", "Plan d’accès")
    admin.page.check("label:has-text('Plan d’accès') input")
    admin.page.click("text=Enregistrer la règle")
    expect(admin.page.locator("main")).to_contain_text("à la prise de rendez-vous")
    admin.accessible()

    assert HOLDER.email
    assert HOLDER.mobile
    sign_in_on_a_new_device(hugo, HOLDER.email, HOLDER.mobile)
    child = {"first_name": "Nina", "last_name": "Lefèvre", "day": "4", "month": "5", "year": "2020"}
    appointment = book(hugo, "Pour un enfant", child)
    send_due()
    deliver()
    link = re.search(rf"{re.escape(site)}/d/\S+", newest_email_to(HOLDER.email))
    assert link

    anybody = Visitor(browser, site, 360, 740)
    anybody.page.goto(link[0])
    anybody.accessible()
    assert not SharedDocument.objects.filter(first_read_at__isnull=False).exists()
    with anybody.page.expect_download() as download:
        anybody.page.click("button:has-text('Télécharger')")
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    assert SharedDocument.objects.filter(first_read_at__isnull=False).count() == 1
    admin.page.goto(f"{site}/pro/appointments/{appointment.pk}/")
    expect(admin.page.locator("[data-panel]")).to_contain_text("Envois automatiques")
    admin.accessible()

    hugo.page.goto(f"{site}/my-appointments/{appointment.pk}/")
    expect(hugo.page.locator("main")).to_contain_text("Nina")
    hugo.accessible()
    revoke_link(link=DocumentLink.objects.get(), by=User.objects.get(email="admin@lilas.example"))
    for address, told in ((link[0], "n’ouvre plus rien"), (link[0] + "x", "ne mène plus à aucun document")):
        anybody.page.goto(address)
        expect(anybody.page.locator("h1")).to_contain_text(told)
        anybody.accessible()


def test_every_state_of_an_administrators_pages_is_accessible(site: str, browser: Browser) -> None:
    admin = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(admin, "admin@lilas.example")

    def look(path: str, told: str) -> None:
        admin.page.goto(f"{site}/pro/{path}")
        expect(admin.page.locator("main")).to_contain_text(told)
        admin.accessible()

    look("settings/messages/", "Rappels de rendez-vous")
    look("settings/instructions/new/", "Consigne")
    look("library/write/", "Aperçu du PDF")
    look("library/?q=nothing-of-this-name", "Aucun document ne correspond")
    look("webhooks/", "Logiciels")
    LibraryDocument.objects.update(archived_at=timezone.now())
    look("library/", "La bibliothèque est vide")
    look("library/?archived=1", "Documents archivés")
    look("rules/new/", "La bibliothèque est vide")
    other = Practice.objects.create(name="Cabinet d’un nom long, des Marronniers et de la Fontaine")
    Membership.objects.create(user=User.objects.get(email="admin@lilas.example"), practice=other, is_admin=True)
    for path, told in (("", ""), ("patients/", "Aucune fiche"), ("appointments/new/", "Patient"), ("rules/", "")):
        look(path, told)  # the other document, first by title, and the empty state
    admin.page.click(".rail-practice summary")
    expect(admin.page.locator(".rail-practice")).to_contain_text(other.name)
    admin.accessible()
    with admin.page.expect_navigation():
        admin.page.click(".rail-practice button:has-text('Cabinet médical des Lilas')")
    look("", "Dr Anne Martin")
    admin.context.close()
