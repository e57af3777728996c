"""My requests: what is asked, sending it in order, taking it back; nobody else finds any of it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from datetime import date
from typing import cast

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from appointments.history import history_of
from appointments.models import Appointment, BookedFor
from documents.models import ReceivedDocument, RequestState
from patients.relatives import Person
from tests.conftest import PDF
from tests.documents.receiving.conftest import *  # noqa: F403  # a request
from tests.documents.receiving.conftest import Ask, again
from tests.documents.receiving.test_sending import photograph
from tests.documents.ways import Booker
from tests.markup import page_text

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def upload(content: bytes = PDF, name: str = "ordonnance.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_patient_sends_sees_it_again_and_takes_it_back_without_script(
    appointment: Appointment, ask_for: Ask, maries_account: User, hugo: User, alice: User, sign_in: SignIn
) -> None:
    request, browser = ask_for(appointment), sign_in(maries_account)
    assert "Ordonnance de votre médecin traitant" in page_text(browser.get("/requests/"))
    address = f"/requests/{request.pk}/"
    form = page_text(browser.get(address))
    assert 'capture="environment"' in form
    assert 'enctype="multipart/form-data"' in form
    sending = re.findall(r'name="sending" value="([^"]+)"', form)[0]
    pages = [upload(photograph("red"), "a.jpg"), upload(photograph("blue"), "b.jpg")]
    for _ in range(2):  # pressed twice
        for page in pages:
            page.seek(0)
        assert browser.post(address, {"sending": sending, "file": pages})["Location"] == address
    sent = ReceivedDocument.objects.get()
    assert (sent.page_count, again(request).state) == (2, RequestState.RECEIVED)
    received = page_text(browser.get(address))
    assert "Envoyé, pas encore vu" in received
    folded = received.split("<details")[1]
    assert "Envoyer un autre document" in folded, "what was sent comes first, and nothing looks left to do"
    assert 'name="sending"' in folded
    assert "<details" not in form.split('name="sending"')[0]
    got = browser.post(f"/requests/sent/{sent.pk}/download/")
    assert b"".join(cast("Iterable[bytes]", got))[:5] == b"%PDF-"
    assert got["Content-Disposition"].startswith("attachment")
    assert "received.reread" in [line.action for line in history_of(appointment)]
    for other in (hugo, alice):
        stranger = sign_in(other)
        assert stranger.get(address).status_code == 404
        assert stranger.post(address, {"file": upload()}).status_code == 404
        assert stranger.post(f"/requests/sent/{sent.pk}/download/").status_code == 404
        assert stranger.post(f"/requests/sent/{sent.pk}/take-back/").status_code == 404
        assert request.label not in page_text(stranger.get("/requests/"))
    assert browser.post(f"/requests/sent/{sent.pk}/take-back/")["Location"] == address
    assert not ReceivedDocument.objects.exists()


def test_one_refused_file_sends_none_and_each_has_its_sentence(
    appointment: Appointment, ask_for: Ask, maries_account: User, sign_in: SignIn
) -> None:
    address, browser = f"/requests/{ask_for(appointment).pk}/", sign_in(maries_account)
    bad = [upload(), upload(b"MZ", "programme.exe"), upload(b"", "vide.pdf")]
    answer = browser.post(address, {"sending": str(uuid.uuid4()), "file": bad})
    assert answer.status_code == 400
    assert [name for name in ("programme.exe", "vide.pdf") if name not in page_text(answer)] == []
    assert "Aucun fichier n’a été choisi" in page_text(browser.post(address, {"sending": "nonsense"}))
    assert not ReceivedDocument.objects.exists()


def test_booker_of_an_adult_relative_reads_nothing_of_what_is_asked(
    booker: Booker, holder: User, ask_for: Ask, sign_in: SignIn
) -> None:
    odette = Person("Odette", "Martin", date(1948, 2, 11), "odette@courriel.example", "+33612000001")
    request, browser = (
        ask_for(booker(holder, BookedFor.ADULT_RELATIVE, odette), "Photo de la lésion"),
        sign_in(holder),
    )
    address = f"/requests/{request.pk}/"
    for page in ("/requests/", address):
        shown = page_text(browser.get(page))
        assert "Un document est demandé" in shown
        assert "lésion" not in shown
    browser.post(address, {"file": upload()})
    assert "lésion" not in page_text(browser.get(address))
    assert ReceivedDocument.objects.get().sent_by == holder
