"""The share card: its receipt, its questions, waiting for the virus scanner; through the staff portal."""

from __future__ import annotations

import io
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from django.utils import timezone
from PIL import Image, ImageChops

from accounts.models import User
from accounts.sole_control import MAY_SIGN
from appointments.models import Appointment
from docshare.demo.letters import letter
from documents.models import SharedDocument
from files import content, preview
from notifications.models import Message
from patients.models import Patient
from portals.practitioner.card import received
from signing.pdf.placement import InvalidPlacement
from tests.documents.conftest import PDF
from tests.files.test_active_content import changed, script_on_opening
from tests.files.test_pictures import jpeg, saved
from tests.pdf_samples import with_object_streams
from tests.scanner import Clamd

SignIn = Callable[[User], Client]
Share = Callable[..., Any]


@pytest.fixture
def share(appointment: Appointment, bob: User, sign_in: SignIn) -> Share:
    browser = sign_in(bob)

    def _share(
        content: bytes = PDF, name: str = "ordonnance.pdf", *, card: bool = True, key: str = "", **f: Any
    ) -> Any:
        headers = {"X-Requested-With": "card"} if card else {}
        if key:
            headers["Idempotency-Key"] = key
        body = {"category": "prescription", "file": SimpleUploadedFile(name, content), **f}
        return browser.post(f"/pro/appointments/{appointment.pk}/share/", body, headers=headers)

    return _share


@pytest.fixture
def scanner(settings: Any) -> Iterator[Clamd]:
    folder = Path(tempfile.mkdtemp(prefix="clamd-"))
    clamd = Clamd(folder)
    settings.CLAMD_URL = clamd.url
    yield clamd
    clamd.stop()
    shutil.rmtree(folder)


@pytest.fixture
def paul(marie: Patient) -> Patient:
    return Patient.objects.create(
        practice=marie.practice, first_name="Paul", last_name="Martin", birth_date=date(1975, 8, 1)
    )


PAULS = letter("Ordonnance", ["Pour Paul MARTIN, né le 01/08/1975"], heading="Cabinet des Lilas")


def test_the_receipt_shows_the_page_and_its_text_to_whoever_shared_it_and_no_longer_than_an_hour(
    share: Share, bob: User, alice: User, charlie: User, sign_in: SignIn
) -> None:
    page = share().content.decode()
    document = SharedDocument.objects.get()
    address = f"/pro/documents/{document.pk}/pages/1/"
    assert address in page
    assert "Paracétamol" in page
    picture = sign_in(bob).get(address)
    assert (picture["Content-Type"], picture.content[:4]) == ("image/png", preview.PNG[:4])
    assert picture["Cache-Control"] == "no-store, private"
    assert sign_in(bob).get(f"/pro/documents/{document.pk}/pages/2/").status_code == 404
    assert sign_in(alice).get(address).status_code == 404  # a colleague opens it by a recorded reading
    assert sign_in(charlie).get(address).status_code == 404
    SharedDocument.objects.update(shared_at=timezone.now() - timedelta(hours=2))
    assert sign_in(bob).get(address).status_code == 404


def test_the_receipt_begins_with_the_signed_page_of_the_stored_document(
    appointment: Appointment, alice_signs: User, sign_in: SignIn
) -> None:
    browser = sign_in(alice_signs)
    place = {"sign": "1", "page": "4", "x": "0.5", "y": "0.5", "width": "0.5"}
    body = {"category": "prescription", "file": SimpleUploadedFile("ordonnance.pdf", with_object_streams()), **place}
    address = f"/pro/appointments/{appointment.pk}/share/"
    page = browser.post(address, body, headers={"X-Requested-With": "card"}).content.decode()
    assert re.findall(r"/pages/(\d)/", page) == ["4", "1", "2"]
    assert page.index("Page 4, signée") < page.index("/pages/4/")
    pictures = [browser.get(f"/pro/documents/{SharedDocument.objects.get().pk}/pages/{n}/").content for n in (4, 3)]
    signed, unsigned = (Image.open(io.BytesIO(picture)).convert("L") for picture in pictures)
    stamped = ImageChops.difference(signed, unsigned).point([255 * (level > 60) for level in range(256)]).getbbox()
    assert stamped
    edges = [round(edge / whole, 2) for edge, whole in zip(stamped, signed.size * 2, strict=True)]
    assert edges == [0.25, 0.43, 0.75, 0.57]


