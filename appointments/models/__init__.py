from appointments.models.agenda import Agenda, VisitReason
from appointments.models.appointment import Appointment, AppointmentKind, AppointmentStatus, BookedFor
from appointments.models.authorisation import HolderAuthorisation

__all__ = [
    "Agenda",
    "Appointment",
    "AppointmentKind",
    "AppointmentStatus",
    "BookedFor",
    "HolderAuthorisation",
    "VisitReason",
]
