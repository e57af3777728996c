"""Who should see and do what with what patients send, answer and sign: the tables of decisions 0043, 0048, 0049 and
0050, implemented a second time beside the model of ties, bookings, contacts and links."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from tests.properties.model import MAJORITY, Booking, World

OPEN = ("asked", "received", "refused")  # states of a request
WAITS = ("asked", "refused")


@dataclass
class Request:
    """`questionnaire`: answers are asked for; otherwise files. `sending`: of the rule that asked."""

    booking: str
    at: int
    questionnaire: bool = False
    sending: str | None = None
    state: str = "asked"
    answers: Sent | None = None


@dataclass
class Sent:
    """A file, or answers. `by`: an account; None: whoever had `link`. `capacity`: patient, guardian or holder."""

    booking: str
    request: str | None
    by: str | None
    at: int
    day: date
    capacity: str
    link: str | None = None
    state: str = "received"
    seen: bool = False


@dataclass
class Consent:
    """Asked for under a document."""

    booker_may_sign: bool
    state: str = "asked"


@dataclass(frozen=True)
class Rights:
    """`until`: the step after which nothing new is seen. `whose`: "all", or what the account sent itself ("own");
    `in_minority`: only what was sent while the patient was a minor."""

    capacity: str
    reads: bool
    sends: bool
    whose: str
    in_minority: bool = False
    until: int | None = None


@dataclass
class WhatIsSent:
    world: World
    booked_on: dict[str, date] = field(default_factory=dict)  # booking -> day
    cancelled: set[str] = field(default_factory=set)  # bookings
    requests: dict[str, Request] = field(default_factory=dict)
    files: dict[str, Sent] = field(default_factory=dict)
    drafts: set[tuple[str, str]] = field(default_factory=set)  # (account, booking)
    consents: dict[str, Consent] = field(default_factory=dict)  # by document

    # --- Rights -----------------------------------------------------------------------------------------------

    def rights(self, who: str, booking_id: str) -> Rights | None:
        booking = self.world.bookings[booking_id]
        tie = self.world.ties.get((who, booking.record))
        if who in self.world.gone:
            return None
        if tie and tie.own:
            return Rights("patient", True, tie.suspended is None, "all", until=tie.suspended)
        if booker := self._as_booker(who, booking_id):
            return booker
        if tie is None:
            return None
        minor = self.world.is_minor(booking.record)
        sends = minor and tie.suspended is None
        return Rights("guardian", minor, sends, "own", in_minority=True, until=tie.suspended)

    def _as_booker(self, who: str, booking_id: str) -> Rights | None:
        booking = self.world.bookings[booking_id]
        if booking.booker != who or not booking.for_relative:
            return None
        if booking.refused or self.world.is_excluded(who, booking.record):
            return None
        for_minor = self._is_minor_on(booking, self.booked_on[booking_id])
        shared = self.world.share(booking_id)
        receives = shared is not None and shared.booker == who
        is_adult_with_own = shared is not None and shared.to_patient and not shared.shared_while_minor
        sends = receives or (is_adult_with_own and not for_minor)
        return Rights("holder", receives, sends, "own", in_minority=for_minor)

    def rights_of_link(self, key: str) -> Rights | None:
        link = self.world.links[key]
        if not self.world.is_open(link):
            return None
        if link.holder:
            booker = self._as_booker(link.holder, link.booking)
            return booker if booker and booker.reads else None
        record = self.world.bookings[link.booking].record
        if any(self.world.recorded_in_minority(record, name) for name in ("email", "mobile")):
            return None
        return Rights("guardian" if self.world.is_minor(record) else "patient", True, True, "none")

    def asked_by_link(self, key: str) -> set[str]:
        if self.rights_of_link(key) is None:
            return set()
        there = {sending for sending, one in self.world.sendings.items() if one.link == key}
        return {pk for pk, one in self.requests.items() if one.sending in there}

    def _is_minor_on(self, booking: Booking, day: date) -> bool:
        born = self.world.records[booking.record].born
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day)) < MAJORITY

    # --- What is seen -----------------------------------------------------------------------------------------

    def sees(self, who: str, one: Sent) -> bool:
        rights, booking = self.rights(who, one.booking), self.world.bookings[one.booking]
        if rights is None or (rights.until is not None and one.at > rights.until):
            return False
        if rights.whose == "all":
            return True
        own = one.by == who or (rights.in_minority and one.link is not None and self._went_to(one.link, who))
        return own and (not rights.in_minority or self._is_minor_on(booking, one.day))

    def _went_to(self, key: str, who: str) -> bool:
        """Whether the link was sent to the account's contacts, or to contacts that it has proved."""
        link = self.world.links[key]
        if link.holder:
            return link.holder == who
        return all(self.world.reached_at[who].get(name) == value for name, value in link.to.items())

    def seen_files(self, who: str) -> set[str]:
        return {key for key, one in self.files.items() if self.sees(who, one)}

    def seen_answers(self, who: str, request: str) -> bool:
        answers = self.requests[request].answers
        return answers is not None and self.sees(who, answers)

    def finds(self, who: str, request: str) -> bool:
        one = self.requests[request]
        rights = self.rights(who, one.booking)
        if rights is None or (rights.until is not None and one.at > rights.until):
            return False
        sends = rights.sends and (rights.reads or not one.questionnaire)
        files = any(key for key in self.seen_files(who) if self.files[key].request == request)
        return rights.reads or sends or files or self.seen_answers(who, request)

    def found(self, who: str) -> set[str]:
        return {key for key in self.requests if self.finds(who, key)}

    def may_send(self, who: str, request: str) -> bool:
        one = self.requests[request]
        rights = self.rights(who, one.booking)
        may = self.finds(who, request) and rights is not None and rights.sends
        return may and one.state in OPEN and not one.questionnaire

    def may_answer(self, who: str, request: str) -> bool:
        one = self.requests[request]
        rights = self.rights(who, one.booking)
        may = self.finds(who, request) and rights is not None and rights.sends and rights.reads
        return may and one.questionnaire and one.state in WAITS

    def may_send_unasked(self, who: str, booking: str) -> bool:
        rights = self.rights(who, booking)
        return rights is not None and rights.sends and booking not in self.cancelled

    def unasked(self, who: str, booking: str) -> set[str]:
        seen = self.seen_files(who)
        return {key for key in seen if (self.files[key].booking, self.files[key].request) == (booking, None)}

    # --- Who signs --------------------------------------------------------------------------------------------

    def signs_as(self, who: str, document: str) -> str | None:
        shared = self.world.documents[document]
        record = self.world.bookings[shared.booking].record
        if document not in self.world.sees(who):
            return None
        tie, minor = self.world.ties.get((who, record)), self.world.is_minor(record)
        if tie and tie.suspended is None and minor:
            return "guardian"
        if tie and tie.suspended is None and tie.own:
            return "patient"
        if shared.booker != who:
            return None
        if shared.under is None:
            return "guardian" if minor else None
        return "holder" if self.consents[document].booker_may_sign and not minor else None

    # --- What happens -----------------------------------------------------------------------------------------

    def follow_files(self, request: str | None) -> None:
        if request is None or self.requests[request].state == "cancelled":
            return
        states = {one.state for one in self.files.values() if one.request == request}
        there = [state for state in ("received", "accepted", "refused") if state in states]
        self.requests[request].state = there[0] if there else "asked"

    def cancel(self, booking: str) -> None:
        self.cancelled.add(booking)
        for one in self.requests.values():
            if one.booking == booking and one.state in OPEN:
                one.state = "cancelled"

    def forget_deleted(self) -> None:
        """Appointments that were deleted, with all that was sent for them; documents that were taken back."""
        there = self.world.bookings
        self.requests = {key: one for key, one in self.requests.items() if one.booking in there}
        self.files = {key: one for key, one in self.files.items() if one.booking in there}
        self.consents = {key: one for key, one in self.consents.items() if key in self.world.documents}