@pytest.mark.parametrize(("kind", "name"), [("TIFF", "scan.tiff"), ("BMP", "scan.bmp")])
def test_pictures_that_browsers_do_not_show_have_a_page_too(
    kind: str, name: str, share: Share, bob: User, sign_in: SignIn
) -> None:
    share(saved(kind), name)
    picture = sign_in(bob).get(f"/pro/documents/{SharedDocument.objects.get().pk}/pages/1/")
    assert picture.content[:4] == b"RIFF"


def test_what_intake_noticed_is_on_the_receipt_and_in_the_history(
    share: Share, bob: User, appointment: Appointment, sign_in: SignIn
) -> None:
    assert "scripts (JavaScript)" in share(changed(script_on_opening)).content.decode()
    assert "données cachées de la photo" in share(jpeg(), "photo.jpg").content.decode()
    history = sign_in(bob).get(f"/pro/appointments/{appointment.pk}/history/").content.decode()
    assert "scripts (JavaScript)" in history
    assert "données cachées de la photo" in history


def test_a_document_that_names_another_patient_is_asked_about_on_its_card(share: Share, paul: Patient) -> None:
    doubt = share(PAULS)
    assert doubt.status_code == 409
    assert "nomme Paul Martin, et pas Marie Durand" in doubt.content.decode()
    assert not SharedDocument.objects.exists()
    assert share(PAULS, confirm_patient="1").status_code == 201


def test_without_javascript_the_page_asks_with_a_box_to_tick(share: Share, paul: Patient) -> None:
    doubt = share(PAULS, card=False)
    page = doubt.content.decode()
    assert doubt.status_code == 409
    assert "nomme Paul Martin" in page
    assert 'name="confirm_patient"' in page
    assert share(PAULS, card=False, confirm_patient="1").status_code == 302


def test_the_same_card_sent_twice_makes_one_document_and_one_notice(share: Share) -> None:
    assert [share(key="a-card").status_code for _ in range(2)] == [201, 201]
    assert SharedDocument.objects.count() == 1
    assert Message.objects.count() == 2  # one email, one SMS
    assert share(key="another-card").status_code == 201
    assert SharedDocument.objects.count() == 2


def test_while_the_scanner_is_away_nothing_is_shared_and_the_same_card_goes_through_later(
    scanner: Clamd, share: Share, files_in_store: Callable[[], list[Path]]
) -> None:
    before = files_in_store()
    waiting = share(key="a-card")
    assert (waiting.status_code, waiting["Retry-After"]) == (503, "10")
    assert share(card=False).status_code == 503
    assert not SharedDocument.objects.exists()
    assert not Message.objects.exists()
    assert files_in_store() == before
    scanner.start()
    assert share(key="a-card").status_code == 201
    assert SharedDocument.objects.count() == 1


