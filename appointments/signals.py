"""What appointments tell whoever is above, inside the transaction. The only signals of our own."""

from django.dispatch import Signal

booked = Signal()  # appointment: Appointment, by: User | None
changed = Signal()  # appointment: Appointment, fields: frozenset[str], by: User | None
deleting = Signal()  # appointment: Appointment, by: User
