"""Who should see what, by every way: the rules of access and recipients, implemented a second time.

Independent of the application's own rules: records, contacts, bookings, ties, links and documents are plain values
beside the real ones. Moments are counted in steps (`now`), days by the clock (`today`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

MAJORITY, TRIES = 18, 5
Way = tuple[str, str, bool]  # kind; account, booking, link or invitation; whether it is suspended


@dataclass
class Contact:
    value: str
    given_by: str | None  # the booker who gave it, unconfirmed since; None: entered by staff, or proved
    at: int
    day: date
    of_minor: bool  # the patient was a minor by the record when it was recorded


@dataclass
class Record:
    born: date
    name: str  # the first; all of the cast have the same last name
    contacts: dict[str, Contact] = field(default_factory=dict)  # "email" and "mobile", if present
    wrong_dates: int = 0
    access_ended: bool = False  # staff ended an account's access, and have not yet said whose the contacts are
    names_of: str | None = None  # the account that booked for itself: the record has its names
    invitation: str | None = None  # the live one
    identity_checked: bool = False  # staff checked the identity for that invitation


@dataclass
class Relative:
    """A person for whom an account may book, as the account describes them."""

    name: str
    born: date
    contacts: dict[str, str] = field(default_factory=dict)
    record_began_with_it: bool = True


@dataclass
class Booking:
    record: str
    booker: str | None  # the account that booked online; None: the practice
    for_relative: bool
    at: int
    answers: list[bool] = field(default_factory=list)  # decisions of staff about the booker: whether each still holds

    @property
    def authorised(self) -> bool:
        return any(self.answers)

    @property
    def refused(self) -> bool:
        return bool(self.answers) and not self.authorised


@dataclass
class Document:
    booking: str
    to_patient: bool
    shared_while_minor: bool  # by the record's current birth date
    at: int  # when its current bytes were shared
    day: date  # of the sharing
    booker: str | None = None
    under: int | None = None  # index of the booking's decision
    ended: bool = False  # staff ended the access of a minor's booker


@dataclass
class Tie:
    own: bool  # the person's own account; otherwise a guardian's
    at: int
    contacts: dict[str, str]  # "email" and "mobile" that it proved
    born: date  # the birth date that it proved
    suspended: int | None = None


@dataclass
class Link:
    """Without account: whoever has its address can read."""

    booking: str
    to: dict[str, str]  # "email" and "mobile" that it was sent to
    holder: str | None  # the owner of these contacts; None: the record's
    under: int | None
    ended: bool = False
    ended_by_staff: bool = False


@dataclass
class Sending:
    """One automatic document of one booking."""

    booking: str
    state: str = "planned"
    document: str | None = None
    link: str | None = None


@dataclass
class World:
    today: date
    channels: set[str]  # in the rule: "email", "mobile"
    mailboxes: dict[str, set[str]]  # account -> every address that reaches it
    reached_at: dict[str, dict[str, str]]  # account -> its email and mobile
    second_emails: dict[str, set[str]] = field(default_factory=dict)  # proved; others than the one that signs in
    now: int = 0
    records: dict[str, Record] = field(default_factory=dict)
    bookings: dict[str, Booking] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    sendings: dict[str, Sending] = field(default_factory=dict)
    invitations: dict[str, str] = field(default_factory=dict)  # every one ever made -> its record
    ties: dict[tuple[str, str], Tie] = field(default_factory=dict)  # (account, record)
    relatives: dict[tuple[str, str], Relative] = field(default_factory=dict)  # (account, record)
    described: list[tuple[str, Relative]] = field(default_factory=list)  # by accounts, with a record or without
    has_booked: set[tuple[str, str]] = field(default_factory=set)  # (account, record) as a relative
    excluded: set[tuple[str, str]] = field(default_factory=set)  # (account, record)
    taken: set[tuple[str, str]] = field(default_factory=set)  # (account, record): staff took it from the account
    proposals: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """(record, "email" or "mobile") -> the account that proposes its new one, and that."""
    former: list[tuple[str, str, set[str], int]] = field(default_factory=list)
    """Account, "email" or "mobile", what reached it before it changed, and until when."""
    gone: set[str] = field(default_factory=set)  # accounts that were closed

    # --- Whose a contact is -----------------------------------------------------------------------------------

    def is_minor(self, record: str) -> bool:
        return self._age(self.records[record].born, self.today) < MAJORITY

    def owns(self, record: str, name: str, booking: Booking | None = None) -> bool:
        """Whether the contact is the patient's own; with `booking`, for an appointment booked for the patient as a
        relative."""
        contact = self.records[record].contacts.get(name)
        if contact is None:
            return False
        if booking and booking.booker and self._reaches(booking.booker, name, contact.value, contact.at):
            return False
        if contact.given_by and not self._counts(contact, booking):
            return False
        return not self.recorded_in_minority(record, name) and not self.is_doubted(record)

    def recorded_in_minority(self, record: str, name: str) -> bool:
        contact, born = self.records[record].contacts.get(name), self.records[record].born
        if contact is None or self.is_minor(record):
            return False
        return contact.of_minor or self._age(born, contact.day) < MAJORITY

    def is_doubted(self, record: str) -> bool:
        proved = any(of == record and tie.suspended is None for (_, of), tie in self.ties.items())
        return self._waits_for_staff(record) and not proved

    def _waits_for_staff(self, record: str) -> bool:
        return self.records[record].wrong_dates >= TRIES or self.records[record].access_ended

    def _reaches(self, account: str, name: str, value: str, at: int | None = None) -> bool:
        """`at`: since when the record has it; None: it is being given now."""
        for who, which, reached, until in self.former:
            if (who, which) == (account, name) and value in reached and (at is None or at <= until):
                return True
        return value in self.mailboxes[account] if name == "email" else value == self.reached_at[account]["mobile"]

    def _counts(self, contact: Contact, booking: Booking | None) -> bool:
        """A booker's contact counts for later appointments of this booker, until staff refuse."""
        if booking is None or contact.given_by != booking.booker:
            return False
        return contact.at <= booking.at and not booking.refused

    @staticmethod
    def _age(born: date, day: date) -> int:
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    def enter(self, record: str, values: dict[str, str | None], given_by: str | None = None) -> None:
        """Staff (or a booker) enter contacts; None removes one."""
        known = self.records[record].contacts
        for name, value in values.items():
            known.pop(name, None)
            if value:
                known[name] = Contact(value, given_by, self.now, self.today, self.is_minor(record))
        if given_by is None:
            self.records[record].wrong_dates, self.records[record].access_ended = 0, False

    def make_own(self, record: str, *names: str) -> None:
        """Staff confirm contacts, or the patient proves them."""
        known = self.records[record].contacts
        self.enter(record, {name: known[name].value for name in names})

    def confirm(self, record: str) -> None:
        found = self.records[record]
        doubted = self._waits_for_staff(record)
        waiting = [name for name in found.contacts if doubted or not self.owns(record, name)]
        if waiting:
            self.make_own(record, *waiting)

    def change_contacts(self, record: str, values: dict[str, str | None], somebody_else: bool) -> bool:
        """`values`: the changed ones. Returns whether the new contacts are invited."""
        former = self._values(record, *values)
        heard = record in self.invitations.values() or any(of == record for _, of in self.ties)
        self.enter(record, values)
        for name in values:
            self.proposals.pop((record, name), None)
        for key in [key for key in self.ties if key[1] == record]:
            if somebody_else:
                self._take_from(*key)
            else:
                self._follow_record(*key)
        self._end_what_went_to(record, former)
        proved = any(of == record and tie.suspended is None for (_, of), tie in self.ties.items())
        waits = any(self.recorded_in_minority(record, name) for name in ("email", "mobile"))
        return heard and not proved and not waits and len(self.records[record].contacts) == 2

    def correct_birth_date(self, record: str, born: date) -> None:
        """By staff: accounts that proved another date wait; accesses by minority are judged by this one."""
        found = self.records[record]
        if born == found.born:
            return
        alike = {of for of, one in self.records.items() if (one.name, one.born) == (found.name, found.born)}
        for who in {who for who, of in self.excluded if of in alike}:  # exclusions for the child stay
            if (who, record) in self.excluded:
                self.excluded |= {(who, of) for of in alike}
            self.excluded.add((who, record))
        found.born = born
        if found.wrong_dates < TRIES:
            found.wrong_dates = 0
        for key in self.ties:
            if key[1] == record:
                self._follow_record(*key)
        for document in self.documents.values():
            if self.bookings[document.booking].record == record:
                document.shared_while_minor = self._age(born, document.day) < MAJORITY

    def _follow_record(self, account: str, record: str) -> None:
        """The tie stands while the account has proved the record's data, with it or as its own contacts."""
        tie, today = self.ties[account, record], self._values(record, "email", "mobile")
        proved = tie.contacts == today or self._has_proved_both(account, record)
        if proved and tie.born == self.records[record].born:
            tie.contacts, tie.suspended = today, None
        elif tie.suspended is None:
            tie.suspended = self.now

    def change_account(self, account: str, name: str, new: str, reaches: set[str], reached: set[str]) -> list[str]:
        """The account proves a new contact. Each record that carried the former one takes the new one, or loses it;
        returns the latter. `reaches`: every address that reaches the account from now on; `reached`: all equivalents
        of the former contact."""
        former = self.reached_at[account][name]
        self.former.append((account, name, reached, self.now))
        self.reached_at[account][name], self.mailboxes[account] = new, reaches
        for link in self.links.values():
            link.ended |= link.holder == account and link.to.get(name) == former
        for key, (who, value) in self.proposals.items():
            if who == account and key[1] == name and value == former:
                self.proposals[key] = (who, new)
        met = [of for (who, of) in self.ties if who == account and self._carries_as_theirs(account, of, name, former)]
        for record in met:
            if self.ties[account, record].suspended is None:
                self.enter(record, {name: new})
                self.ties[account, record].contacts[name] = new
                for (who, of), tie in self.ties.items():
                    if of == record and who != account and tie.suspended is None:
                        tie.suspended = self.now
            else:
                del self.records[record].contacts[name]
                self.proposals[record, name] = (account, new)
            self._end_what_went_to(record, {name: former})
        return met

    def settle(self, record: str, name: str, take: bool) -> None:
        """Staff accept or discard an account's proposed contact: the same person's."""
        _, value = self.proposals.pop((record, name))
        if take and self._values(record, name) != {name: value}:
            self.change_contacts(record, {name: value}, somebody_else=False)

    def _carries_as_theirs(self, account: str, record: str, name: str, value: str) -> bool:
        theirs = self.ties[account, record].own or self.is_minor(record)
        return theirs and self._values(record, name) == {name: value}

    def _has_proved_both(self, account: str, record: str) -> bool:
        today = self._values(record, "email", "mobile")
        signs_in = {self.reached_at[account]["email"], *self.second_emails.get(account, ())}
        return today.get("email") in signs_in and today.get("mobile") == self.reached_at[account]["mobile"]

    def _end_what_went_to(self, record: str, former: dict[str, str]) -> None:
        self.end_invitation(record)
        for link in self._links_of(record):
            if link.holder is None and any(link.to.get(name) == value for name, value in former.items()):
                link.ended = True

    def _values(self, record: str, *names: str) -> dict[str, str]:
        known = self.records[record].contacts
        return {name: known[name].value for name in names if name in known}

    def _take_from(self, account: str, record: str) -> None:
        del self.ties[account, record]
        self.taken.add((account, record))
        self.proposals = {key: one for key, one in self.proposals.items() if (one[0], key[0]) != (account, record)}
        relative = self.relatives.get((account, record))
        if relative and not relative.record_began_with_it:  # only the tie let it book for the record
            del self.relatives[account, record]
            self._exclude(account, record)

    # --- Sharing ----------------------------------------------------------------------------------------------

    def share(self, booking_id: str) -> Document | None:
        """What sharing now creates; None if nobody may receive."""
        booking = self.bookings[booking_id]
        minor = self.is_minor(booking.record)
        booker = self._reader(booking)
        if booker and minor and not self.is_excluded(booker, booking.record):
            return Document(booking_id, False, True, self.now, self.today, booker=booker)
        if self._both_own(booking):
            return Document(booking_id, True, minor, self.now, self.today)
        if booker and booking.authorised:
            under = max(rank for rank, stands in enumerate(booking.answers) if stands)
            return Document(booking_id, False, minor, self.now, self.today, booker=booker, under=under)
        return None

    def _reader(self, booking: Booking) -> str | None:
        """The booker for the patient, while their account is open: otherwise they could not read."""
        return booking.booker if booking.for_relative and booking.booker not in self.gone else None

    def is_excluded(self, account: str, record: str) -> bool:
        """Excluded from this record, or from another that looks like the same child's."""
        found = self.records[record]
        there = [self.records[of] for who, of in self.excluded if who == account]
        return any(one is found or (one.name, one.born) == (found.name, found.born) for one in there)

    def _both_own(self, booking: Booking) -> bool:
        return all(self.owns(booking.record, name, self._relatives(booking)) for name in ("email", "mobile"))

    def _relatives(self, booking: Booking) -> Booking | None:
        return booking if booking.for_relative else None

    def state(self, booking_id: str) -> str:
        """The state in the API."""
        if self.share(booking_id) is not None:
            return "ready"
        return "needs_authorisation" if self._reader(self.bookings[booking_id]) else "missing_contact"

    def send(self, booking_id: str) -> tuple[Document, dict[str, str]] | None:
        """What an automatic sending now creates, and its contacts; a patient needs one of the two."""
        booking, shared = self.bookings[booking_id], self.share(booking_id)
        if shared is None and self._reader(booking):
            return None
        if shared and shared.booker:
            there = self.reached_at[shared.booker]
        else:
            known = self.records[booking.record].contacts
            own = [name for name in known if self.owns(booking.record, name, self._relatives(booking))]
            there = {name: known[name].value for name in own}
        chosen = {name: to for name, to in there.items() if name in self.channels} or there
        document = shared or Document(booking_id, True, self.is_minor(booking.record), self.now, self.today)
        return (document, chosen) if chosen else None

    def may_send_again(self, sending: str) -> bool:
        one = self.sendings[sending]
        allowed = self.send(one.booking)
        if allowed is None or one.document is None:
            return allowed is not None
        return allowed[0].booker == self.documents[one.document].booker

    def sends_new_link(self, sending: str) -> bool:
        """Never the former link: a link is sent again only if it is open, and was sent to these contacts."""
        one = self.sendings[sending]
        allowed = self.send(one.booking)
        if one.document is None or one.link is None or allowed is None:
            return True
        link = self.links[one.link]
        return not (self.is_open(link) and all(link.to.get(name) == to for name, to in allowed[1].items()))

    def moves_along(self, sending: str) -> set[str]:
        """What a new link opens that replaces the former: all of it, unless staff closed that by hand."""
        one = self.sendings[sending]
        if one.document is None or one.link is None or self.links[one.link].ended_by_staff:
            return {sending}
        return {key for key, other in self.sendings.items() if other.link == one.link}

    def sent(self, link_id: str, booking_id: str, documents: dict[str, str]) -> None:
        """A new link was sent. `documents`: sending -> document, "" if taken back; a new one is shared by it."""
        allowed = self.send(booking_id)
        assert allowed is not None
        shared, to = allowed
        self.links[link_id] = Link(booking_id, to, shared.booker, shared.under)
        for sending, key in documents.items():
            known = self.documents.get(key)
            if known is None and key:
                self.documents[key] = Document(**vars(shared))
            elif known and known.booker and not self.is_readable(known):
                known.under, known.ended = shared.under, False  # on its current basis
            one = self.sendings[sending]
            one.state, one.document, one.link = "sent", key or None, link_id

    # --- Ways in ----------------------------------------------------------------------------------------------

    def sees(self, account: str) -> set[str]:
        """Every document that the account may see as a recipient."""
        if account in self.gone:
            return set()
        return {key for key, document in self.documents.items() if self._may_see(account, document)}

    def _may_see(self, account: str, document: Document) -> bool:
        tie = self.ties.get((account, self.bookings[document.booking].record))
        # A guardian still sees what was shared while the patient was a minor; later documents are the adult's.
        theirs = tie and (tie.own or (document.to_patient and document.shared_while_minor))
        if tie and theirs and (tie.suspended is None or document.at <= tie.suspended):
            return True
        return document.booker == account and self.is_readable(document)

    def is_readable(self, document: Document) -> bool:
        """Whether its recipient can read it."""
        if not document.booker:
            return True
        if document.under is None:
            return document.shared_while_minor and not document.ended
        return self.bookings[document.booking].answers[document.under] and not document.ended

    def is_open(self, link: Link) -> bool:
        booking = self.bookings.get(link.booking)
        if link.ended or booking is None or (link.holder and link.holder in self.gone):
            return False
        if link.under is not None and not booking.answers[link.under]:
            return False
        if link.holder is None and self.is_doubted(booking.record):
            return False
        known = self.records[booking.record].contacts
        today = self.reached_at[link.holder] if link.holder else {name: one.value for name, one in known.items()}
        return all(today.get(name) == value for name, value in link.to.items())

    def opens(self, link_id: str) -> set[str]:
        link = self.links[link_id]
        if not self.is_open(link):
            return set()
        behind = {one.document for one in self.sendings.values() if one.link == link_id}
        there = {key for key in behind if key in self.documents and self.is_readable(self.documents[key])}
        record = self.bookings[link.booking].record
        if link.holder is None and any(self.recorded_in_minority(record, name) for name in ("email", "mobile")):
            return {key for key in there if self.documents[key].shared_while_minor}  # they may be a parent's
        return there

    def invitation_is_open(self, invitation: str) -> bool:
        record = self.invitations[invitation]
        found = self.records[record]
        waits = any(self.recorded_in_minority(record, name) for name in found.contacts)
        return found.invitation == invitation and not self._waits_for_staff(record) and not waits

    def ways(self, record: str) -> set[Way]:
        """Every live access to the record."""
        ties = {("account", who, tie.suspended is not None) for (who, of), tie in self.ties.items() if of == record}
        held = [one for one in self.documents.values() if self.bookings[one.booking].record == record and one.booker]
        holders = {("holder", str(one.booker), False) for one in held if one.under is None and self.is_readable(one)}
        if self.is_minor(record):  # who receives later documents
            bookers = {one.booker for one in self.bookings.values() if one.record == record and one.for_relative}
            holders |= {("holder", who, False) for who in bookers if who and not self.is_excluded(who, record)}
        ways = {way for way in ties | holders if way[1] not in self.gone}
        for key, booking in self.bookings.items():
            if booking.record == record and booking.authorised and booking.booker not in self.gone:
                ways.add(("authorisation", key, False))
        ways |= {
            ("link", key, False) for key, link in self.links.items() if self._is_of(link, record) and self.opens(key)
        }
        invitation = self.records[record].invitation
        if invitation and self.invitation_is_open(invitation):
            ways.add(("invitation", invitation, False))
        return ways

    # --- What ends --------------------------------------------------------------------------------------------

    def end(self, record: str, way: Way) -> None:
        """Staff press the button."""
        match way:
            case ("account", who, _):
                self._take_from(who, record)
                self.end_invitation(record)
                self.records[record].access_ended = True
            case ("link", key, _):
                self.links[key].ended = self.links[key].ended_by_staff = True
            case ("invitation", _, _):
                self.end_invitation(record)
            case ("authorisation", booking, _):
                self.withdraw(booking)
            case ("holder", who, _):
                self._exclude(who, record)

    def authorise(self, booking_id: str) -> None:
        """Documents of a withdrawn authorisation become visible again."""
        answers = self.bookings[booking_id].answers
        answers.append(True)
        for document in self.documents.values():
            if document.booking == booking_id and document.under is not None and not answers[document.under]:
                document.under = len(answers) - 1

    def readmit(self, account: str, record: str) -> None:
        """Staff restore a booker's access that they ended; or the booker proves to be the guardian."""
        self.excluded.discard((account, record))
        for document in self.documents.values():
            of_record = self.bookings[document.booking].record == record
            if of_record and document.booker == account and document.under is None:
                document.ended = False

    def withdraw(self, booking_id: str) -> None:
        booking = self.bookings[booking_id]
        booking.answers = [False] * len(booking.answers)
        for link in self.links.values():
            if link.booking == booking_id and link.under is not None:
                link.ended = True

    def end_invitation(self, record: str) -> None:
        self.records[record].invitation, self.records[record].identity_checked = None, False

    def take_back(self, document: str) -> None:
        self.documents.pop(document, None)
        for one in self.sendings.values():
            if one.document == document:
                one.document = None

    def delete(self, booking_id: str) -> None:
        del self.bookings[booking_id]
        self.documents = {key: one for key, one in self.documents.items() if one.booking != booking_id}
        self.sendings = {key: one for key, one in self.sendings.items() if one.booking != booking_id}

    def _exclude(self, account: str, record: str) -> None:
        self.excluded.add((account, record))
        for document in self.documents.values():
            of_record = self.bookings[document.booking].record == record
            if of_record and document.booker == account and document.under is None:
                document.ended = True
        for link in self._links_of(record):
            if link.holder == account and link.under is None and not link.ended:
                link.ended = link.ended_by_staff = True

    def _links_of(self, record: str) -> list[Link]:
        return [link for link in self.links.values() if self._is_of(link, record)]

    def _is_of(self, link: Link, record: str) -> bool:
        return link.booking in self.bookings and self.bookings[link.booking].record == record

    # --- Proving ----------------------------------------------------------------------------------------------

    def follow(self, invitation: str, account: str, answer: str) -> str:
        """Somebody with the link and the code enters a birth date (`answer`: right, wrong, impossible). Returns the
        result."""
        record = self.invitations[invitation]
        if not self.invitation_is_open(invitation):
            return "over"
        if answer == "wrong":
            self.records[record].wrong_dates += 1
            if self.records[record].wrong_dates >= TRIES:
                self.end_invitation(record)
        if answer != "right":
            return answer
        minor = self.is_minor(record)
        if not minor and any(of == record and tie.own and who != account for (who, of), tie in self.ties.items()):
            return "claimed"
        if not minor and self._is_bookers(record, account) and not self.records[record].identity_checked:
            return "booked"
        self._prove(record)
        known = self.ties.get((account, record))
        proved = self._values(record, "email", "mobile"), self.records[record].born
        if known and known.own is not minor:
            known.suspended, (known.contacts, known.born) = None, proved
        else:
            self.ties[account, record] = Tie(not minor, self.now, *proved)
            if minor and (account, record) in self.excluded:
                self.readmit(account, record)
            if minor:
                self._offer(account, record)
        return "tied"

    def _is_bookers(self, record: str, account: str) -> bool:
        """Whether the account booked for the record as a relative, or the contacts belong to one that did."""
        known = self._values(record, "email", "mobile")
        bookers = [who for who, of in self.has_booked if of == record]
        return account in bookers or any(
            self._reaches(who, name, value) for who in bookers for name, value in known.items()
        )

    def _offer(self, account: str, record: str) -> None:
        """A guardian may book for the child whose record it has proved."""
        if (account, record) in self.relatives:
            return
        found = self.records[record]
        free = [one for one in self.alike(account, found.name, found.born) if self.record_of(account, one) is None]
        relative = free[0] if free else Relative(found.name, found.born)
        if not free:
            self.described.append((account, relative))
        relative.record_began_with_it = False
        self.relatives[account, record] = relative

    def alike(self, account: str, name: str, born: date) -> list[Relative]:
        """The account's relatives with this description; it books for the first of them."""
        return [one for who, one in self.described if who == account and (one.name, one.born) == (name, born)]

    def record_of(self, account: str, relative: Relative) -> str | None:
        return next((of for (who, of), one in self.relatives.items() if who == account and one is relative), None)

    def prove_new_contacts(self, invitation: str, account: str) -> str:
        """The account that was tied before follows the link, and enters the code."""
        record = self.invitations[invitation]
        tie = self.ties.get((account, record))
        if tie is None or tie.suspended is None or not self.invitation_is_open(invitation):
            return "over"
        if tie.born != self.records[record].born:
            return "over"  # the birth date needs proof, too
        self._prove(record)
        tie.suspended, tie.contacts = None, self._values(record, "email", "mobile")
        return "renewed"

    def _prove(self, record: str) -> None:
        self.make_own(record, *self.records[record].contacts)
        self.end_invitation(record)

    def check_identity(self, record: str, invitation: str) -> None:
        self.make_own(record, *self.records[record].contacts)
        self.records[record].invitation, self.records[record].identity_checked = invitation, True

    # --- Booking ----------------------------------------------------------------------------------------------

    def own_record(self, account: str, born: date) -> str | None:
        """The record that an account uses when it books for itself; None: a new one."""
        own = [(tie.at, of) for (who, of), tie in self.ties.items() if who == account and tie.own]
        if own:
            return max(own)[1]
        reached = self.reached_at[account]
        alike = [
            key
            for key, record in self.records.items()
            if record.names_of == account
            and record.born == born
            and {name: one.value for name, one in record.contacts.items()} == reached
            and not any(of == key and tie.own for (_, of), tie in self.ties.items())
            and (account, key) not in self.has_booked | self.taken
        ]
        if len(alike) != 1 or any(self.recorded_in_minority(alike[0], name) for name in ("email", "mobile")):
            return None
        return alike[0]

    def tie_own(self, account: str, record: str) -> None:
        """The account books for itself with its proved contacts."""
        if (account, record) not in self.ties or not self.ties[account, record].own:
            self.make_own(record, *self.records[record].contacts)
            proved = self._values(record, "email", "mobile"), self.records[record].born
            self.ties[account, record] = Tie(True, self.now, *proved)

    def book_relative(self, account: str, record: str, given: dict[str, str]) -> None:
        """An account books for its relative, again or for the first time, and gives contacts (both, or none)."""
        relative = self.relatives[account, record]
        if self._age(relative.born, self.today) >= MAJORITY:
            if given and not any(self._reaches(account, name, value) for name, value in given.items()):
                relative.contacts = given
            if relative.contacts and relative.record_began_with_it and not self.records[record].contacts:
                self.enter(record, dict(relative.contacts), given_by=account)
        self.has_booked.add((account, record))
