"""Who should see what: the table of design, section 2, written again from its words.

Knows nothing of the application's own rules: records, appointments, ties and documents here are plain values that
the test keeps beside the real ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Record:
    adult: bool
    email: bool
    mobile: bool

    @property
    def both(self) -> bool:
        return self.email and self.mobile


@dataclass
class Booking:
    record: str
    booker: str | None  # the account that booked online; None: the practice
    for_relative: bool
    authorisations: list[bool] = field(default_factory=list)  # True while it stands, in the order they were given

    @property
    def authorised(self) -> bool:
        return any(self.authorisations)


@dataclass
class Document:
    booking: str
    to_patient: bool
    shared_while_minor: bool
    booker: str | None = None
    under: int | None = None  # which of the booking's authorisations


@dataclass
class World:
    records: dict[str, Record] = field(default_factory=dict)
    bookings: dict[str, Booking] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)  # record -> the account that proved to be this person
    guards: set[tuple[str, str]] = field(default_factory=set)  # (account, record) proved while a minor's
    gone: set[str] = field(default_factory=set)  # accounts that were closed

    def share(self, booking_id: str) -> Document | None:
        """What a sharing now makes; None where nobody may receive."""
        booking = self.bookings[booking_id]
        record = self.records[booking.record]
        minor = not record.adult
        if booking.booker and booking.for_relative:
            if minor:  # for a minor relative: the holder
                return Document(booking_id, False, True, booker=booking.booker)
            if record.both:  # for an adult relative, both given: the patient only
                return Document(booking_id, True, False)
            if booking.authorised:  # not given: nobody until authorised, from then on the holder
                under = max(rank for rank, stands in enumerate(booking.authorisations) if stands)
                return Document(booking_id, False, False, booker=booking.booker, under=under)
            return None
        return Document(booking_id, True, minor) if record.both else None

    def state(self, booking_id: str) -> str:
        """As the API tells it."""
        if self.share(booking_id) is not None:
            return "ready"
        booking = self.bookings[booking_id]
        return "needs_authorisation" if booking.booker and booking.for_relative else "missing_contact"

    def sees(self, account: str) -> set[str]:
        """Every document that the account may see as whom it was shared with."""
        if account in self.gone:
            return set()
        return {key for key, document in self.documents.items() if self._may_see(account, document)}

    def _may_see(self, account: str, document: Document) -> bool:
        booking = self.bookings[document.booking]
        if self.own.get(booking.record) == account:
            return True  # their own record's documents are there
        if document.to_patient:
            # What a guardian received while the patient was a minor stays; later documents are the adult's.
            return document.shared_while_minor and (account, booking.record) in self.guards
        if document.booker != account:
            return False
        return document.under is None or booking.authorisations[document.under]
