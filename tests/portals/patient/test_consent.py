"""Signing through the patient's pages, without JavaScript: read, tick, write, code; refuse; withdraw."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from documents.consents.ending import refuse
from documents.models import ConsentState, SharedDocument
from notifications.models import Message
from tests.accounts.test_passkeys import KEYS, Door
from tests.documents.consents.conftest import *  # noqa: F403  # a document that asks for a signature
from tests.documents.consents.conftest import SENTENCES, AskOf, again, code_sent, read_and_tick, sign_as
from tests.software_passkey import SoftwarePasskey

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
NAME = "Marie Durand"


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_patient_reads_each_page_ticks_writes_and_signs(
    appointment: Appointment, ask_of: AskOf, maries_account: User, sign_in: SignIn
) -> None:
    consent = ask_of(appointment)
    browser, where = sign_in(maries_account), f"/documents/{consent.document_id}/"
    assert "Le cabinet demande votre signature." in text(browser.get(where))
    first = browser.post(f"{where}sign/begin/")
    assert first["Location"] == f"{where}sign/pages/1/"
    assert "Lisez la page 1 sur 2" in text(browser.get(first["Location"]))
    assert browser.get(f"{where}pages/1/").status_code == 200
    second = browser.post(first["Location"])
    assert second["Location"] == f"{where}sign/pages/2/"
    assert browser.get(f"{where}sign/")["Location"] == where  # a page is unread
    statement = browser.post(second["Location"])["Location"]
    assert statement == f"{where}sign/"
    page = text(browser.get(statement))
    assert all(sentence in page for sentence in SENTENCES)

    refused = browser.post(statement, {"sentences": SENTENCES[0], "name": "Marie Durant"})
    assert refused.status_code == 400
    assert "Cochez chaque phrase" in text(refused)
    assert "Écrivez le nom tel que le cabinet le connaît : Marie Durand." in text(refused)
    assert 'value="Marie Durant"' in refused.content.decode()
    assert refused.content.decode().count(" checked") == 1
    proof = browser.post(statement, {"sentences": SENTENCES, "name": NAME})["Location"]
    assert ["06", "•", "•", "•", "78"][0] in text(browser.get(proof))
    assert browser.post(proof, {"send": "1"})["Location"] == proof
    assert "Il a été envoyé au" in text(browser.get(proof))
    wrong = browser.post(proof, {"sign": "1", "code": "000000"})
    assert (wrong.status_code, "Ce code n’est pas le bon" in text(wrong)) == (400, True)
    signed = browser.post(proof, {"sign": "1", "code": code_sent(maries_account.mobile or "")})
    assert signed["Location"] == where
    receipt = text(browser.get(where))
    assert "Le document est signé." in receipt
    assert str(again(consent).challenge) in receipt
    assert again(consent).state == ConsentState.SIGNED
    assert browser.get(f"{where}pages/2/").status_code == 200  # the signed page, opened
    assert browser.get(proof)["Location"] == where
    letters = Message.objects.filter(topic="consent_signed", to=maries_account.email)
    assert ["Consentement" in letter.subject + letter.body for letter in letters] == [False]


def test_somebody_else_finds_none_of_its_pages(
    appointment: Appointment, ask_of: AskOf, hugo: User, alice: User, sign_in: SignIn, maries_account: User
) -> None:
    where = f"/documents/{ask_of(appointment).document_id}/sign/"
    for user in (hugo, alice):
        for page in ("", "pages/1/", "proof/", "refuse/", "withdraw/"):
            assert sign_in(user).get(where + page).status_code == 404
        assert sign_in(user).post(f"{where}begin/").status_code == 404


def test_pages_of_a_document_that_was_not_opened_here_stay_shut(
    appointment: Appointment, ask_of: AskOf, maries_account: User, sign_in: SignIn
) -> None:
    where = f"/documents/{ask_of(appointment).document_id}/"
    assert sign_in(maries_account).get(f"{where}sign/pages/1/")["Location"] == where


def test_refusing_is_said_and_the_document_stays(
    appointment: Appointment, ask_of: AskOf, maries_account: User, sign_in: SignIn
) -> None:
    consent = ask_of(appointment)
    browser, where = sign_in(maries_account), f"/documents/{consent.document_id}/"
    assert "Refuser de signer ce document" in text(browser.get(f"{where}sign/refuse/"))
    too_long = browser.post(f"{where}sign/refuse/", {"detail": "a" * 501})
    assert (too_long.status_code, "a" * 501 in too_long.content.decode()) == (400, True)
    assert browser.post(f"{where}sign/refuse/", {"detail": "Je réfléchis."})["Location"] == where
    assert "Signature refusée" in text(browser.get(where))
    assert (again(consent).state, again(consent).sentence) == (ConsentState.REFUSED, "Je réfléchis.")
    assert browser.post(f"{where}sign/begin/")["Location"] == where
    assert SharedDocument.objects.count() == 1


def test_a_consent_is_withdrawn_with_its_date_and_stays_signed(
    appointment: Appointment, ask_of: AskOf, maries_account: User, sign_in: SignIn
) -> None:
    consent = ask_of(appointment)
    browser, where = sign_in(maries_account), f"/documents/{consent.document_id}/"
    assert browser.get(f"{where}sign/withdraw/")["Location"] == where  # nothing to withdraw yet
    sign_as(consent, maries_account, NAME)
    file = SharedDocument.objects.get().file_id
    assert "Retirer le consentement" in text(browser.get(where))
    assert browser.post(f"{where}sign/withdraw/", {"detail": ""})["Location"] == where
    assert "Consentement retiré" in text(browser.get(where))
    assert (again(consent).state, SharedDocument.objects.get().file_id) == (ConsentState.WITHDRAWN, file)
    assert browser.post(f"{where}sign/withdraw/")["Location"] == where


def options_in(page: Any) -> dict[str, Any]:
    found = re.findall(
        r'<script id="consent-options" type="application/json">(.+?)</script>',
        page.content.decode(),
    )
    return dict(json.loads(found[0])["request_options"])


def test_a_passkey_signs_what_it_was_asked_for_and_nothing_else(
    appointment: Appointment, ask_of: AskOf, maries_account: User, sign_in: SignIn
) -> None:
    browser, key = sign_in(maries_account), SoftwarePasskey()
    add = Door(browser, f"{KEYS}add/", key, makes=True)
    assert add.send(key.made(add.options())).status_code == 302
    one, other = ask_of(appointment), ask_of(appointment)
    for consent in (one, other):
        read_and_tick(consent, maries_account, NAME)
    where = f"/documents/{one.document_id}/sign/proof/"
    elsewhere = f"/documents/{other.document_id}/sign/proof/"
    assert "Signer avec une clé d’accès" in text(browser.get(where))

    answer = json.dumps(key.signed(options_in(browser.post(where, {"passkey": "1"}))))
    assert browser.post(elsewhere, {"credential": answer})["Location"] == elsewhere  # asked for the other one
    assert browser.post(where, {"credential": answer})["Location"] == where  # it serves once
    again_asked = key.signed(Door(browser, f"{KEYS}reauthenticate/", key, makes=False).options())
    assert browser.post(where, {"credential": json.dumps(again_asked)})["Location"] == where  # another page's
    stranger = SoftwarePasskey()
    stranger.user = key.user
    wrong = stranger.signed(options_in(browser.post(where, {"passkey": "1"})))
    assert browser.post(where, {"credential": json.dumps(wrong)})["Location"] == where
    assert again(one).state == again(other).state == ConsentState.ASKED

    right = json.dumps(key.signed(options_in(browser.post(where, {"passkey": "1"}))))
    assert browser.post(where, {"credential": right})["Location"] == f"/documents/{one.document_id}/"
    assert (again(one).state, again(one).means) == (ConsentState.SIGNED, "passkey")
    assert "clé d’accès" in text(browser.get(f"/documents/{one.document_id}/"))
    assert again(other).state == ConsentState.ASKED


def test_what_is_to_be_signed_stands_among_what_is_asked_and_what_is_settled_behind(
    appointment: Appointment, ask_of: AskOf, maries_account: User, hugo: User, sign_in: SignIn
) -> None:
    browser = sign_in(maries_account)
    assert "ni de signature" in text(browser.get("/requests/"))
    consent = ask_of(appointment)
    page = browser.get("/requests/")
    assert [one.pk for one in page.context["to_sign"]] == [consent.pk]
    assert f'href="/documents/{consent.document_id}/"' in page.content.decode()
    assert "À lire et à signer" in text(page)
    assert not sign_in(hugo).get("/requests/").context["to_sign"]
    refuse(consent=consent, sentence="", by=maries_account)
    page = browser.get("/requests/")
    assert (list(page.context["to_sign"]), len(page.context["settled"])) == ([], 1)
    assert "Envoyés, signés ou clos" in text(page)
