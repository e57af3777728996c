"""The page on which administrators let a document ask for the patient's signature, and what staff then see."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from documents.consents.ending import refuse
from documents.models import ConsentForm, LibraryDocument
from tests.documents.consents.conftest import *  # noqa: F403  # a document that asks for a signature
from tests.documents.consents.conftest import SENTENCES, AskOf, sign_as
from tests.portals.patient.test_consent import text

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


def test_administrators_write_the_sentences_one_a_line_and_stop_asking(
    access_plan: LibraryDocument, carol: User, bob: User, charlie: User, sign_in: SignIn
) -> None:
    where = f"/pro/library/{access_plan.pk}/signature/"
    admin = sign_in(carol)
    empty = admin.post(where, {"sentences": " "})
    assert (empty.status_code, "Écrivez au moins une phrase" in text(empty)) == (400, True)
    assert "Si un praticien doit le signer d’abord" in text(empty), "a file is not written here: how to do it is said"
    assert admin.post(where, {"sentences": "Un.\n\n Deux. \n", "booker_may_sign": "on"}).status_code == 302
    form = ConsentForm.objects.get()
    assert (form.sentences, form.booker_may_sign, form.practitioner_first) == (["Un.", "Deux."], True, False)
    assert "Un.\nDeux.</textarea>" in admin.get(where).content.decode()
    assert "demande la signature du patient" in text(admin.get(f"/pro/library/{access_plan.pk}/"))
    assert sign_in(bob).post(where, {"sentences": "Non."}).status_code == 403
    assert sign_in(charlie).post(where, {"sentences": "Non."}).status_code == 404
    assert admin.post(where, {"stop": "1"}).status_code == 302
    assert not ConsentForm.objects.exists()


def test_the_appointment_says_what_became_of_the_signature(
    appointment: Appointment, ask_of: AskOf, maries_account: User, alice: User, sign_in: SignIn
) -> None:
    consent = ask_of(appointment)
    browser, where = sign_in(alice), f"/pro/appointments/{appointment.pk}/"
    assert "Signature du patient attendue" in text(browser.get(where))
    assert f"/pro/documents/{consent.document_id}/take-back/" in browser.get(where).content.decode()
    refuse(consent=consent, sentence="Je préfère en parler.", by=maries_account)
    words = text(browser.get(where))
    assert ("Signature refusée le" in words, "Je préfère en parler." in words) == (True, True)
    other = ask_of(appointment)
    sign_as(other, maries_account, "Marie Durand")
    page = browser.get(where)
    assert "par Marie Durand" in text(page)
    assert f"/pro/documents/{other.document_id}/take-back/" not in page.content.decode()
    history = text(browser.get(f"{where}history/"))
    assert "Document signé par le patient ou pour lui" in history
    assert all(sentence not in history for sentence in SENTENCES)
