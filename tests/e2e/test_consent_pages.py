"""Every page about a patient's signature, of both sides and in every state, on a telephone, a tablet and a screen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Browser, Page

from accounts.models import User
from appointments.models import Appointment, BookedFor
from docshare.demo import cast
from documents.consents.access import consent_of
from documents.consents.ending import refuse, withdraw
from documents.consents.forms import Asked, set_form
from documents.library.catalogue import import_document
from documents.models import Category, Consent, LibraryDocument, SharedDocument
from documents.sending.rules import Asks, RuleContent, save_rule
from documents.sharing.share import share_library_document
from files.intake import accept
from tests.documents.consents.conftest import again, pages, proved, read_and_tick, sign_as
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff, sign_in_on_a_new_device

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ADMIN = "admin@lilas.example"
SIZES = ((360, 740), (768, 1024), (1440, 900))
STATES = ("asked", "begun", "coded", "refused", "signed", "withdrawn")
SENTENCES = (
    "J’ai lu les risques de l’intervention, et les autres traitements possibles.",
    "J’ai pu poser mes questions.",
)


@dataclass
class Signatures:
    """One document for each state. `plain`: in the library, without a signature; `paper`: with one."""

    holder: User
    appointment: Appointment
    consents: dict[str, Consent]
    plain: LibraryDocument
    paper: LibraryDocument
    rule: str


@pytest.fixture
def signatures(site: str) -> Signatures:
    admin, holder = User.objects.get(email=ADMIN), User.objects.get(email=cast.HOLDER.email)
    related = Appointment.objects.select_related("practice", "patient__practice", "holder")
    mine = related.filter(holder=holder, booked_for=BookedFor.SELF, status="booked").latest("starts_at")

    def _paper(title: str) -> LibraryDocument:
        intake = accept(SimpleUploadedFile("consentement.pdf", pages(2)))
        category = Category.objects.get(code="information")
        return import_document(practice=mine.practice, intake=intake, title=title, category=category, by=admin)

    def _asked(state: str) -> Consent:
        paper = _paper(f"Consentement à l’anesthésie, {state}")
        set_form(document=paper, asked=Asked(SENTENCES), by=admin)
        shared = share_library_document(appointment=mine, library_document=paper, by=admin)
        found = consent_of(SharedDocument.objects.get(pk=shared.pk))
        assert found
        return found

    name, consents = f"{holder.first_name} {holder.last_name}", {state: _asked(state) for state in STATES}
    read_and_tick(consents["begun"], holder, name)
    proved(consents["coded"], holder, name)
    refuse(consent=again(consents["refused"]), by=holder, sentence="Je préfère en parler d’abord.")
    for state in ("signed", "withdrawn"):
        sign_as(consents[state], holder, name)
    withdraw(consent=again(consents["withdrawn"]), by=holder, sentence="J’ai changé d’avis.")
    paper, plain = _paper("Consentement à l’intervention"), _paper("Plan d’accès")
    set_form(document=paper, asked=Asked(SENTENCES), by=admin)
    asked = [Asks("Ordonnance de votre médecin traitant", "Pour préparer la visite", 2)]
    content = RuleContent(name="Avant la visite", documents=[plain], questions=asked)
    rule = save_rule(practice=mine.practice, content=content, by=admin)
    return Signatures(holder, mine, consents, plain, paper, str(rule.pk))


def _shot(page: Page, name: str, width: int) -> None:
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}-{width}.png"), full_page=True)


def _look(visitor: Visitor, places: Iterator[tuple[str, str]]) -> None:
    """At each place, at each size; nothing scrolls sideways, and axe is silent."""
    for name, place in places:
        visitor.page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
        answer = visitor.page.goto(f"{visitor.base}{place}")
        assert answer
        assert answer.ok, place
        assert visitor.page.url == f"{visitor.base}{place}"
        for width, height in SIZES:
            visitor.page.set_viewport_size({"width": width, "height": height})
            _shot(visitor.page, name, width)
            visitor.accessible()


def test_every_page_of_the_patient(site: str, browser: Browser, signatures: Signatures) -> None:
    visitor = Visitor(browser, site, *SIZES[0])
    sign_in_on_a_new_device(visitor, signatures.holder.email, signatures.holder.mobile or "")

    def _places() -> Iterator[tuple[str, str]]:
        yield from (("p-documents", "/documents/"), ("p-requests", "/requests/"))
        for state, consent in signatures.consents.items():
            at = f"/documents/{consent.document_id}/"
            yield f"p-document-{state}", at
            if state in ("asked", "begun", "coded"):
                visitor.page.click("text=Lire et signer")  # opens its pages in this session
                yield f"p-page-{state}", f"{at}sign/pages/1/"
                yield f"p-refuse-{state}", f"{at}sign/refuse/"
            if state in ("begun", "coded"):
                yield from ((f"p-statement-{state}", f"{at}sign/"), (f"p-proof-{state}", f"{at}sign/proof/"))
            if state == "signed":
                yield "p-withdraw", f"{at}sign/withdraw/"

    _look(visitor, _places())
    visitor.context.close()


def test_every_page_of_the_practice(site: str, browser: Browser, signatures: Signatures) -> None:
    visitor = Visitor(browser, site, *SIZES[0])
    sign_in_as_staff(visitor, ADMIN)

    def _places() -> Iterator[tuple[str, str]]:
        at = f"/pro/appointments/{signatures.appointment.pk}/"
        yield from (("s-panel", at), ("s-history", f"{at}history/"), ("s-deliveries", "/pro/deliveries/"))
        yield "s-record", f"/pro/patients/{signatures.appointment.patient_id}/"
        yield from (("s-library", "/pro/library/"), ("s-rules", "/pro/rules/"))
        for name, paper in (("plain", signatures.plain), ("paper", signatures.paper)):
            yield f"s-library-{name}", f"/pro/library/{paper.pk}/"
            yield f"s-signature-{name}", f"/pro/library/{paper.pk}/signature/"
        yield from (("s-rule", f"/pro/rules/{signatures.rule}/"), ("s-rule-new", "/pro/rules/new/"))
        for state, consent in signatures.consents.items():
            yield f"s-document-{state}", f"/pro/documents/{consent.document_id}/"
            if state in ("asked", "refused"):
                yield f"s-ask-{state}", f"/pro/documents/{consent.document_id}/ask-signature/"

    _look(visitor, _places())
    visitor.context.close()
