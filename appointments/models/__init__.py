from appointments.models.agenda import Agenda, VisitReason
from appointments.models.answer import AnswerLink
from appointments.models.appointment import Appointment, AppointmentKind, AppointmentStatus, BookedFor, CancelReason
from appointments.models.authorisation import HolderAuthorisation, HolderExclusion
from appointments.models.hold import SlotHold
from appointments.models.instruction import Instruction
from appointments.models.opening import Absence, BookingPolicy, Closing, OpeningHours, Weekday
from appointments.models.reminder import Reminder, ReminderPolicy
from appointments.models.series import AppointmentSeries
from appointments.models.waiting import HalfDay, OfferState, SlotOffer, WaitingEnd, WaitingEntry

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
    "HalfDay",
    "HolderAuthorisation",
    "HolderExclusion",
    "Instruction",
    "OfferState",
    "OpeningHours",
    "Reminder",
    "ReminderPolicy",
    "SlotHold",
    "SlotOffer",
    "VisitReason",
    "WaitingEnd",
    "WaitingEntry",
    "Weekday",
]
