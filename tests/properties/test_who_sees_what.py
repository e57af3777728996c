"""Booking, correcting contacts, authorising, sharing, sending, proving, coming of age, ending accesses: in any order.

After every step, the test compares with the model who sees what, for everybody and for every link ever sent, and the
list of live accesses; and through every door for one of the cast in turn. Each run has the same examples;
PROPERTY_EXAMPLES=200 searches among others: a failure prints its steps, and is tried first the next time.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from datetime import date, timedelta
from typing import TypeVar

import pytest
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from appointments.access import visible_to_account
from appointments.authorisation import (
    NothingToAuthorise,
    authorise_holder,
    keep_with_holder,
    refuse_holder,
    withdraw_authorisation,
)
from appointments.booking import book, delete
from appointments.cancelling import cancel
from appointments.models import Appointment, AppointmentKind, BookedFor
from appointments.recipients import resolve
from documents.invariants import audiences_are_right, merged_records_are_empty
from documents.merging.choices import FIELDS
from documents.merging.merge import BothHaveAccounts, merge_records
from documents.merging.unmerge import unmerge_records
from documents.models import AutoSend, DocumentLink, SharedDocument
from documents.sending.autosend import do_not_send, send_again, send_due, send_now
from documents.sending.links import documents_of, find_link
from documents.sharing.access import visible_as_recipient
from documents.sharing.accesses import Access, accesses_to, end_access, restore_holder_access
from documents.sharing.replacing import NotReplaceable
from documents.sharing.share import take_back
from documents.sharing.uploads import RecipientNotReady
from notifications.models import Message
from patients.birth_dates import ImpossibleBirthDate
from patients.invitations import (
    BookedForSomebodyElse,
    InvitationOver,
    RecordAlreadyClaimed,
    WrongBirthDate,
    accept_invitation,
    invitation_for,
    invite_after_identity_check,
    prove_birth_date,
    prove_new_contacts,
)
from patients.models import ContactProposal, Invitation
from patients.own_contacts import settle_proposal
from patients.records import (
    FormerContacts,
    FormerContactsUnclear,
    PatientChanges,
    change_patient,
    confirm_contacts,
    create_patient,
)
from patients.relatives import Person
from tests.properties.cast import (
    ACCOUNTS,
    BORN,
    MAILBOXES,
    MOBILES,
    SECOND_EMAIL,
    Practices,
    aliases_of,
    first_email,
    without_limits,
)
from tests.properties.clock import Clock
from tests.properties.doors import Doors, ids
from tests.properties.model import Booking, Record, Relative, Sending, Way, World

EXAMPLES, STEPS = 10, 50
WRONG_DATE = date(1950, 1, 1)
MOST, MOST_BOOKINGS = 4, 6  # few enough that steps affect the same record
FOR_ONE_PERSON = 3  # online bookings of an account with one agenda
LOOKED_EVERY = 6  # steps: pages cost more than queries
DAYS = 3  # the clock's largest step
Key = TypeVar("Key")

# Contacts for staff and bookers. Few, so that they recur, and equal those of other records.
EMAILS = ["paul@courriel.example", "famille@courriel.example", "hugo.cast+paul@gmail.com", "ines@cast.example", None]
NUMBERS = ["+33612777777", "+33612888888", "+33612000000", None]
GIVEN: list[dict[str, str]] = [
    {},
    {"email": "paul@courriel.example", "mobile": "+33612777777"},
    {"email": "deuxieme@prive.example", "mobile": "+33612888888"},  # unknown to belong to the booker
    {"email": "HUGO.CAST@GMAIL.COM", "mobile": "+33612777777"},
    {"email": "h.u.g.o.cast@googlemail.com", "mobile": "+33612777777"},
    {"email": "bureau+paul@hugo.example", "mobile": "+33612888888"},
    {"email": "ines+maman@cast.example", "mobile": "+33612888888"},
    {"email": "paul@courriel.example", "mobile": "06 12 00 00 00"},
]
THEIRS = [given for given in GIVEN if given][2:]  # of one of the two bookers
flags = st.booleans()
picks = st.integers(0, MOST - 1)
bookers = st.sampled_from(["hugo", "ines"])
accounts = st.sampled_from(ACCOUNTS)
ages = st.sampled_from(["adult", "child", "soon"])
answers_of_staff = st.sampled_from([None, *FormerContacts])
births = st.sampled_from(["right", "right", "right", "wrong", "impossible"])


class WhoSeesWhat(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.example = ExitStack()
        self.example.enter_context(transaction.atomic())
        self.clock = Clock()
        self.example.enter_context(self.clock.runs())
        self.example.enter_context(without_limits())
        cache.clear()
        self.numbers = itertools.count(1)
        self.tokens: dict[str, str] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.close()

    # --- What there is at first: one of each interesting kind, so that a few steps reach far -------------------

    @initialize(channels=st.sampled_from([("email", "mobile"), ("email",), ("mobile",)]))
    def a_family(self, channels: tuple[str, ...]) -> None:
        self.cast = self.open_practices(set(channels))
        self.alice = self.cast.users["alice"]
        self.world = World(
            today=self._today(),
            channels=set(channels),
            mailboxes=dict(MAILBOXES),
            second_emails={name: {email} for name, email in SECOND_EMAIL.items()},
            reached_at={name: {"email": first_email(name), "mobile": MOBILES[name]} for name in ACCOUNTS},
        )
        self.doors = self.open_doors()
        self.the_practice_makes_a_record("soon", "famille@courriel.example", "+33612777777")
        self._tick()
        self.the_practice_books(0, video=False)
        self._tick()
        self.somebody_books_for_somebody_new("hugo", "adult", {}, video=False)
        self._tick()
        self.somebody_books_for_somebody_new("hugo", "child", {}, video=True)

    def open_practices(self, channels: set[str]) -> Practices:
        return Practices(channels)

    def open_doors(self) -> Doors:
        return Doors(self.cast, self.world, self.tokens)

    # --- Booking ----------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.world.records) < MOST)
    @rule(age=ages, email=st.sampled_from(EMAILS), mobile=st.sampled_from(NUMBERS))
    def the_practice_makes_a_record(self, age: str, email: str | None, mobile: str | None) -> None:
        made = create_patient(
            practice=self.cast.practice,
            first_name=f"Camille{next(self.numbers)}",
            last_name="Cast",
            birth_date=self._born(age),
            email=email,
            mobile=mobile,
            by=self.alice,
        )
        self.world.records[str(made.pk)] = Record(made.birth_date, made.first_name)
        self.world.enter(str(made.pk), {"email": email, "mobile": mobile})

    @precondition(lambda self: self.world.records and len(self.world.bookings) < MOST_BOOKINGS)
    @rule(pick=picks, video=flags)
    def the_practice_books(self, pick: int, video: bool) -> None:
        record = self._one(self.world.records, pick)
        made = book(
            agenda=self.cast.agenda,
            visit_reason=self.cast.reason,
            patient=self.cast.patient(record),
            starts_at=self.cast.next_slot(),
            kind=AppointmentKind.VIDEO if video else AppointmentKind.IN_PERSON,
            by=self.alice,
        )
        self._booked(made, None, for_relative=False)

    @precondition(lambda self: len(self.world.bookings) < MOST_BOOKINGS)
    @rule(who=bookers, video=flags)
    def somebody_books_for_themselves(self, who: str, video: bool) -> None:
        if who in self.world.gone:
            return
        expected = self.world.own_record(who, BORN)
        made = self.cast.book_online(who, BookedFor.SELF, None, video=video)
        record = str(made.patient_id)
        if expected is None:  # created with the account's proved contacts
            assert record not in self.world.records
            self.world.records[record] = Record(BORN, who.title(), names_of=who)
            self.world.enter(record, dict(self.world.reached_at[who]))
        else:
            assert record == expected
        self.world.tie_own(who, record)
        self._booked(made, who, for_relative=False)

    @precondition(lambda self: len(self.world.bookings) < MOST_BOOKINGS)
    @rule(who=bookers, age=ages, given=st.sampled_from(GIVEN), video=flags)
    def somebody_books_for_somebody_new(self, who: str, age: str, given: dict[str, str], video: bool) -> None:
        if who not in self.world.gone:
            relative = Relative(f"Proche{next(self.numbers)}", self._born(age))
            self.world.described.append((who, relative))
            self._book_for(who, relative, None, given, video)

    @precondition(lambda self: self.world.described and len(self.world.bookings) < MOST_BOOKINGS)
    @rule(pick=picks, given=st.sampled_from(GIVEN), video=flags, otherwise=flags)
    def the_same_person_is_booked_for_again(
        self, pick: int, given: dict[str, str], video: bool, otherwise: bool = False
    ) -> None:
        """`otherwise`: with another spelling of the name. Creates another record if staff took the former one, which
        a guardian's tie had given, from the account."""
        who, described = self.world.described[pick % len(self.world.described)]
        relative = self.world.alike(who, described.name, described.born)[0]
        record = self.world.record_of(who, relative)
        there = [one for one in self.world.bookings.values() if one.record == record and one.booker == who]
        if who not in self.world.gone and len(there) < FOR_ONE_PERSON:
            written = relative.name.upper().replace("O", "Ô") if otherwise else relative.name
            self._book_for(who, relative, record, given, video, written)

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks)
    def staff_cancel(self, pick: int) -> None:
        booking = self._one(self.world.bookings, pick)
        cancel(appointment=self.cast.appointment(booking), by=self.alice)
        for one in self.world.sendings.values():
            if one.booking == booking and one.state == "planned":
                one.state = "cancelled"

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks)
    def staff_delete(self, pick: int) -> None:
        booking = self._one(self.world.bookings, pick)
        delete(appointment=Appointment.objects.get(pk=booking), by=self.alice)
        self.world.delete(booking)

    # --- Contacts and birth dates -----------------------------------------------------------------------------

    @precondition(lambda self: self.world.records)
    @rule(
        pick=picks,
        email=st.none() | st.sampled_from([EMAILS]).flatmap(lambda them: st.tuples(st.sampled_from(them))),
        mobile=st.none() | st.sampled_from([NUMBERS]).flatmap(lambda them: st.tuples(st.sampled_from(them))),
        answer=answers_of_staff,
    )
    def staff_change_contacts(
        self,
        pick: int,
        email: tuple[str | None] | None,
        mobile: tuple[str | None] | None,
        answer: FormerContacts | None,
    ) -> None:
        """None leaves a contact unchanged; a tuple contains its new value."""
        record = self._one(self.world.records, pick)
        known = self.world.records[record].contacts
        typed: PatientChanges = {}
        if email:
            typed["email"] = email[0]
        if mobile:
            typed["mobile"] = mobile[0]
        values = {"email": typed.get("email"), "mobile": typed.get("mobile")}
        before = {name: known[name].value if name in known else None for name in values}
        changed = {name: value for name, value in values.items() if name in typed and value != before[name]}
        tied = any(of == record for _, of in self.world.ties)
        try:
            with transaction.atomic():
                change_patient(patient=self.cast.patient(record), by=self.alice, former_contacts=answer, **typed)
        except FormerContactsUnclear:
            assert changed
            assert tied
            assert answer is None
            return
        assert not (changed and tied and answer is None), "nobody said whose the contacts were"
        if changed:
            invited = self.world.change_contacts(record, changed, answer is FormerContacts.SOMEONE_ELSE)
            assert Invitation.objects.live().filter(patient__in=[record]).exists() or not invited
            self._nothing_waits_for_others(record)

    @precondition(lambda self: self.world.records)
    @rule(pick=picks)
    def staff_confirm_contacts(self, pick: int) -> None:
        record = self._one(self.world.records, pick)
        confirm_contacts(patient=self.cast.patient(record), by=self.alice)
        self.world.confirm(record)

    @precondition(lambda self: self.world.records)
    @rule(pick=picks)
    def staff_check_who_it_is(self, pick: int) -> None:
        record = self._one(self.world.records, pick)
        both = len(self.world.records[record].contacts) == 2
        try:
            with transaction.atomic():
                made = invite_after_identity_check(patient=self.cast.patient(record), by=self.alice)
        except ValueError:
            assert not both
            return
        assert both
        self.world.check_identity(record, str(made.pk))

    @precondition(lambda self: self.world.records)
    @rule(pick=picks, age=ages)
    def staff_correct_a_birth_date(self, pick: int, age: str) -> None:
        record = self._one(self.world.records, pick)
        change_patient(patient=self.cast.patient(record), by=self.alice, birth_date=self._born(age))
        self.world.correct_birth_date(record, self._born(age))

    @precondition(lambda self: self.clock.ahead < timedelta(days=DAYS))
    @rule()
    def a_day_passes(self) -> None:
        self.clock.ahead += timedelta(days=1)
        self.cast.sign_in()

    # --- The booker -------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks)
    def staff_authorise(self, pick: int) -> None:
        booking = self._one(self.world.bookings, pick)
        known, state = self.world.bookings[booking], self.world.state(booking)
        try:
            authorise_holder(appointment=self.cast.appointment(booking), by=self.alice)
        except NothingToAuthorise:
            assert state != "needs_authorisation"
            return
        if state == "needs_authorisation":
            self.world.authorise(booking)
        else:
            assert known.authorised

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks)
    def staff_refuse(self, pick: int) -> None:
        booking = self._one(self.world.bookings, pick)
        known, state = self.world.bookings[booking], self.world.state(booking)
        try:
            refuse_holder(appointment=self.cast.appointment(booking), by=self.alice)
        except NothingToAuthorise:
            assert state != "needs_authorisation"
            return
        if state == "needs_authorisation":
            known.answers.append(False)
        else:
            assert known.refused

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks, keep=flags)
    def staff_withdraw_or_keep(self, pick: int, keep: bool) -> None:
        booking = self._one(self.world.bookings, pick)
        if keep:
            keep_with_holder(appointment=self.cast.appointment(booking), by=self.alice)
            return
        withdraw_authorisation(appointment=self.cast.appointment(booking), by=self.alice)
        self.world.withdraw(booking)

    # --- People change their own contacts -----------------------------------------------------------------------

    @rule(who=accounts, mobile=st.sampled_from(["+33612000000", "+33612777777", "+33612000009"]))
    def an_account_has_another_mobile(self, who: str, mobile: str) -> None:
        former = self.world.reached_at[who]["mobile"]
        if who not in self.world.gone and former != mobile:
            self.cast.change_mobile(who, mobile)
            met = self.world.change_account(who, "mobile", mobile, self.world.mailboxes[who], {former})
            self._nothing_goes_there_any_more(who, former, met)

    @rule(who=accounts, email=st.sampled_from(["neuf", "first", "paul@courriel.example"]))
    def an_account_has_another_email(self, who: str, email: str) -> None:
        new = {"neuf": f"neuf@{who}.example", "first": first_email(who)}.get(email, email)
        former = self.world.reached_at[who]["email"]
        if who not in self.world.gone and all(new != there["email"] for there in self.world.reached_at.values()):
            self.cast.change_email(who, new)
            self.world.second_emails.pop(who, None)
            met = self.world.change_account(who, "email", new, aliases_of(new), aliases_of(former))
            self._nothing_goes_there_any_more(who, former, met)

    @precondition(lambda self: self.world.proposals)
    @rule(pick=picks, take=flags)
    def staff_settle_a_proposal(self, pick: int, take: bool) -> None:
        record, name = self._one(self.world.proposals, pick)
        proposal = ContactProposal.objects.get(patient__in=[record], contact=name, settled_at=None)
        assert (proposal.user, proposal.value) == (
            self.cast.users[self.world.proposals[record, name][0]],
            self.world.proposals[record, name][1],
        )
        settle_proposal(proposal=proposal, take=take, by=self.alice)
        self.world.settle(record, name, take)
        self._nothing_waits_for_others(record)

    @rule(who=accounts)
    def an_account_is_closed_or_opened_again(self, who: str) -> None:
        self.world.gone ^= {who}
        User.objects.filter(pk=self.cast.users[who].pk).update(is_active=who not in self.world.gone)
        self.cast.users[who].refresh_from_db()

    # --- Sharing and sending ----------------------------------------------------------------------------------

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks, upload=flags)
    def alice_shares(self, pick: int, upload: bool) -> None:
        booking = self._one(self.world.bookings, pick)
        expected = self.world.share(booking)
        try:
            shared = self.cast.share(booking, upload=upload)
        except RecipientNotReady:
            assert expected is None
            return
        assert expected is not None, "shared though nobody may receive"
        self.world.documents[str(shared.pk)] = expected

    @precondition(lambda self: self.world.documents)
    @rule(pick=st.integers(0, 20))
    def alice_replaces(self, pick: int) -> None:
        key = self._one(self.world.documents, pick)
        document, now = self.doors.document(key), self.world.documents[key]
        if document.library_version_id:
            return
        today = self.world.share(now.booking)
        same = today is not None and not now.ended and self._to(today) == self._to(now)
        try:
            self.cast.replace(document)
        except NotReplaceable:
            assert not same
            return
        assert same, "replaced though somebody else receives today"
        now.at = self.world.now

    @precondition(lambda self: self.world.documents)
    @rule(pick=st.integers(0, 20))
    def alice_takes_back(self, pick: int) -> None:
        key = self._one(self.world.documents, pick)
        take_back(document=SharedDocument.objects.get(pk=key), by=self.alice)
        self.world.take_back(key)

    @rule()
    def what_is_due_is_sent(self) -> None:
        planned = {one.booking for one in self.world.sendings.values() if one.state == "planned"}
        expected = {booking for booking in planned if self.world.send(booking)}
        AutoSend.objects.update(retry_at=None)
        links = ids(DocumentLink.objects.all())
        send_due()
        new = DocumentLink.objects.exclude(pk__in=links)
        assert {str(link.appointment_id) for link in new} == expected
        assert new.count() == len(expected)
        for link in new:
            here = [key for key, one in self.world.sendings.items() if one.booking == str(link.appointment_id)]
            waited = {key for key in here if self.world.sendings[key].state == "planned"}
            assert ids(link.sendings.all()) == waited

    @precondition(lambda self: self.world.sendings)
    @rule(pick=st.integers(0, 20))
    def staff_send_now_or_again(self, pick: int) -> None:
        key = self._one(self.world.sendings, pick)
        one, sending = self.world.sendings[key], AutoSend.objects.get(pk=key)
        links = ids(DocumentLink.objects.all())
        if one.state == "planned":
            expected, new, moves = self.world.send(one.booking) is not None, True, {key}
            done = send_now(sending=sending, by=self.alice)
        elif one.state == "sent":
            expected, new = self.world.may_send_again(key), self.world.sends_new_link(key)
            moves = self.world.moves_along(key)
            done = send_again(sending=sending, by=self.alice)
        else:
            return
        assert done is expected
        made = DocumentLink.objects.exclude(pk__in=links)
        assert made.count() == (1 if expected and new else 0)
        for link in made:
            assert ids(link.sendings.all()) == moves

    @precondition(lambda self: self.world.sendings)
    @rule(pick=st.integers(0, 20))
    def staff_do_not_send(self, pick: int) -> None:
        key = self._one(self.world.sendings, pick)
        do_not_send(sending=AutoSend.objects.get(pk=key), by=self.alice)
        if self.world.sendings[key].state == "planned":
            self.world.sendings[key].state = "cancelled"

    @rule()
    def messages_leave(self) -> None:
        Message.objects.filter(state="queued").update(state="sent", sent_at=timezone.now())

    # --- Proving and ending -----------------------------------------------------------------------------------

    @precondition(lambda self: self.world.records)
    @rule(pick=picks, who=accounts, birth=births)
    def somebody_follows_an_invitation(self, pick: int, who: str, birth: str) -> None:
        """Somebody with the link and the code: the birth date decides."""
        record = self._one(self.world.records, pick)
        if len(self.world.records[record].contacts) == 2 and who not in self.world.gone:
            invitation_for(patient=self.cast.patient(record), by=None)
            self._meet_invitations()
            invitation = self.world.records[record].invitation
            assert invitation
            self._follow(invitation, who, birth)

    @precondition(lambda self: self.world.invitations)
    @rule(pick=st.integers(0, 20), who=accounts, birth=births)
    def somebody_follows_an_invitation_of_before(self, pick: int, who: str, birth: str) -> None:
        if who not in self.world.gone:
            self._follow(self._one(self.world.invitations, pick), who, birth)

    @precondition(lambda self: any(record.invitation for record in self.world.records.values()))
    @rule(pick=picks)
    def a_stranger_tries_five_dates(self, pick: int) -> None:
        invitation = self._one({one.invitation: one for one in self.world.records.values() if one.invitation}, pick)
        for _ in range(5):
            self._follow(invitation, "parent", "wrong")

    @precondition(lambda self: self.world.invitations)
    @rule(pick=st.integers(0, 20), who=accounts)
    def somebody_proves_new_contacts(self, pick: int, who: str) -> None:
        if who not in self.world.gone:
            self._prove_new_contacts(self._one(self.world.invitations, pick), who)

    @precondition(lambda self: any(tie.suspended is not None for tie in self.world.ties.values()))
    @rule(pick=picks)
    def whoever_waits_proves_the_new_contacts(self, pick: int) -> None:
        waiting = {key: tie for key, tie in self.world.ties.items() if tie.suspended is not None}
        who, record = self._one(waiting, pick)
        if who not in self.world.gone and len(self.world.records[record].contacts) == 2:
            invitation = invitation_for(patient=self.cast.patient(record), by=None)
            self._meet_invitations()
            self._prove_new_contacts(str(invitation.pk), who)

    @precondition(lambda self: self.world.records)
    @rule(pick=picks, which=st.integers(0, 20))
    def staff_end_an_access(self, pick: int, which: int) -> None:
        record = self._one(self.world.records, pick)
        listed = self._listed(record)
        if listed:
            self._end_access(record, self._one(dict(sorted(listed.items(), key=lambda one: one[0][0])), which))

    @precondition(lambda self: self.world.excluded)
    @rule(pick=picks)
    def staff_readmit_a_booker(self, pick: int) -> None:
        who, record = self._one(dict.fromkeys(sorted(self.world.excluded)), pick)
        patient, holder = self.cast.patient(record), self.cast.users[who]
        assert restore_holder_access(patient=patient, holder=holder, by=self.alice)
        assert not restore_holder_access(patient=patient, holder=holder, by=self.alice)
        self.world.readmit(who, record)

    # --- Two records made one, and separated again ------------------------------------------------------------

    @precondition(lambda self: len(self.world.records) > 1)
    @rule(
        pick=picks,
        other=picks,
        taken=st.sets(st.sampled_from(FIELDS)),
        proves=flags,
        shares=flags,
    )
    def two_records_are_merged_and_separated(
        self, pick: int, other: int, taken: set[str], proves: bool, shares: bool
    ) -> None:
        """Undone at the end: the model knows no merge. Nobody sees more by it; afterwards all see what they saw."""
        keep, lose = self._one(self.world.records, pick), self._one(self.world.records, other)
        if keep == lose:
            return
        with transaction.atomic():
            before = self._whole_sight()
            corrected = self._sight_once_corrected(keep, lose, lose if "birth_date" in taken else keep)
            try:
                with transaction.atomic():
                    merge_records(
                        kept=self.cast.patient(keep), other=self.cast.patient(lose), from_other=taken, by=self.alice
                    )
            except BothHaveAccounts:
                owners = {who for (who, of), tie in self.world.ties.items() if of in (keep, lose) and tie.own}
                assert len(owners) == 2
                return
            self._nobody_sees_more(before, corrected)
            self._fsck_is_clean()
            if shares:
                self._share_somewhere(keep)
            if proves:
                self._whoever_waits_proves(keep)
            unmerge_records(kept=self.cast.patient(keep), by=self.alice)
            self._everybody_sees_the_same(before, lose if shares else None)
            self._fsck_is_clean()
            transaction.set_rollback(True)

    @staticmethod
    def _fsck_is_clean() -> None:
        assert not list(merged_records_are_empty())
        assert not list(audiences_are_right())

    def _everything(self) -> set[str]:
        """What the model knows that somebody may see."""
        return set(self.world.documents)

    def _whole_sight(self) -> dict[str, object]:
        """Everything that people and links see, what they may book for, and what the recipient of each booking is."""
        seen: dict[str, object] = {}
        for name, user in self.cast.users.items():
            seen[name] = ids(visible_as_recipient(user))
            seen[f"{name}'s appointments"] = ids(visible_to_account(user))
        for key, token in self.tokens.items():
            link = find_link(token)
            seen[f"link {key}"] = {str(one.shared_id) for one in documents_of(link)} if link else set()
        for booking in self.world.bookings:
            seen[f"state {booking}"] = resolve(self.cast.appointment(booking)).state.value
        return seen

    def _sight_once_corrected(self, keep: str, lose: str, right: str) -> dict[str, object]:
        """What all would see if staff corrected both birth dates to that of `right`, and merged nothing: whoever
        proved a minor's birth date sees that minor's appointments again once it is the record's again."""
        born = self.cast.patient(right).birth_date
        with transaction.atomic():
            for record in (keep, lose):
                if self.cast.patient(record).birth_date != born:
                    change_patient(patient=self.cast.patient(record), by=self.alice, birth_date=born)
            seen = self._whole_sight()
            transaction.set_rollback(True)
        return seen

    def _nobody_sees_more(self, before: dict[str, object], corrected: dict[str, object]) -> None:
        """Than before, or than by the same correction of a birth date alone."""
        for key, there in self._whole_sight().items():
            seen_before, seen_corrected = before.get(key), corrected.get(key)
            if isinstance(there, set) and isinstance(seen_before, set) and isinstance(seen_corrected, set):
                assert there <= seen_before | seen_corrected, key

    def _everybody_sees_the_same(self, before: dict[str, object], shared_in: str | None) -> None:
        """`shared_in`: something was shared since; then only what existed before is compared."""
        existed, now = self._everything(), self._whole_sight()
        for key, there in before.items():
            found = now[key]
            if shared_in and isinstance(found, set) and "appointments" not in key:
                found &= existed
            assert found == there, key

    def _share_somewhere(self, record: str) -> None:
        for appointment in self.cast.patient(record).appointments.order_by("pk")[:2]:
            with suppress(RecipientNotReady):
                self.cast.share(str(appointment.pk), upload=False)

    def _whoever_waits_proves(self, record: str) -> None:
        patient = self.cast.patient(record)
        if patient.missing_contacts:
            return
        for tie in list(patient.ties.suspended().select_related("user")):
            invitation = invitation_for(patient=patient, by=None)
            with suppress(InvitationOver, BookedForSomebodyElse, RecordAlreadyClaimed, WrongBirthDate):
                accept_invitation(invitation=invitation, user=tie.user, birth_date=patient.birth_date)
                return

    # --- Ways of several steps that chance takes too seldom -----------------------------------------------------

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks, who=accounts, answer=st.sampled_from(FormerContacts))
    def an_account_claims_and_contacts_are_corrected(self, pick: int, who: str, answer: FormerContacts) -> None:
        booking = self._one(self.world.bookings, pick)
        record = list(self.world.records).index(self.world.bookings[booking].record)
        self.alice_shares(pick, upload=True)
        self._tick()
        self.somebody_follows_an_invitation(record, who, "right")
        self._tick()
        self.staff_change_contacts(record, (f"nouveau{next(self.numbers)}@courriel.example",), None, answer)
        self._tick()
        self.alice_shares(pick, upload=True)

    @precondition(lambda self: len(self.world.bookings) < MOST_BOOKINGS - 1)
    @rule(who=bookers, given=st.sampled_from(THEIRS))
    def somebody_books_twice_and_gives_what_is_theirs(self, who: str, given: dict[str, str]) -> None:
        self.somebody_books_for_somebody_new(who, "adult", {}, video=False)
        self._tick()
        if who not in self.world.gone:
            self.the_same_person_is_booked_for_again(len(self.world.described) - 1, given, video=False)

    @precondition(lambda self: self.world.bookings)
    @rule(pick=picks, who=accounts)
    def a_guardian_claims_and_the_child_comes_of_age_and_receives(self, pick: int, who: str) -> None:
        booking = self._one(self.world.bookings, pick)
        record = list(self.world.records).index(self.world.bookings[booking].record)
        self.staff_correct_a_birth_date(record, "child")
        self._tick()
        self.somebody_follows_an_invitation(record, who, "right")
        self._tick()
        self.alice_shares(pick, upload=False)
        self._tick()
        self.staff_correct_a_birth_date(record, "adult")
        self._tick()
        self.alice_shares(pick, upload=False)

    @precondition(lambda self: len(self.world.bookings) < MOST_BOOKINGS - 1)
    @rule(pick=picks, who=bookers, proves=flags)
    def a_guardian_books_and_loses_the_record_and_comes_back(self, pick: int, who: str, proves: bool) -> None:
        record = self._one(self.world.records, pick)
        pick = list(self.world.records).index(record)
        self.staff_correct_a_birth_date(pick, "child")
        self._tick()
        self.somebody_follows_an_invitation(pick, who, "right")
        self._tick()
        relative = self.world.relatives.get((who, record))
        if relative is None or (who, record) not in self.world.ties or who in self.world.gone:
            return
        described = next(at for at, (_, one) in enumerate(self.world.described) if one is relative)
        self.the_same_person_is_booked_for_again(described, {}, video=False)
        self._tick()
        self.alice_shares(len(self.world.bookings) - 1, upload=True)
        self.what_is_due_is_sent()
        self._tick()
        tied = self.world.ties[who, record]
        self._end_access(record, ("account", who, tied.suspended is not None))
        self._tick()
        self.the_same_person_is_booked_for_again(described, {}, video=False)
        self._tick()
        self.alice_shares(len(self.world.bookings) - 1, upload=True)
        self._tick()
        if proves:
            self.staff_confirm_contacts(pick)
            self._tick()
            self.somebody_follows_an_invitation(pick, who, "right")
            self._tick()
            self.the_same_person_is_booked_for_again(described, {}, video=False)

    @precondition(lambda self: len(self.world.bookings) < MOST_BOOKINGS)
    @rule(who=bookers, first=st.sampled_from(["+33612000009", "+33612777777"]), again=flags, suspended=flags)
    def whoever_books_for_themselves_has_another_mobile(
        self, who: str, first: str, again: bool, suspended: bool
    ) -> None:
        """Their own record carries it; if staff changed its email before, the record cannot follow automatically."""
        self.somebody_books_for_themselves(who, video=False)
        self._tick()
        own = [key for (account, key), tie in self.world.ties.items() if account == who and tie.own]
        if own and suspended:
            pick = list(self.world.records).index(own[-1])
            self.staff_change_contacts(pick, ("autre@courriel.example",), None, FormerContacts.SAME_PERSON)
            self._tick()
        self.what_is_due_is_sent()
        self._tick()
        self.an_account_has_another_mobile(who, first)
        self._tick()
        if again:
            self.an_account_has_another_mobile(who, "+33612000010")
            self._tick()
        if self.world.proposals:
            self.staff_settle_a_proposal(0, take=True)

    @precondition(lambda self: self.world.records)
    @rule(pick=picks, answer=st.sampled_from(FormerContacts))
    def contacts_are_corrected_and_come_back_after_a_sending(self, pick: int, answer: FormerContacts) -> None:
        self.what_is_due_is_sent()
        self._tick()
        email = self.world.records[self._one(self.world.records, pick)].contacts.get("email")
        if email:
            self.staff_change_contacts(pick, ("passage@courriel.example",), None, answer)
            self._tick()
            self.staff_change_contacts(pick, (email.value,), None, answer)

    # --- What everybody sees ----------------------------------------------------------------------------------

    @invariant()
    def everybody_sees_what_the_table_says(self) -> None:
        if not hasattr(self, "world"):
            return
        self._tick()
        if self.world.now % LOOKED_EVERY == 0:
            turn = self.world.now // LOOKED_EVERY
            names = list(self.cast.users)
            self.doors.look(names[turn % len(names)], turn)
            self.doors.compare_ways(list(self.world.records))
            self.doors.follow_links()

    def _tick(self) -> None:
        """After each step: registers what was sent, and compares everything."""
        self._meet_invitations()
        self._meet_links()
        self.world.today = self._today()
        self.doors.compare_documents()
        self.doors.compare_links()
        records = list(self.world.records)  # one in turn: lists are the greatest cost of a step
        self.doors.compare_ways([records[self.world.now % len(records)]])
        for booking in self.world.bookings:
            self._compare_state(booking)
        self._fsck_is_clean()
        self.world.now += 1

    def _compare_state(self, booking: str) -> None:
        assert resolve(self.cast.appointment(booking)).state.value == self.world.state(booking)

    def _meet_invitations(self) -> None:
        """Invitations go to the record's contacts of that moment, whatever created them."""
        for invitation in Invitation.objects.exclude(pk__in=list(self.world.invitations)).order_by("created_at"):
            record, key = str(invitation.patient_id), str(invitation.pk)
            known = {name: one.value for name, one in self.world.records[record].contacts.items()}
            assert known == {"email": invitation.email, "mobile": invitation.mobile}
            assert self.world.records[record].invitation in (None, key), "another one is open"
            self.world.invitations[key] = record
            self.world.records[record].invitation = key

    def _meet_links(self) -> None:
        """Links sent by the step: each to contacts that may have it, with documents of the current recipient only."""
        for link in DocumentLink.objects.exclude(pk__in=list(self.world.links)).order_by("created_at"):
            booking = str(link.appointment_id)
            allowed = self.world.send(booking)
            assert allowed is not None, "sent though nobody may receive"
            tokens = self.doors.tokens_of(link)
            waiting = Message.objects.filter(state="queued")
            carried = {one.to for one in waiting if any(token in one.body for token in tokens)}
            assert carried == set(allowed[1].values())
            behind = {str(one.pk): str(one.shared_id or "") for one in link.sendings.all()}
            for key, document in behind.items():
                assert self.world.sendings[key].booking == booking
                known = self.world.documents.get(document)
                assert known is None or known.booker == allowed[0].booker
            self.world.sent(str(link.pk), booking, behind)
            self.tokens[str(link.pk)] = tokens[self.world.now % 2]

    def _nothing_goes_there_any_more(self, who: str, former: str, records: list[str]) -> None:
        held = SharedDocument.objects.filter(holder=self.cast.users[who], audience="holder")
        assert not Message.objects.filter(state="queued", pk__in=held.values("messages"), to=former).exists()
        for record in records:
            self._nothing_waits_for_others(record)

    def _nothing_waits_for_others(self, record: str) -> None:
        """Checks waiting messages about documents that the record's patient receives."""
        known = {one.value for one in self.world.records[record].contacts.values()}
        documents = SharedDocument.objects.filter(patient__in=[record], audience="patient")
        waiting = Message.objects.filter(state="queued", pk__in=documents.values("messages"))
        assert {message.to for message in waiting} <= known

    # --- The real ones beside the model -----------------------------------------------------------------------

    def _book_for(
        self,
        who: str,
        relative: Relative,
        record: str | None,
        given: dict[str, str],
        video: bool,
        written: str | None = None,
    ) -> None:
        minor = self._is_minor(relative.born)
        made = self.cast.book_online(
            who,
            BookedFor.MINOR_RELATIVE if minor else BookedFor.ADULT_RELATIVE,
            Person(written or relative.name, "Cast", relative.born, given.get("email"), given.get("mobile")),
            video=video,
        )
        if record is None:
            record = str(made.patient_id)
            assert record not in self.world.records
            self.world.records[record] = Record(relative.born, relative.name)
            relative.record_began_with_it = True
            self.world.relatives[who, record] = relative
        assert str(made.patient_id) == record
        cleaned = {name: _clean(value) for name, value in given.items()}
        self.world.book_relative(who, record, cleaned)
        self._booked(made, who, for_relative=True)

    def _booked(self, made: Appointment, booker: str | None, *, for_relative: bool) -> None:
        key = str(made.pk)
        self.world.bookings[key] = Booking(str(made.patient_id), booker, for_relative, self.world.now)
        planned = ids(AutoSend.objects.filter(appointment=made))
        assert len(planned) == self.cast.planned
        self.world.sendings |= {one: Sending(key) for one in sorted(planned)}

    def _follow(self, key: str, who: str, birth: str) -> None:
        invitation = Invitation.objects.select_related("patient__practice").get(pk=key)
        tomorrow = self._today() + timedelta(days=1)
        born = {"right": invitation.patient.birth_date, "wrong": WRONG_DATE, "impossible": tomorrow}[birth]
        expected = self.world.follow(key, who, birth)

        def prove() -> None:
            prove_birth_date(invitation=invitation, birth_date=born)
            accept_invitation(invitation=invitation, user=self.cast.users[who], birth_date=born)

        assert _outcome(prove, "tied") == expected

    def _listed(self, record: str) -> dict[Way, Access]:
        return {self.doors.way(access): access for access in accesses_to(self.cast.patient(record))}

    def _end_access(self, record: str, way: Way) -> None:
        patient, access = self.cast.patient(record), self._listed(record)[way]
        assert end_access(patient=patient, access_id=access.id, by=self.alice)
        assert not end_access(patient=patient, access_id=access.id, by=self.alice)
        self.world.end(record, way)

    def _prove_new_contacts(self, key: str, who: str) -> None:
        invitation = Invitation.objects.select_related("patient__practice").get(pk=key)
        expected = self.world.prove_new_contacts(key, who)

        def prove() -> None:
            prove_new_contacts(invitation=invitation, user=self.cast.users[who])

        assert _outcome(prove, "renewed") == expected

    def _today(self) -> date:
        return timezone.localdate(timezone=self.cast.practice.zone)

    def _born(self, age: str) -> date:
        """`soon`: of age in two days."""
        first = self._today() - self.clock.ahead
        coming = first + timedelta(days=2)
        if (coming.month, coming.day) == (2, 29):
            coming += timedelta(days=1)
        births = {"adult": BORN, "child": first - timedelta(days=3650), "soon": coming.replace(year=coming.year - 18)}
        return births[age]

    def _is_minor(self, born: date) -> bool:
        today = self._today()
        return (today.year - born.year - ((today.month, today.day) < (born.month, born.day))) < 18

    @staticmethod
    def _to(document: object) -> tuple[object, ...]:
        return tuple(getattr(document, name) for name in ("to_patient", "booker", "under", "shared_while_minor"))

    @staticmethod
    def _one(there: Mapping[Key, object], pick: int) -> Key:
        return list(there)[pick % len(there)]


def _clean(typed: str) -> str:
    return typed.lower() if "@" in typed else "+33" + typed.replace(" ", "")[1:] if typed[0] == "0" else typed


def _outcome(prove: Callable[[], None], done: str) -> str:
    try:
        prove()
    except InvitationOver:
        return "over"
    except WrongBirthDate:
        return "wrong"
    except ImpossibleBirthDate:
        return "impossible"
    except RecordAlreadyClaimed:
        return "claimed"
    except BookedForSomebodyElse:
        return "booked"
    return done


def run(machine: type[RuleBasedStateMachine], *, examples: int, steps: int) -> None:
    """The same examples at each run, unless PROPERTY_EXAMPLES asks for a search."""
    searches = "PROPERTY_EXAMPLES" in os.environ
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(os.environ["PROPERTY_EXAMPLES"]) if searches else examples,
            stateful_step_count=steps,
            derandomize=not searches,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
@pytest.mark.timeout(int(os.environ.get("PROPERTY_TIMEOUT", "900")))  # shrinking a failure takes long
@pytest.mark.django_db
def test_who_sees_what_whatever_happens_in_whatever_order() -> None:
    run(WhoSeesWhat, examples=EXAMPLES, steps=STEPS)
