from appointments.models.agenda import Agenda, VisitReason
from appointments.models.answer import AnswerLink
from appointments.models.appointment import Appointment, AppointmentKind, AppointmentStatus, BookedFor, CancelReason
from appointments.models.authorisation import HolderAuthorisation, HolderExclusion
from appointments.models.hold import SlotHold
from appointments.models.instruction import Instruction
from appointments.models.opening import Absence, BookingPolicy, Closing, OpeningHours, Weekday
from appointments.models.reminder import Reminder, ReminderPolicy
from appointments.models.series import AppointmentSeries

__all__ = [
    "Absence",
    "Agenda",
    "AnswerLink",
    "Appointment",
    "AppointmentKind",
    "AppointmentSeries",
    "AppointmentStatus",
    "BookedFor",
    "BookingPolicy",
    "CancelReason",
    "Closing",
    "HolderAuthorisation",
    "HolderExclusion",
    "Instruction",
    "OpeningHours",
    "Reminder",
    "ReminderPolicy",
    "SlotHold",
    "VisitReason",
    "Weekday",
]
