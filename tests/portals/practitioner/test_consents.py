"""What staff see of the patient's signature: in the agenda, in Suivi, in a record's timeline, before deleting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from bench.damage import without_startxref
from documents.consents.ending import refuse, withdraw
from documents.models import Category, Consent, LibraryDocument, SharedDocument
from documents.sharing.share import share_upload
from documents.timeline import EntryKind, Position, timeline
from files.intake import Intake
from tests.conftest import PDF
from tests.documents.consents.conftest import *  # noqa: F403  # a document that asks for a signature
from tests.documents.consents.conftest import AskOf, again, sign_as
from tests.markup import one_line, page_text
from tests.portals.patient.test_consent import text

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


def test_the_agenda_marks_signatures_asked_given_and_refused(
    appointment: Appointment, ask_of: AskOf, maries_account: User, bob: User, sign_in: SignIn
) -> None:
    asked, signed, refused = (ask_of(appointment) for _ in range(3))
    browser, day = sign_in(bob), f"/pro/?date={appointment.local_start.date()}"
    assert "3 signatures du patient attendues" in text(browser.get(day))
    sign_as(signed, maries_account, "Marie Durand")
    refuse(consent=refused, sentence="", by=maries_account)
    words = text(browser.get(day))
    assert "1 signature du patient attendue " in words
    assert "1 document signé par le patient" in words
    assert "1 signature du patient refusée ou retirée" in words
    assert "3 documents envoyés, non lus" in words  # the marks count documents once
    assert again(asked).is_open


def test_deleting_an_appointment_names_the_signature_that_is_lost(
    appointment: Appointment, ask_of: AskOf, maries_account: User, bob: User, sign_in: SignIn
) -> None:
    consent, browser = ask_of(appointment), sign_in(bob)
    where = f"/pro/appointments/{appointment.pk}/delete/"
    words = text(browser.get(where))
    assert ("Signature du patient attendue" in words, "porte la signature" in words) == (True, False)
    sign_as(consent, maries_account, "Marie Durand")
    words = text(browser.get(where))
    assert "par Marie Durand" in words
    assert "Un document porte la signature du patient" in words
    browser.post(where)
    assert not Consent.objects.exists()


def test_taking_a_document_back_ends_what_is_asked_and_is_not_offered_once_it_is_signed(
    appointment: Appointment, ask_of: AskOf, maries_account: User, bob: User, sign_in: SignIn
) -> None:
    consent, browser = ask_of(appointment), sign_in(bob)
    where = f"/pro/documents/{consent.document_id}/take-back/"
    assert "La signature demandée au patient est annulée" in text(browser.get(where))
    sign_as(consent, maries_account, "Marie Durand")
    words = text(browser.get(where))
    assert ("il ne se retire plus" in words, "Retirer ce document" in words) == (True, False)
    assert where not in browser.get("/pro/deliveries/?show=all").content.decode()
    assert SharedDocument.objects.filter(pk=consent.document_id).exists()


def test_deliveries_list_what_is_refused_and_what_waits_too_long_until_somebody_noted_it(
    appointment: Appointment, ask_of: AskOf, maries_account: User, bob: User, charlie: User, sign_in: SignIn
) -> None:
    starts = timezone.now() + timedelta(hours=3)
    Appointment.objects.filter(pk=appointment.pk).update(starts_at=starts, ends_at=starts + timedelta(minutes=20))
    late, refused = ask_of(appointment), ask_of(appointment)
    refuse(consent=refused, sentence="Je préfère en parler.", by=maries_account)
    browser = sign_in(bob)
    page = browser.get("/pro/deliveries/")
    assert page.content.decode().count("data-unsigned") == 2
    assert ("Je préfère en parler." in text(page), "À traiter (2)" in text(page)) == (True, True)
    assert "rien n’est signé" in text(page)
    seen = f"/pro/documents/{refused.document_id}/consent-seen/"
    assert sign_in(charlie).post(seen).status_code == 404
    assert browser.get(seen).status_code == 405
    assert browser.post(seen)["Location"] == "/pro/deliveries/"
    page = browser.get("/pro/deliveries/")
    assert (f"{late.pk}" in page.content.decode(), f"{refused.pk}" in page.content.decode()) == (True, False)


def test_deliveries_are_searched_by_what_became_of_the_signature(
    appointment: Appointment, ask_of: AskOf, maries_account: User, bob: User, sign_in: SignIn
) -> None:
    waits, refused, withdrawn, signed = (ask_of(appointment).document_id for _ in range(4))
    refuse(consent=again(Consent.objects.get(document=refused)), sentence="", by=maries_account)
    for one in (withdrawn, signed):
        sign_as(Consent.objects.get(document=one), maries_account, "Marie Durand")
    withdraw(consent=again(Consent.objects.get(document=withdrawn)), sentence="", by=maries_account)
    browser = sign_in(bob)

    def listed(shown: str) -> set[object]:
        page = browser.get("/pro/deliveries/", {"show": shown})
        return {one.pk for one in page.context["documents"]}

    assert listed("unsigned") == {waits}
    assert listed("not_signed") == {refused, withdrawn}
    assert listed("all") == {waits, refused, withdrawn, signed}


def test_the_timeline_has_each_step_of_a_signature(
    appointment: Appointment,
    ask_of: AskOf,
    maries_account: User,
    bob: User,
    sign_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    withdrawn, refused = ask_of(appointment), ask_of(appointment)
    sign_as(withdrawn, maries_account, "Marie Durand")
    withdraw(consent=again(withdrawn), sentence="J’ai changé d’avis.", by=maries_account)
    refuse(consent=again(refused), sentence="Pas maintenant.", by=maries_account)
    words = text(sign_in(bob).get(f"/pro/patients/{appointment.patient_id}/"))
    title = "Consentement à l’intervention"
    steps = ("Signature demandée", "Signé", "Consentement retiré", "Signature refusée")
    assert [step for step in steps if f"{step} : {title}" not in words] == []
    assert "Marie Durand, le patient" in words
    assert ("J’ai changé d’avis." in words, "Pas maintenant." in words) == (True, True)
    whole = [(one.kind, one.what.pk) for one in timeline(appointment.patient).entries]
    assert [kind for kind, _ in whole].count(EntryKind.SIGNATURE_ASKED) == 2
    monkeypatch.setattr("documents.timeline.SHOWN", 1)
    found, after = [], None
    while True:
        page = timeline(appointment.patient, after=after)
        found += [(one.kind, one.what.pk) for one in page.entries]
        if page.after is None:
            break
        after = Position.read(page.after.written())
    assert found == whole


def test_staff_ask_for_a_signature_under_an_upload_from_its_line(
    appointment: Appointment, alice: User, charlie: User, receive: Callable[..., Intake], sign_in: SignIn
) -> None:
    document = share_upload(
        appointment=Appointment.objects.select_related("practice", "patient__practice").get(pk=appointment.pk),
        intake=receive(),
        category=Category.objects.get(code="information"),
        title="Accord",
        placement=None,
        by=alice,
    )
    browser, where = sign_in(alice), f"/pro/documents/{document.pk}/ask-signature/"
    page = f"/pro/appointments/{appointment.pk}/"
    assert where in browser.get(page).content.decode()
    assert sign_in(charlie).get(where).status_code == 404
    empty = browser.post(where, {"sentences": ""})
    assert (empty.status_code, "Écrivez au moins une phrase" in text(empty)) == (400, True)
    assert not Consent.objects.exists()
    assert browser.post(where, {"sentences": "Oui.\nVraiment."})["Location"] == page
    assert Consent.objects.get().sentences == ["Oui.", "Vraiment."]
    assert where not in browser.get(page).content.decode()


def test_a_file_that_cannot_be_sealed_is_explained_on_the_page(
    appointment: Appointment, alice: User, receive: Callable[..., Intake], sign_in: SignIn
) -> None:
    document = share_upload(
        appointment=Appointment.objects.select_related("practice", "patient__practice").get(pk=appointment.pk),
        intake=receive(without_startxref(PDF), "accord.pdf"),
        category=Category.objects.get(code="information"),
        title="Accord",
        placement=None,
        by=alice,
    )
    answer = sign_in(alice).post(f"/pro/documents/{document.pk}/ask-signature/", {"sentences": "Oui."})
    assert (answer.status_code, "ne peut pas recevoir de signature" in text(answer)) == (400, True)
    assert "Oui.</textarea>" in answer.content.decode()


def test_whoever_shares_reads_that_the_patient_is_asked_to_sign(
    sign_in: SignIn, bob: User, appointment: Appointment, consent_paper: LibraryDocument, access_plan: LibraryDocument
) -> None:
    """On the list, on the card and on the receipt; nothing of it about a document that nobody signs."""
    client, address = sign_in(bob), f"/pro/appointments/{appointment.pk}/share/"
    page = one_line(client.get(address).content)
    assert "le patient est invit\\u00e9 \\u00e0 le signer" in page, "for the card"
    for document, asks in ((consent_paper, True), (access_plan, False)):
        row = page.split(f'data-library="{document.pk}"')[1].split("</label>")[0]
        assert ("data-asks-signature" in row, "signé par le patient" in row) == (asks, asks)
        card = client.post(address, {"library_document": str(document.pk)}, headers={"X-Requested-With": "card"})
        receipt = page_text(card)
        assert ("La signature du patient est demandée." in receipt, "Sans signature." in receipt) == (asks, not asks)
