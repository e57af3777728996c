"""Sending files, asked, unasked and by a link; seeing, taking back, accepting, refusing; answering questionnaires;
signing, refusing and withdrawing a consent: in any order, beside bookings, proofs, contacts, birth dates and days
that change who may.

Everything goes through the doors, pages or API, by everybody in turn, also by who may not; the answers are compared
with `sent_model.py`. As in test_who_sees_what.py, whose rules about ties, contacts and bookings go on here.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable
from typing import Any, cast

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from appointments.models import Appointment
from documents.consents.waiting import consents_of
from documents.merging.choices import FIELDS
from documents.models import DocumentRequest, ReceivedDocument, SharedDocument
from documents.receiving.access import (
    asked_by_link,
    received_by_staff,
    received_seen_by,
    requests_of,
    requests_of_staff,
)
from documents.sending.links import find_link
from documents.sending.rules import Asks, RuleContent
from documents.sharing.share import share_upload
from documents.sharing.uploads import RecipientNotReady
from files.intake import accept
from notifications.models import Channel, Message
from patients.models import RecordTie, Relationship
from patients.records import FormerContacts
from practices.unasked import take_unasked
from questionnaires.catalogue import import_questionnaire
from tests.conftest import PDF
from tests.properties.cast import ACCOUNTS, SHARERS, STAFF, Practices
from tests.properties.doors import Doors
from tests.properties.sent_doors import SentDoors
from tests.properties.sent_model import OPEN, Consent, Request, Sent, WhatIsSent
from tests.properties.test_who_sees_what import LOOKED_EVERY, WhoSeesWhat, accounts, flags, picks, run

EXAMPLES, STEPS = 3, 40
LABEL = "Une ordonnance"
SENTENCE = "J’ai lu les risques de l’intervention."
QUESTIONS: dict[str, Any] = {
    "resourceType": "Questionnaire",
    "status": "active",
    "title": "Avant la visite",
    "item": [{"linkId": "pain", "type": "integer", "text": "Douleur, de 0 à 10 ?", "required": True}],
}
ANSWERS: dict[str, Any] = {
    "resourceType": "QuestionnaireResponse",
    "status": "in-progress",
    "item": [{"linkId": "pain", "answer": [{"valueInteger": 7}]}],
}
many = st.integers(0, 20)
everybody = st.sampled_from([*ACCOUNTS, *STAFF, "charlie"])
# Mostly who may, so that much happens; strangers often enough.
patients = st.sampled_from([*ACCOUNTS, *ACCOUNTS, *ACCOUNTS, "alice", "charlie"])
staff = st.sampled_from([*SHARERS, *SHARERS, "rita", "charlie", "hugo"])


class AskingPractices(Practices):
    """Its rule asks for a file; it also takes what nobody asked for."""

    def __init__(self, channels: set[str]) -> None:
        super().__init__(channels)
        take_unasked(practice=self.practice, takes=True, by=self.users["alice"])
        self.practice.refresh_from_db()
        self.questionnaire = import_questionnaire(practice=self.practice, resource=QUESTIONS, by=self.users["alice"])

    def content_of_rule(self) -> RuleContent:
        return RuleContent(name="Demande", documents=[], questions=[Asks(LABEL)])


# Rules that the other machine covers.
OF_DOCUMENTS_ALONE = (
    "alice_shares",
    "alice_replaces",
    "alice_takes_back",
    "staff_send_now_or_again",
    "staff_do_not_send",
    "an_account_claims_and_contacts_are_corrected",
    "a_guardian_claims_and_the_child_comes_of_age_and_receives",
    "a_guardian_books_and_loses_the_record_and_comes_back",
)
assert all(hasattr(WhoSeesWhat, name) for name in OF_DOCUMENTS_ALONE)


class WhoSeesWhatPatientsSend(WhoSeesWhat):
    locals().update(dict.fromkeys(OF_DOCUMENTS_ALONE))

    def __init__(self) -> None:
        super().__init__()
        self.example.enter_context(override_settings(CODES_AN_HOUR=10**6))
        self.made = 0

    def open_practices(self, channels: set[str]) -> Practices:
        return AskingPractices(channels)

    def open_doors(self) -> Doors:
        self.sent = WhatIsSent(self.world)
        self.sent_doors = SentDoors(self.cast, self.world, self.tokens, self.sent)
        return self.sent_doors

    # --- What the practice asks for ---------------------------------------------------------------------------

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks, name=staff, questionnaire=flags)
    def staff_ask(self, pick: int, name: str, questionnaire: bool) -> None:
        booking = self._one(self.world.bookings, pick)
        what = {"questionnaire": str(self.questionnaire)} if questionnaire else {"label": LABEL}
        answer = self._api(name, "post", f"appointments/{booking}/requests/", what)
        mine = [one for one in self.sent.requests.values() if one.booking == booking]
        is_asked = questionnaire and any(one.questionnaire and one.state in OPEN for one in mine)
        is_ready = self.world.share(booking) is not None and booking not in self.sent.cancelled
        assert answer.status_code == self._for_sharers(name, 201 if is_ready and not is_asked else 409)
        if answer.status_code == 201:
            made = Request(booking, self.world.now, questionnaire)
            self.sent.requests[answer.json()["id"]] = made

    @precondition(lambda self: self.sent.requests)
    @rule(pick=many, name=staff)
    def staff_ask_no_more(self, pick: int, name: str) -> None:
        key = self._one(self.sent.requests, pick)
        one = self.sent.requests[key]
        answer = self._api(name, "delete", f"requests/{key}/")
        assert answer.status_code == self._for_sharers(name, 409 if one.state == "accepted" else 204)
        if answer.status_code == 204:
            one.state = "cancelled"

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks)
    def staff_cancel(self, pick: int) -> None:
        super().staff_cancel(pick)
        self.sent.cancel(self._one(self.world.bookings, pick))

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks)
    def staff_delete(self, pick: int) -> None:
        super().staff_delete(pick)
        self.sent.forget_deleted()

    # --- Files ------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.sent.requests)
    @rule(pick=many, who=patients, by_page=flags)
    def somebody_sends_what_is_asked(self, pick: int, who: str, by_page: bool) -> None:
        key = self._one(self.sent.requests, pick)
        one, finds, may = self.sent.requests[key], self.sent.finds(who, key), self.sent.may_send(who, key)
        if who in self.world.gone:
            return
        if by_page:
            answer = self._page(who, f"/requests/{key}/", self._form())
            refused = 302 if one.questionnaire else 400
        else:
            answer = self._api(who, "post", f"me/requests/{key}/files/", self._form(), form=True)
            refused = 409
        assert answer.status_code == ((302 if by_page else 201) if may else refused if finds else 404)
        if may:
            self._came(one.booking, key, who)

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks, who=patients)
    def somebody_sends_what_nobody_asked(self, pick: int, who: str) -> None:
        booking = self._one(self.world.bookings, pick)
        if who in self.world.gone:
            return
        may = self.sent.may_send_unasked(who, booking)
        refused = 400 if self.sent.unasked(who, booking) else 404
        answer = self._page(who, f"/my-appointments/{booking}/files/", self._form())
        assert answer.status_code == (302 if may else refused)
        if may:
            self._came(booking, None, who)

    @precondition(lambda self: self.tokens)
    @rule(pick=many, which=many)
    def somebody_sends_by_a_link(self, pick: int, which: int) -> None:
        """Without account; also what the link does not ask for, and after it closed."""
        link = self._one(self.tokens, pick)
        there = {key: one for key, one in self.sent.requests.items() if one.sending}
        key = self._one(there, which) if there else str(uuid.uuid4())
        asked = key in self.sent.asked_by_link(link)
        cache.clear()
        answer = Client().post(f"/d/{self.tokens[link]}/{key}", self._form())
        may = asked and there[key].state in OPEN
        if may:
            assert answer.status_code == 302
            self._came(there[key].booking, key, None, link)
        else:
            assert answer.status_code in ((400,) if asked else (200, 404, 410))

    @precondition(lambda self: self.sent.files)
    @rule(pick=many, who=patients, by_page=flags)
    def somebody_takes_a_file_back(self, pick: int, who: str, by_page: bool) -> None:
        key = self._one(self.sent.files, pick)
        one = self.sent.files[key]
        if who in self.world.gone:
            return
        is_theirs = one.by == who and self.sent.sees(who, one)
        if by_page:
            answer = self._page(who, f"/requests/sent/{key}/take-back/", {})
            assert answer.status_code == (302 if is_theirs else 404)
        else:
            answer = self._api(who, "delete", f"me/received/{key}/")
            assert answer.status_code == ((409 if one.seen else 204) if is_theirs else 404)
        if is_theirs and not one.seen:
            del self.sent.files[key]
            self.sent.follow_files(one.request)

    @precondition(lambda self: self.sent.files)
    @rule(pick=many, name=staff, by_page=flags)
    def staff_open_a_file(self, pick: int, name: str, by_page: bool) -> None:
        key = self._one(self.sent.files, pick)
        if name in self.world.gone:
            return
        if by_page:
            answer, right = self._page(name, f"/pro/received/{key}/open/", {}), 302
        else:
            answer, right = self._api(name, "get", f"received/{key}/content/"), 200
        assert answer.status_code == (right if name in STAFF else 404)
        self.sent.files[key].seen |= name in STAFF

    @precondition(lambda self: self.sent.files)
    @rule(pick=many, name=staff, accepts=flags)
    def staff_accept_or_refuse(self, pick: int, name: str, accepts: bool) -> None:
        key = self._one(self.sent.files, pick)
        one = self.sent.files[key]
        word, outcome = ("accept", "accepted") if accepts else ("refuse", "refused")
        answer = self._api(name, "post", f"received/{key}/{word}/", {"detail": "Illisible."})
        may = one.state == "received" or (accepts and one.state == "accepted")
        assert answer.status_code == self._for_sharers(name, 200 if may else 409)
        if answer.status_code == 200:
            one.state, one.seen = outcome, True
            self.sent.follow_files(one.request)

    # --- Answers ----------------------------------------------------------------------------------------------

    @precondition(lambda self: any(one.questionnaire for one in self.sent.requests.values()))
    @rule(pick=many, who=patients, sends=flags)
    def somebody_answers(self, pick: int, who: str, sends: bool) -> None:
        """A draft; and sends it. `sends` alone if there is nothing in the draft."""
        there = {key: one for key, one in self.sent.requests.items() if one.questionnaire}
        key = self._one(there, pick)
        one, finds, may = there[key], self.sent.finds(who, key), self.sent.may_answer(who, key)
        gone = who in self.world.gone
        kept = self._api(who, "put", f"me/requests/{key}/response/", ANSWERS)
        assert kept.status_code == (401 if gone else 200 if may else 409 if finds else 404)
        if not sends:
            return
        again = one.answers is not None and one.answers.by == who and finds
        sent = self._api(who, "post", f"me/requests/{key}/submit/", {})
        assert sent.status_code == (401 if gone else 200 if may or again else 409 if finds else 404)
        if may:
            one.answers, one.state = self._sent(one.booking, key, who), "accepted"

    @precondition(lambda self: any(one.answers for one in self.sent.requests.values()))
    @rule(pick=many, name=everybody)
    def staff_read_answers(self, pick: int, name: str) -> None:
        key = self._one({key: one for key, one in self.sent.requests.items() if one.answers}, pick)
        if name not in self.world.gone:
            answer = self._page(name, f"/pro/answers/{key}/open/", {})
            assert answer.status_code == (302 if name in STAFF else 404)

    # --- Consents ---------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks, name=staff, booker_may_sign=flags)
    def staff_share_and_ask_for_a_signature(self, pick: int, name: str, booker_may_sign: bool) -> None:
        booking = self._one(self.world.bookings, pick)
        expected = self.world.share(booking)
        try:
            shared = self._share_paper(booking)
        except RecipientNotReady:
            assert expected is None
            return
        assert expected is not None, "shared though nobody may receive"
        self.world.documents[str(shared.pk)] = expected
        self._ask_for_signature(str(shared.pk), name, booker_may_sign)

    @precondition(lambda self: self.world.documents)
    @rule(pick=many, name=staff, booker_may_sign=flags)
    def staff_ask_for_a_signature_again(self, pick: int, name: str, booker_may_sign: bool) -> None:
        self._ask_for_signature(self._one(self.world.documents, pick), name, booker_may_sign)

    def _ask_for_signature(self, document: str, name: str, booker_may_sign: bool) -> None:
        before = self.sent.consents.get(document)
        is_signed = before is not None and before.state in ("signed", "withdrawn")
        body = {"sentences": [SENTENCE], "booker_may_sign": booker_may_sign}
        answer = self._api(name, "post", f"documents/{document}/consent/", body)
        assert answer.status_code == self._for_sharers(name, 409 if is_signed else 201)
        if answer.status_code == 201 and (before is None or before.state == "refused"):
            self.sent.consents[document] = Consent(booker_may_sign)

    @precondition(lambda self: self.sent.consents)
    @rule(pick=many, who=patients)
    def somebody_signs(self, pick: int, who: str) -> None:
        document = self._one(self.sent.consents, pick)
        one, capacity = self.sent.consents[document], self.sent.signs_as(who, document)
        booking = self.world.bookings[self.world.documents[document].booking]
        patient = f"{self.world.records[booking.record].name} Cast"
        declared = {
            "guardian": f"Je suis titulaire de l’autorité parentale sur {patient}, ou son représentant légal.",
            "holder": f"{patient} m’a demandé de signer ce document à sa place.",
        }.get(capacity or "")
        given = {
            "pages": [1],
            "sentences": [SENTENCE, *([declared] if declared else [])],
            "name": patient if capacity == "patient" else f"{who.title()} Cast",
        }
        may = capacity is not None and one.state == "asked"
        address = f"me/documents/{document}/sign/"
        begun = self._api(who, "post", address, given)
        assert begun.status_code == self._for_seer(who, document, 200 if may else 409)
        if not may:
            return
        coded = given | {"code": self._code(self.world.reached_at[who]["mobile"])}
        signed = self._api(who, "post", address, coded).json()
        assert (signed["state"], signed["signed_as"]) == ("signed", capacity)
        one.state = "signed"

    @precondition(lambda self: self.sent.consents)
    @rule(pick=many, who=patients, withdraws=flags)
    def somebody_refuses_or_withdraws(self, pick: int, who: str, withdraws: bool) -> None:
        document = self._one(self.sent.consents, pick)
        one, signs = self.sent.consents[document], self.sent.signs_as(who, document) is not None
        word, before, after = ("withdraw", "signed", "withdrawn") if withdraws else ("refuse", "asked", "refused")
        may = signs and one.state == before
        answer = self._api(who, "post", f"me/documents/{document}/sign/{word}/", {})
        assert answer.status_code == self._for_seer(who, document, 200 if may else 409)
        if may:
            one.state = after

    @precondition(lambda self: self.sent.consents)
    @rule(pick=many, name=staff)
    def staff_take_back_a_document(self, pick: int, name: str) -> None:
        """Not once it is signed."""
        document = self._one(self.sent.consents, pick)
        stays = self.sent.consents[document].state in ("signed", "withdrawn")
        answer = self._api(name, "delete", f"documents/{document}/")
        assert answer.status_code == self._for_sharers(name, 409 if stays else 204)
        if answer.status_code == 204:
            self.world.take_back(document)
            self.sent.forget_deleted()

    # --- Ways of several steps that chance takes too seldom -----------------------------------------------------

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks, who=accounts)
    def a_file_is_seen_before_it_is_taken_back(self, pick: int, who: str) -> None:
        self._everything_once(pick, who)
        if not self.sent.files:
            return
        last = len(self.sent.files) - 1
        self.doors.look("charlie", last)
        self.staff_open_a_file(last, "sonia", by_page=True)
        self._tick()
        for by_page in (True, False):
            self.somebody_takes_a_file_back(last, who, by_page=by_page)
            self._tick()

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks)
    def a_booker_gives_way_to_the_patient(self, pick: int) -> None:
        """An adult relative, whose contacts come to be known, and who sends, too."""
        booking = self._one(self.world.bookings, pick)
        who, record = self.world.bookings[booking].booker, self.world.bookings[booking].record
        self.a_booker_sends_under_an_authorisation(pick, ends=False)
        at, contacts = (
            list(self.world.records).index(record),
            ((f"a{self.made}@courriel.example",), ("+33612777779",)),
        )
        self.staff_change_contacts(at, *contacts, FormerContacts.SAME_PERSON)
        self._tick()
        self.an_account_claims_and_sends_and_signs(pick, "own")
        if who:
            self.doors.look(who, len(self.sent.files) - 1)

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks, who=accounts, name=staff, opens=flags)
    def a_guardian_sends_and_the_child_comes_of_age(self, pick: int, who: str, name: str, opens: bool) -> None:
        """Also who booked for the child; they try again to send, to take back and to sign."""
        booking = self._one(self.world.bookings, pick)
        record = list(self.world.records).index(self.world.bookings[booking].record)
        self.staff_correct_a_birth_date(record, "child")
        self._tick()
        self.somebody_follows_an_invitation(record, who, "right")
        self._tick()
        self._everything_once(pick, who)
        if opens and self.sent.files:
            self.staff_open_a_file(len(self.sent.files) - 1, name, by_page=False)
            self._tick()
        self.staff_correct_a_birth_date(record, "adult")
        self._tick()
        self.doors.look(who, self.world.now)
        if self.sent.files:
            self.somebody_takes_a_file_back(len(self.sent.files) - 1, who, by_page=True)
            self._tick()
        self._everything_once(pick, who)

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks, who=accounts)
    def an_account_claims_and_sends_and_signs(self, pick: int, who: str) -> None:
        record = list(self.world.records).index(self.world.bookings[self._one(self.world.bookings, pick)].record)
        self.somebody_follows_an_invitation(record, who, "right")
        self._tick()
        self._everything_once(pick, who)
        booker = self.world.bookings[self._one(self.world.bookings, pick)].booker
        if booker:
            self.doors.look(booker, self.world.now)

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks, ends=flags)
    def a_booker_sends_under_an_authorisation(self, pick: int, ends: bool) -> None:
        booking = self._one(self.world.bookings, pick)
        who = self.world.bookings[booking].booker
        if who is None:
            return
        self.staff_authorise(pick)
        self._tick()
        self._everything_once(pick, who)
        if ends:
            self.staff_withdraw_or_keep(pick, keep=False)
            self._tick()
            self.doors.look(who, self.world.now)

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks, answer=many)
    def a_link_is_answered_and_closes(self, pick: int, answer: int) -> None:
        self.what_is_due_is_sent()
        self._tick()
        if not self.tokens:
            return
        link = list(self.tokens)[-1 - answer % len(self.tokens)]
        at = list(self.tokens).index(link)
        asked = [key for key, one in self.sent.requests.items() if one.sending]
        mine = [number for number, key in enumerate(asked) if key in self.sent.asked_by_link(link)]
        self.somebody_sends_by_a_link(at, mine[0] if mine else 0)
        self._tick()
        if self.world.links[link].booking in self.world.bookings:
            record = self.world.bookings[self.world.links[link].booking].record
            self.sent_doors.compare_asking_links()
            self.staff_change_contacts(
                list(self.world.records).index(record), (f"lien{self.made}@courriel.example",), None, None
            )
            self._tick()
            self.somebody_sends_by_a_link(at, mine[0] if mine else 0)

    def _everything_once(self, pick: int, who: str) -> None:
        """One of each act around a booking, by whoever it is."""
        for questionnaire in (False, True):
            self.staff_ask(pick, "sonia", questionnaire)
            self._tick()
        here = [key for key, one in self.sent.requests.items() if one.booking == self._one(self.world.bookings, pick)]
        for key in here[-2:]:
            at = list(self.sent.requests).index(key)
            self.somebody_sends_what_is_asked(at, who, by_page=False)
            self._tick()
            if self.sent.requests[key].questionnaire:
                answered = [one for one, of in self.sent.requests.items() if of.questionnaire]
                self.somebody_answers(answered.index(key), who, sends=True)
                self._tick()
        self.somebody_sends_what_nobody_asked(pick, who)
        self._tick()
        before = len(self.sent.consents)
        self.staff_share_and_ask_for_a_signature(pick, "bob", booker_may_sign=True)
        self._tick()
        if len(self.sent.consents) > before:
            self.somebody_signs(before, who)
            self._tick()

    @precondition(lambda self: len(self.world.bookings) > 1)
    @rule(pick=picks, other=picks, who=accounts, taken=st.sets(st.sampled_from(FIELDS)), proves=flags)
    def two_records_are_merged_after_much_was_sent(
        self, pick: int, other: int, who: str, taken: set[str], proves: bool
    ) -> None:
        """By one account, or by one of each."""
        bookings = [self._one(self.world.bookings, one) for one in (pick, other)]
        records = list(self.world.records)
        for booking in bookings:
            self._everything_once(list(self.world.bookings).index(booking), who)
            who = self.world.bookings[booking].booker or who
        keep, lose = (records.index(self.world.bookings[booking].record) for booking in bookings)
        self.two_records_are_merged_and_separated(keep, lose, taken, proves, shares=True)

    # --- Two records made one, and separated again ------------------------------------------------------------

    def _everything(self) -> set[str]:
        answers = {f"answers to {key}" for key, one in self.sent.requests.items() if one.answers}
        return super()._everything() | self.sent.requests.keys() | self.sent.files.keys() | answers

    def _whole_sight(self) -> dict[str, object]:
        """Also what of it accounts may do: a request is found by who may send for it, too."""
        seen = super()._whole_sight()
        for name, user in self.cast.users.items():
            found = requests_of(user)
            seen[f"{name}'s requests"] = {str(one.pk) for one in found}
            seen[f"{name} reads what is asked"] = {str(one.pk) for one in found if one.rights.reads}
            seen[f"{name} answers"] = {str(one.pk) for one in found if one.can_answer}
            seen[f"{name}'s files"] = {str(one.pk) for one in received_seen_by(user)}
            seen[f"{name}'s answers"] = {f"answers to {one.pk}" for one in found if one.answers}
            consents = consents_of(user)
            seen[f"{name}'s consents"] = {str(one.consent.document_id) for one in consents}
            seen[f"{name} signs"] = {str(one.consent.document_id) for one in consents if one.is_to_do}
            seen[f"{name} receives"] = {str(one.pk) for one in received_by_staff(user)}
            seen[f"{name} asks"] = {str(one.pk) for one in requests_of_staff(user)}
        for key, token in self.tokens.items():
            link = find_link(token)
            seen[f"link {key} asks"] = {str(one.pk) for one in asked_by_link(link)} if link else set()
        return seen

    def _nobody_sees_more(self, before: dict[str, object], corrected: dict[str, object]) -> None:
        """Nor do staff less of what they receive; and no account of the patient's own loses what was sent."""
        super()._nobody_sees_more(before, corrected)
        now = self._whole_sight()
        for name in self.cast.users:
            for key in (f"{name} receives", f"{name} asks"):
                assert now[key] == before[key], key
        for who, _record in (key for key, tie in self.world.ties.items() if tie.own):
            for key in (f"{who}'s files", f"{who}'s answers"):
                assert now[key] == before[key], key

    def _share_somewhere(self, record: str) -> None:
        super()._share_somewhere(record)
        patient = self.cast.patient(record)
        for appointment in patient.appointments.order_by("pk")[:2]:
            for who in sorted(set(ACCOUNTS) - self.world.gone):
                self._send_while_merged(str(appointment.pk), who)

    def _send_while_merged(self, booking: str, who: str) -> None:
        """What somebody sends meanwhile is seen by them, by the record's own account, and by nobody else."""
        there = self._files_there()
        answer = self._page(who, f"/my-appointments/{booking}/files/", self._form())
        new = self._files_there() - there
        assert (answer.status_code == 302) == bool(new)
        own = RecordTie.objects.live().filter(
            patient__appointments=uuid.UUID(booking), relationship=Relationship.SELF
        )
        may_see = {who, *(self.doors.names[tie.user_id] for tie in own.filter(suspended_at=None))}
        seen_by = {
            name for name, user in self.cast.users.items() for one in received_seen_by(user) if str(one.pk) in new
        }
        assert seen_by == (may_see if new else set())

    # --- What everybody sees ----------------------------------------------------------------------------------

    @invariant()
    def everybody_sees_what_the_table_says(self) -> None:
        if not hasattr(self, "world"):
            return
        self._tick()
        if self.world.now % LOOKED_EVERY == 0:
            turn = self.world.now // LOOKED_EVERY
            names = [*ACCOUNTS, *STAFF, "charlie"]
            self.doors.look(names[turn % len(names)], turn)
            self.sent_doors.compare_asking_links()

    def _tick(self) -> None:
        if hasattr(self, "sent"):
            for key in self.world.bookings:
                self.sent.booked_on.setdefault(key, self._today())
        super()._tick()
        self.sent.forget_deleted()
        self._meet_requests()
        self.sent_doors.compare_states()

    def _meet_requests(self) -> None:
        """What rules have asked for."""
        new = DocumentRequest.objects.exclude(pk__in=list(self.sent.requests))
        for one in new:
            sending = str(one.auto_send_id)
            assert self.world.sendings[sending].state == "sent"
            self.sent.requests[str(one.pk)] = Request(str(one.appointment_id), self.world.now - 1, sending=sending)

    # --- The real ones beside the model -----------------------------------------------------------------------

    @property
    def questionnaire(self) -> uuid.UUID:
        return cast("AskingPractices", self.cast).questionnaire.pk

    def _for_sharers(self, name: str, status: int) -> int:
        """`status` for who may; 403 for who only reads; 404 for strangers."""
        if name in self.world.gone:
            return 401
        return status if name in SHARERS else 403 if name in STAFF else 404

    def _for_seer(self, who: str, document: str, status: int) -> int:
        if who in self.world.gone:
            return 401
        return status if document in self.world.sees(who) else 404

    def _came(self, booking: str, request: str | None, who: str | None, link: str | None = None) -> None:
        (key,) = self._files_there() - self.sent.files.keys()
        self.sent.files[key] = self._sent(booking, request, who, link)
        self.sent.follow_files(request)

    def _sent(self, booking: str, request: str | None, who: str | None, link: str | None = None) -> Sent:
        rights = self.sent.rights_of_link(link) if link else self.sent.rights(who or "", booking)
        assert rights is not None
        return Sent(booking, request, who, self.world.now, self._today(), rights.capacity, link)

    @staticmethod
    def _files_there() -> set[str]:
        return {str(pk) for pk in ReceivedDocument.objects.values_list("pk", flat=True)}

    def _paper(self) -> SimpleUploadedFile:
        self.made += 1
        return SimpleUploadedFile("scan.pdf", PDF + b"\n" * self.made, "application/pdf")

    def _form(self) -> dict[str, Any]:
        return {"file": self._paper()}

    def _share_paper(self, booking: str) -> SharedDocument:
        return share_upload(
            appointment=Appointment.objects.select_related("practice", "patient__practice", "holder").get(pk=booking),
            intake=accept(self._paper()),
            category=self.cast.category,
            title="Consentement",
            placement=None,
            by=self.alice,
        )

    def _api(self, name: str, method: str, path: str, body: Any = None, *, form: bool = False) -> Any:
        cache.clear()
        kind = {"format": "multipart" if form else "json"} if body is not None else {}
        return getattr(self.cast.apis[name], method)(f"/api/v1/{path}", body, **kind)

    def _page(self, name: str, path: str, form: dict[str, Any]) -> Any:
        cache.clear()
        return self.cast.clients[name].post(path, form)

    @staticmethod
    def _code(mobile: str) -> str:
        sent = Message.objects.filter(channel=Channel.SMS, to=mobile).order_by("created_at")
        digits = [found.group() for one in sent if (found := re.match(r"\d{6}\b", one.body))]
        return digits[-1]


