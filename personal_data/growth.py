"""Which tables grow with use, and how the rows of one practice are found in each (docs/decisions/0063).

A test fails for a model that nobody decided about, for one that should have its practice as a column and has not, and
for an index that does not begin with the practice without a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from django.apps import apps
from django.db.models import F, Model

from files.models import StoredFile
from personal_data.registry import DECISIONS
from schema.operations import fill_practice


class Growth(Enum):
    WITH_A_PRACTICE = auto()  # with its patients, appointments, documents: it has its practice as a column
    OF_ITS_PARENT = auto()  # read through one parent row at a time, which has the column; few rows for each
    WITH_PEOPLE = auto()  # of accounts, which belong to no practice
    BOUNDED = auto()  # by how large a team, an agenda or an installation is, or removed within days


@dataclass(frozen=True)
class Table:
    """`others`: indexes that begin neither with the practice nor with a reference, and who reads by them."""

    growth: Growth
    others: Mapping[str, str] = field(default_factory=dict)


WORKER = "workers take what is due of all practices"
FILLING = "rows of the previous release, which fill_practices looks for"
SWEEP = "a task removes what is over"
PRACTICE, PARENT = Growth.WITH_A_PRACTICE, Growth.OF_ITS_PARENT
PEOPLE, BOUNDED = Table(Growth.WITH_PEOPLE), Table(Growth.BOUNDED)
TABLES: dict[str, Table] = {
    "accounts.AccountLink": PEOPLE,
    "accounts.ApiToken": PEOPLE,
    "accounts.KnownDevice": PEOPLE,
    "accounts.OneTimeCode": BOUNDED,
    "accounts.RateCount": BOUNDED,
    "accounts.User": PEOPLE,
    "accounts.User_groups": BOUNDED,
    "accounts.User_user_permissions": BOUNDED,
    "account.EmailAddress": PEOPLE,
    "account.EmailConfirmation": PEOPLE,
    "admin.LogEntry": BOUNDED,  # what operators do
    "appointments.Absence": BOUNDED,
    "appointments.Agenda": Table(Growth.BOUNDED),
    "appointments.AnswerLink": Table(PARENT),
    "appointments.Appointment": Table(PRACTICE),
    "appointments.AppointmentSeries": Table(PRACTICE),
    "appointments.BookingPolicy": BOUNDED,
    "appointments.Closing": BOUNDED,
    "appointments.Closing_agendas": BOUNDED,
    "appointments.HolderAuthorisation": Table(PARENT),
    "appointments.HolderExclusion": Table(PARENT),
    "appointments.Instruction": BOUNDED,
    "appointments.Instruction_agendas": BOUNDED,
    "appointments.Instruction_visit_reasons": BOUNDED,
    "appointments.OpeningHours": BOUNDED,
    "appointments.OpeningHours_visit_reasons": BOUNDED,
    "appointments.Reminder": Table(PRACTICE, {"reminder_due": WORKER, "reminder_without_practice": FILLING}),
    "appointments.Reminder_messages": Table(PARENT),
    "appointments.ReminderPolicy": BOUNDED,
    "appointments.SlotHold": BOUNDED,
    "appointments.SlotOffer": BOUNDED,
    "appointments.VisitReason": BOUNDED,
    "appointments.VisitReason_agendas": BOUNDED,
    "appointments.WaitingEntry": Table(PRACTICE),
    "appointments.WaitingEntry_agendas": Table(PARENT),
    "audit.AuditEvent": Table(
        PRACTICE,
        {
            "at": "the sealer reads the last day of all practices, and an inspection a period",
            "object_id": "the history of one thing, which is of one practice",
            "record_id, id": "the history of one appointment",
        },
    ),
    "audit.AuditSeal": Table(PRACTICE),
    "audit.DailySeal": BOUNDED,  # one a day
    "auth.Group": BOUNDED,
    "auth.Group_permissions": BOUNDED,
    "auth.Permission": BOUNDED,
    "contenttypes.ContentType": BOUNDED,
    "documents.AutoSend": Table(PRACTICE, {"auto_send_due": WORKER, "auto_send_without_practice": FILLING}),
    "documents.AutoSendRule": BOUNDED,
    "documents.AutoSendRule_agendas": BOUNDED,
    "documents.AutoSendRule_documents": BOUNDED,
    "documents.AutoSendRule_visit_reasons": BOUNDED,
    "documents.Category": BOUNDED,
    "documents.Consent": Table(PRACTICE),
    "documents.ConsentChallenge": Table(PARENT),
    "documents.ConsentDraft": BOUNDED,
    "documents.ConsentForm": BOUNDED,
    "documents.DocumentLink": Table(PRACTICE, {"link_without_practice": FILLING}),
    "documents.DocumentReading": Table(PRACTICE, {"reading_without_practice": FILLING}),
    "documents.DocumentRequest": Table(PRACTICE),
    "documents.FillingDraft": BOUNDED,
    "documents.LibraryDocument": Table(PRACTICE),
    "documents.LibraryVersion": Table(PARENT),
    "documents.PartialUpload": BOUNDED,
    "documents.ReceivedDocument": Table(PRACTICE),
    "documents.RuleQuestion": BOUNDED,
    "documents.ShareBatch": Table(PRACTICE, {"share_batch_draft": SWEEP}),
    "documents.ShareBatchLine": Table(PARENT),
    "documents.SharedDocument": Table(PRACTICE),
    "documents.SharedDocument_messages": Table(PARENT),
    "documents.Task": Table(PRACTICE),
    "documents.UndoableAct": BOUNDED,
    "documents.UnreadPolicy": BOUNDED,
    "files.KeptPage": Table(PARENT),
    "files.StoredFile": Table(
        PRACTICE, {"stored_file_sha256": "whether a document that anybody shows is of this site"}
    ),
    "imports.CalendarItem": Table(PARENT),
    "imports.CalendarSubscription": BOUNDED,
    "imports.Import": Table(PRACTICE, {"import_due": WORKER}),
    "imports.ImportLine": Table(PARENT),
    "imports.ImportPart": BOUNDED,
    "jobs.Heartbeat": BOUNDED,
    "mfa.Authenticator": PEOPLE,
    "notifications.Message": Table(
        PRACTICE,
        {
            "message_due": WORKER,
            "message_turn": WORKER,
            "message_created": SWEEP,
            "message_failed": "the figures of the whole site",
            "message_letter_left": SWEEP,
            "message_provider_id": "a provider reports on one message",
            "about": "the messages about one thing, which is of one practice",
        },
    ),
    "notifications.SmsPolicy": BOUNDED,
    "patients.ContactProposal": Table(PRACTICE, {"proposal_without_practice": FILLING}),
    "patients.DistinctRecords": Table(PARENT),
    "patients.FormerContact": PEOPLE,
    "patients.IdentityChange": Table(PARENT),
    "patients.Invitation": Table(PARENT),
    "patients.Patient": Table(
        PRACTICE, {"patient_search_text": "its letters; PostgreSQL joins it with the practice's"}
    ),
    "patients.RecordMerge": Table(PARENT),
    "patients.RecordTie": Table(PARENT),
    "patients.Relative": PEOPLE,
    "patients.RelativeRecord": PEOPLE,
    "patients.SignUp": BOUNDED,
    "personal_data.DataExport": BOUNDED,
    "personal_data.PracticeExport": BOUNDED,
    "portals.IdempotentCall": BOUNDED,
    "practices.ColleagueInvitation": BOUNDED,
    "practices.Membership": BOUNDED,
    "practices.Practice": BOUNDED,
    "practices.PracticeLogo": BOUNDED,
    "questionnaires.Questionnaire": BOUNDED,
    "questionnaires.QuestionnaireResponse": Table(PRACTICE, {"response_without_practice": FILLING}),
    "questionnaires.QuestionnaireVersion": BOUNDED,
    "sealing.KeyCheck": BOUNDED,
    "sessions.Session": PEOPLE,
    "signing.InstallationAuthority": BOUNDED,
    "signing.SignatureImage": PEOPLE,
    "signing.SigningCredential": BOUNDED,
    "usersessions.UserSession": PEOPLE,
    "webhooks.WebhookDelivery": Table(
        PRACTICE, {"webhook_delivery_due": WORKER, "delivery_without_practice": FILLING}
    ),
    "webhooks.WebhookEndpoint": BOUNDED,
    "webhooks.WebhookProgress": BOUNDED,
}
# Of files, which know nothing of what names them.
OF_FILES = (
    "shared_documents__practice",
    "library_version__document__practice",
    "received_document__practice",
    "practice_export__practice",
    "undoable_acts__practice",
)


def copied_practices() -> Iterator[tuple[type[Model], tuple[str, ...]]]:
    """Models whose column `practice_id` copies what a parent says, and the ways to it."""
    yield StoredFile, OF_FILES
    for label, table in TABLES.items():
        lookup = DECISIONS[label].practice
        if table.growth is PRACTICE and lookup not in ("", "practice"):
            yield apps.get_model(label), (lookup,)


def fill_practices() -> None:
    """Fill the column in rows that the previous release wrote beside this version, or that came with an older
    archive. Harmless when repeated. The file of an account's own export has none."""
    for model, lookups in copied_practices():
        rows = model._base_manager.filter(practice_id=None)
        fill_practice(rows.filter(data_export=None) if model is StoredFile else rows, lookups)


def practices_are_their_parents() -> Iterator[str]:
    """The copied practice of each row is its parent's."""
    for model, lookups in copied_practices():
        if len(lookups) == 1:
            rows = model._base_manager.filter(practice_id__isnull=False).exclude(practice_id=F(lookups[0]))
            for pk in rows.values_list("pk", flat=True):
                yield f"{model._meta.label} {pk}: its practice is not that of what it belongs to"
