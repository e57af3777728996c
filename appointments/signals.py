"""Signals of appointments to the packages above, sent inside the transaction. The only signals of this project beside
patients/signals.py."""

from django.dispatch import Signal

# `imported`: nothing that is due now may be sent because of it (appointments/importing.py).
# All of one agenda and one reason; several for a series.
booked = Signal()  # appointments: Sequence[Appointment], by: User | None, imported: bool
# Several if staff cancel the rest of a series.
changed = Signal()  # appointments: Collection[Appointment], fields: frozenset[str], by: User | None
deleting = Signal()  # appointments: Collection[Appointment], by: User | None