def test_nothing_stays_of_a_file_whose_pages_cannot_be_counted(
    files_in_store: Callable[[], list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compromised child might answer so; then the place of the signature is unknown."""
    nothing = content.Found(page_count=0, signature_count=0, contains=[])
    monkeypatch.setattr(content, "_of_pdf", lambda _draft: nothing)
    before = files_in_store()
    request = RequestFactory().post("/", {"sign": "1", "file": SimpleUploadedFile("ordonnance.pdf", PDF)})
    request.session = SessionStore()
    request.session[MAY_SIGN] = True
    with pytest.raises(InvalidPlacement), received(request):
        pass
    assert files_in_store() == before
    request.close()


def test_a_card_knows_when_the_file_itself_is_not_taken(share: Share) -> None:
    """Sending such a file again changes nothing; missing fields of the form can be corrected."""
    damaged = share(b"%PDF-1.4 damaged")
    assert damaged.status_code == 400
    assert "data-file-refused" in damaged.content.decode()
    lacking = share(category="none-of-this-name")
    assert lacking.status_code == 400
    assert "data-file-refused" not in lacking.content.decode()


def test_everything_wrong_with_the_contacts_is_said_at_once(
    appointment: Appointment, marie: Patient, alice: User, sign_in: SignIn
) -> None:
    Patient.objects.filter(pk=marie.pk).update(email=None, mobile=None)
    address = f"/pro/appointments/{appointment.pk}/contacts/"
    page = sign_in(alice).post(address, {"email": "marie@", "mobile": ""}).content.decode()
    assert "Il manque ce qui suit le @" in page
    assert "Saisissez son mobile." in page
    assert 'value="marie@"' in page


LETTER = letter("Lettre", ["Cher confrère,"], heading="Cabinet des Lilas")


@pytest.mark.parametrize(
    ("content", "name", "category"),
    [
        (PDF, "scan.pdf", "prescription"),  # stated in its text
        (LETTER, "scan.pdf", "letter"),
        (PDF, "facture 12.pdf", "invoice"),
        (letter("Bonjour", ["x"], heading="Cabinet"), "scan.pdf", "other"),
        (jpeg(), "ordonnance.jpg", "other"),
    ],
)
def test_a_file_without_a_chosen_category_gets_the_one_that_it_says(
    share: Share, content: bytes, name: str, category: str
) -> None:
    answer = share(content, name, category="")
    document = SharedDocument.objects.get()
    assert (answer.status_code, document.category_id) == (201, category)
    assert f"Catégorie\u00a0: {document.category.label}." in answer.content.decode()


def test_staff_choose_another_category_than_the_one_proposed(share: Share) -> None:
    share(category="certificate")
    assert SharedDocument.objects.get().category_id == "certificate"


@pytest.mark.parametrize(
    ("asked", "category", "said"),
    [
        ({"name": "ordonnance.pdf", "text": ""}, "prescription", "d’après le nom"),
        ({"name": "scan.pdf", "text": "ORDONNANCE"}, "prescription", "d’après le texte"),
        ({"name": "ordonnance.jpg", "picture": "1"}, "other", "Choisissez-la"),
        ({}, "other", "Choisissez-la"),
    ],
)
def test_a_card_asks_which_category_to_propose(
    appointment: Appointment, bob: User, sign_in: SignIn, asked: dict[str, str], category: str, said: str
) -> None:
    answer = sign_in(bob).post(f"/pro/appointments/{appointment.pk}/share/category/", asked)
    assert answer.status_code == 200
    assert answer.json()["category"] == category
    assert said in answer.json()["sentence"]


def test_who_may_not_share_is_proposed_nothing(
    appointment: Appointment, rita: User, charlie: User, sign_in: SignIn
) -> None:
    address = f"/pro/appointments/{appointment.pk}/share/category/"
    asked = {"name": "ordonnance.pdf"}
    assert [sign_in(one).post(address, asked).status_code for one in (rita, charlie)] == [403, 404]
    assert sign_in(rita).get(address).status_code == 405
    assert Client().post(address, asked).status_code == 302


def test_no_category_is_preselected_before_the_file_is_known(
    appointment: Appointment, bob: User, sign_in: SignIn
) -> None:
    page = sign_in(bob).get(f"/pro/appointments/{appointment.pk}/share/").content.decode()
    selects = re.findall(r"<select[^>]*(?:name=\"category\"|data-category)[^>]*>\s*<option value=\"(\w*)\"", page)
    assert selects == ["", ""]


@pytest.mark.parametrize(
    "name", ["Résultats du 12/03 ?", "a\\b | c*", "CON", "« Bilan » <final>", "Re\u0301sultats", "Fin.", "王小明"]
)
def test_a_title_stays_as_its_author_wrote_it_composed(share: Share, name: str) -> None:
    """A title may contain characters that Windows refuses in file names."""
    share(title=name)
    assert SharedDocument.objects.get().title == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("typed", ["", "  "])
def test_without_a_script_a_title_is_proposed_as_with_it(share: Share, typed: str) -> None:
    share(name="compte-rendu_12.pdf", card=False, title=typed)
    assert SharedDocument.objects.get().title == "Compte rendu 12"