STORIES: dict[str, Callable[[WhoSeesWhatPatientsSend], None]] = {
    "a file is seen before its booker takes it back": lambda one: one.a_file_is_seen_before_it_is_taken_back(
        2, "hugo"
    ),
    "a booker of an adult gives way to the patient": lambda one: one.a_booker_gives_way_to_the_patient(1),
    "a second parent sends, and the child comes of age": lambda one: (
        one.a_guardian_sends_and_the_child_comes_of_age(2, "hugo", "sonia", opens=False),
        one.a_guardian_sends_and_the_child_comes_of_age(0, "parent", "sonia", opens=True),
    )[0],
    "a link is answered and closes": lambda one: one.a_link_is_answered_and_closes(0, 1),
    "a patient's record takes in a relative's": lambda one: (
        one.an_account_claims_and_sends_and_signs(0, "own"),
        one.two_records_are_merged_after_much_was_sent(0, 2, "hugo", set(), proves=True),
        one.two_records_are_merged_after_much_was_sent(2, 0, "hugo", {"birth_date", "mobile"}, proves=False),
    )[0],
    "a child's record and a booker's files": lambda one: (
        one.a_guardian_sends_and_the_child_comes_of_age(0, "parent", "sonia", opens=False),
        one.two_records_are_merged_after_much_was_sent(0, 1, "parent", {"birth_date"}, proves=False),
        one.two_records_are_merged_after_much_was_sent(1, 2, "hugo", set(), proves=True),
    )[0],
}


@pytest.mark.django_db
@pytest.mark.parametrize("story", STORIES)
def test_everybody_sees_what_the_table_says_after(story: str) -> None:
    """Ways on which the rules were seen failing; chance takes them seldom."""
    machine = WhoSeesWhatPatientsSend()
    try:
        machine.a_family(channels=("email", "mobile"))
        STORIES[story](machine)
        machine.doors.look("hugo", 0)
    finally:
        machine.teardown()


@pytest.mark.slow
@pytest.mark.timeout(int(os.environ.get("PROPERTY_TIMEOUT", "900")))
@pytest.mark.django_db
def test_who_sees_and_may_do_what_with_what_patients_send() -> None:
    run(WhoSeesWhatPatientsSend, examples=EXAMPLES, steps=STEPS)
