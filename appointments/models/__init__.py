from appointments.models.agenda import Agenda, VisitReason
from appointments.models.appointment import Appointment, AppointmentKind, AppointmentStatus, BookedFor
from appointments.models.authorisation import HolderAuthorisation
from appointments.models.opening import Absence, BookingPolicy, OpeningHours, Weekday

__all__ = [
    "Absence",
    "Agenda",
    "Appointment",
    "AppointmentKind",
    "AppointmentStatus",
    "BookedFor",
    "BookingPolicy",
    "HolderAuthorisation",
    "OpeningHours",
    "VisitReason",
    "Weekday",
]
