"""A patient sends photographs on a telephone whose line breaks: the sending goes on by itself, and after a reload."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Route, expect

from documents.models import DocumentRequest, PartialUpload, ReceivedDocument
from documents.receiving.asking import Question, ask
from files import pieces
from practices.models import Membership, Practice
from tests.conftest import PDF
from tests.documents.receiving.test_sending import photograph
from tests.e2e.conftest import Visitor
from tests.e2e.steps import next_with_own_contacts, sign_in_on_a_new_device
from tests.e2e.test_requests import owner_of

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def large_pdf() -> bytes:
    """Three megabytes, of which most are behind its end, where viewers and the intake ignore them."""
    return PDF + b"\n%" + random.Random(4).randbytes(3_000_000).replace(b"\n", b" ").replace(b"\r", b" ")


@pytest.fixture
def patient(site: str, browser: Browser) -> Visitor:
    appointment = next_with_own_contacts()
    staff = Membership.objects.filter(practice=appointment.practice, is_secretary=True).first()
    assert staff
    ask(appointment=appointment, question=Question("Ordonnance de votre médecin"), by=staff.user)
    visitor = Visitor(browser, site, 360, 740)
    own = owner_of(appointment.patient)
    sign_in_on_a_new_device(visitor, own.email, own.mobile or "")
    visitor.page.goto(f"{site}/requests/{DocumentRequest.objects.get().pk}/")
    return visitor


def shot(visitor: Visitor, name: str) -> None:
    if folder := os.environ.get("SHOTS"):
        for width in (360, 768, 1440):
            visitor.page.set_viewport_size({"width": width, "height": 740})
            visitor.page.screenshot(path=str(Path(folder) / f"{name}-{width}.png"), full_page=True)
        visitor.page.set_viewport_size({"width": 360, "height": 740})


def document(name: str = "ordonnance.pdf") -> FilePayload:
    return {"name": name, "mimeType": "application/pdf", "buffer": large_pdf()}


def breaking(broken: Callable[[int], bool]) -> Callable[[Route], None]:
    """A route on which the nth piece gets no answer if `broken(n)`; every second of these has arrived."""
    count = 0

    def _pass(route: Route) -> None:
        nonlocal count
        if route.request.method != "PATCH":
            return route.continue_()
        count += 1
        if not broken(count):
            return route.continue_()
        if count % 2:
            route.fetch()  # the server has it, and its answer is lost
        return route.abort("connectionreset")

    return _pass


def test_a_line_that_breaks_at_every_second_piece_loses_nothing_and_sends_once(patient: Visitor) -> None:
    page = patient.page
    page.route("**/pieces/**", breaking(lambda number: number % 2 == 1))
    page.set_input_files("#id_file", document())
    patient.accessible()
    page.click("main button[type=submit]:has-text('Envoyer')")
    expect(page.locator("[data-sending-status]")).to_contain_text("La connexion est perdue")
    patient.accessible()
    shot(patient, "pieces-lost")
    expect(page.locator("main")).to_contain_text("Envoyé, pas encore vu", timeout=120_000)
    expect(page.locator("main")).to_contain_text("1 document est envoyé")
    sent = ReceivedDocument.objects.get()
    assert (sent.name, sent.page_count) == ("ordonnance.pdf", 1)
    assert PartialUpload.objects.get().sent_at is not None
    assert pieces.uploads() == set()


def test_after_a_reload_the_same_file_goes_on_and_is_told_to_whoever_hears_the_page(patient: Visitor) -> None:
    page = patient.page
    page.route("**/pieces/**", breaking(lambda number: number > 2))
    page.set_input_files("#id_file", document())
    page.click("main button[type=submit]:has-text('Envoyer')")
    expect(page.locator("[data-sending-status]")).to_contain_text("La connexion est perdue")
    arrived = PartialUpload.objects.get().offset
    assert arrived > 0
    heard: list[str] = []
    page.expose_function("hear", lambda sentence: heard.append(sentence))
    page.reload()
    page.unroute("**/pieces/**")
    page.evaluate("""() => {
      const place = document.querySelector("[data-sending-announced]");
      new MutationObserver(() => window.hear(place.textContent)).observe(place, { childList: true });
    }""")
    photo: FilePayload = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photograph("red")}
    page.set_input_files("#id_file", [document(), photo])
    with page.expect_request(lambda one: one.method == "PATCH") as first:
        page.click("main button[type=submit]:has-text('Envoyer')")
    assert int(first.value.headers["upload-offset"]) >= arrived
    expect(page.locator("main")).to_contain_text("Envoyé, pas encore vu", timeout=60_000)
    assert ReceivedDocument.objects.count() == 2
    assert [one for one in heard if one.startswith("ordonnance.pdf\u00a0: l’envoi reprend à")]
    assert [one for one in heard if "100" in one]


def test_a_file_that_cannot_be_taken_has_its_sentence_before_a_byte_leaves(patient: Visitor) -> None:
    page = patient.page
    page.set_input_files("#id_file", {"name": "note.docx", "mimeType": "text/plain", "buffer": b"no"})
    page.click("main button[type=submit]:has-text('Envoyer')")
    expect(page.locator("[data-sending-status]")).to_contain_text("note.docx")
    assert not PartialUpload.objects.exists()
    patient.accessible()
    page.locator("[data-remove]").click()
    page.set_input_files("#id_file", {"name": "note.pdf", "mimeType": "application/pdf", "buffer": b"no document"})
    page.click("main button[type=submit]:has-text('Envoyer')")
    expect(page.locator("[data-sending-status]")).to_contain_text("note.pdf")
    expect(page.locator("[data-sending-status]")).not_to_contain_text("reconnecté")  # a dialog of the same page
    expect(page.locator("main button[type=submit]:has-text('Envoyer')")).to_be_focused()
    shot(patient, "pieces-refused")
    page.locator("[data-remove]").click()
    page.set_input_files("#id_file", document())
    page.keyboard.press("Tab")
    page.locator("main button[type=submit]:has-text('Envoyer')").press("Enter")
    expect(page.locator("main")).to_contain_text("Envoyé, pas encore vu", timeout=60_000)


def test_unasked_photographs_are_sent_from_a_telephone_and_taken_back(patient: Visitor) -> None:
    page, appointment = patient.page, DocumentRequest.objects.get().appointment
    address = f"{patient.base}/my-appointments/{appointment.pk}/"
    page.goto(address)
    expect(page.locator("main")).not_to_contain_text("Envoyer un document à mon cabinet")
    Practice.objects.filter(pk=appointment.practice_id).update(takes_unasked=True)
    page.reload()
    page.get_by_role("link", name="Envoyer un document à mon cabinet").click()
    patient.accessible()
    shot(patient, "unasked-empty")
    for name, colour in (("un.jpg", "red"), ("deux.jpg", "blue")):
        photo: FilePayload = {"name": name, "mimeType": "image/jpeg", "buffer": photograph(colour)}
        page.set_input_files("#id_camera", photo)
    expect(page.locator("[data-pages] > li")).to_have_count(2)
    patient.accessible()
    page.click("main button[type=submit]:has-text('Envoyer')")
    expect(page.locator("main")).to_contain_text("Envoyé, pas encore vu", timeout=60_000)
    assert (ReceivedDocument.objects.get().page_count, ReceivedDocument.objects.get().request) == (2, None)
    patient.accessible()
    shot(patient, "unasked-sent")
    page.get_by_role("button", name="Reprendre").click()
    expect(page.locator("main")).to_contain_text("est repris")
    assert not ReceivedDocument.objects.exists()
