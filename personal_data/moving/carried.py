"""Decides for each model of a practice whether its rows move to another installation. A test fails for a missing one.

Nobody may see more after a move than before: whatever opens a record (ties, invitations, links, authorisations,
tokens) stays behind, or arrives closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Model, Q, QuerySet

from appointments.models import Appointment, Reminder
from documents.models import SharedDocument
from notifications.models import Message
from patients.models import Patient
from personal_data.practice import rows_of
from personal_data.registry import DECISIONS, is_deleted_with
from practices.models import Practice


@dataclass(frozen=True)
class Carried:
    """`inline`: in practice.json, because it is a setting. `without`: fields that stay behind, beside the secret
    ones."""

    inline: bool = False
    without: frozenset[str] = frozenset()


SETTING = Carried(inline=True)
# In the order in which rows can be written: targets before what refers to them.
CARRIED: dict[str, Carried] = {
    # A suspension is the former operator's; texts for searching are made again.
    "practices.Practice": Carried(inline=True, without=frozenset({"suspended_at", "suspension_reason", "find_text"})),
    "practices.PracticeLogo": SETTING,
    "notifications.SmsPolicy": SETTING,
    "documents.UnreadPolicy": SETTING,
    "appointments.ReminderPolicy": SETTING,
    "appointments.BookingPolicy": SETTING,
    "appointments.Agenda": Carried(inline=True, without=frozenset({"find_text"})),
    "appointments.VisitReason": SETTING,
    "appointments.Absence": SETTING,
    "appointments.Closing": SETTING,
    "appointments.OpeningHours": SETTING,
    "appointments.Instruction": SETTING,
    "files.StoredFile": Carried(without=frozenset({"key", "practice_id"})),
    "notifications.Message": Carried(without=frozenset({"lease_until"})),
    "patients.Patient": Carried(without=frozenset({"search_text"})),
    "patients.RecordMerge": Carried(without=frozenset({"state"})),  # it restores accesses
    "patients.DistinctRecords": Carried(),
    "patients.IdentityChange": Carried(),
    "documents.LibraryDocument": Carried(),
    "documents.LibraryVersion": Carried(),
    "documents.ConsentForm": Carried(),
    "questionnaires.Questionnaire": Carried(),
    "questionnaires.QuestionnaireVersion": Carried(),
    "documents.AutoSendRule": SETTING,
    "documents.RuleQuestion": SETTING,
    "appointments.AppointmentSeries": Carried(),
    "appointments.Appointment": Carried(),
    "appointments.Reminder": Carried(),
    "appointments.HolderExclusion": Carried(),
    "appointments.HolderAuthorisation": Carried(),
    "questionnaires.QuestionnaireResponse": Carried(),
    "documents.SharedDocument": Carried(),
    "documents.Consent": Carried(),
    "documents.AutoSend": Carried(without=frozenset({"link"})),
    "documents.DocumentRequest": Carried(),
    "documents.ReceivedDocument": Carried(without=frozenset({"link"})),
    "documents.DocumentReading": Carried(),
}
LEFT: dict[str, str] = {
    "practices.Membership": "members are invited anew: practice.json has their addresses and roles",
    "practices.ColleagueInvitation": "its link is of the former installation",
    "patients.RecordTie": "access stands on proof: accounts prove their contacts in the new installation",
    "patients.RelativeRecord": "what an account may book for; the account stays behind",
    "patients.ContactProposal": "of an account, which stays behind",
    "patients.Invitation": "its link is of the former installation",
    "documents.ShareBatch": "work of the former installation; what it shared moves",
    "documents.ShareBatchLine": "of a batch, which stays behind",
    "documents.DocumentLink": "a link without account ends with the former installation",
    "documents.FillingDraft": "unfinished work of an account, which stays behind",
    "documents.ConsentDraft": "unfinished work of an account, which stays behind",
    "documents.ConsentChallenge": "lives for minutes; its id is in the signature that it proved",
    "documents.PartialUpload": "half sent, for a day at most; its pieces stay behind",
    "documents.Task": "for the signature of an account, which stays behind; what was signed moves",
    "signing.SigningCredential": "keys do not leave; its signatures stay valid in the documents",
    "webhooks.WebhookEndpoint": "its secret does not leave: a practice adds its software anew",
    "webhooks.WebhookDelivery": "of an endpoint, which stays behind",
    "imports.Import": "the former installation's work; what it made moves",
    "imports.ImportPart": "removed when an import ends",
    "imports.ImportLine": "digests of lines; what they made moves",
    "imports.CalendarSubscription": "the address of a calendar is a secret: an administrator adds it anew",
    "imports.CalendarItem": "of a subscription, which stays behind; the appointments move",
    "appointments.AnswerLink": "its address is of the former installation",
    "appointments.SlotHold": "lives for minutes",
    "documents.UndoableAct": "lives for half a minute",
    "appointments.SlotOffer": "lives for hours; its link is of the former installation",
    "appointments.WaitingEntry": "offers of the former installation end: staff put on the list anew",
    "patients.SignUp": "lives for minutes",
    "personal_data.PracticeExport": "the archive itself",
}


def carried_rows(practice: Practice) -> Iterator[tuple[str, QuerySet[Model], frozenset[str]]]:
    """Label, rows and the fields that stay behind, in the order of CARRIED."""
    carried = {label: rows for label, rows in rows_of(practice) if not is_deleted_with(rows.model)}
    carried["notifications.Message"] = _messages(practice)
    for label, how in CARRIED.items():
        yield label, carried[label], how.without | DECISIONS[label].secret


def _messages(practice: Practice) -> QuerySet[Message]:
    """Messages about its appointments, records and documents; not those about invitations, which stay behind."""
    shared = SharedDocument.messages.through.objects.filter(shareddocument__practice=practice)
    reminded = Reminder.messages.through.objects.filter(reminder__appointment__practice=practice)
    return Message.objects.filter(
        Q(practice=practice.pk)
        | Q(about__in=Appointment.objects.filter(practice=practice).values("pk"))
        | Q(about__in=Patient.every.filter(practice=practice).values("pk"))
        | Q(pk__in=shared.values("message"))
        | Q(pk__in=reminded.values("message"))
    )
