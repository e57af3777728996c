"""Decides for each model how its data about people and practices are treated. A test fails for a missing model.

Three decisions for each: the practice of a row (and so what `delete_practice` archives and deletes), its form in
`export_person`, and what `erase_person` does with each reference to a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.apps import apps
from django.db import models


class Fate(StrEnum):
    """What `erase_person` does with a reference to the erased account or record."""

    ERASED = "erased"  # the row is deleted, or the reference is emptied
    KEPT = "kept"  # the reference stays: to an account without a person, or to a record that the law keeps


@dataclass(frozen=True)
class Decision:
    """The decision about one model.

    `practice`: the lookup from a row to the primary key of its practice; "" if rows belong to no practice.
    `exported`: names of resources in a person's export; if empty, `why_not` says why. `references`: the fate of each
    reference to a person, by field. `secret`: fields that the archive of a practice leaves out.
    """

    practice: str = ""
    exported: tuple[str, ...] = ()
    why_not: str = ""
    references: Mapping[str, Fate] = field(default_factory=dict)
    secret: frozenset[str] = frozenset()


OF_PRACTICE = "a setting of the practice; no person in it"
OF_INSTALLATION = "of the installation; no person in it"
SECRET = "a secret, of use only to whoever attacks the account; its existence is in the activity"  # noqa: S105
SHORT_LIVED = "lives for minutes or hours, then deletes itself"
E, K = Fate.ERASED, Fate.KEPT

# Models of a practice in the order in which their rows can be deleted: referring models before their targets.
DECISIONS: dict[str, Decision] = {
    "imports.CalendarItem": Decision(
        "subscription__practice",
        why_not="what it made is an Appointment; no name in it, but in sentences about refused events",
        secret=frozenset({"detail"}),
    ),
    "imports.CalendarSubscription": Decision(
        "practice", why_not=OF_PRACTICE, references={"made_by": K}, secret=frozenset({"address"})
    ),
    "imports.ImportLine": Decision(
        "job__practice",
        why_not="what it made is a Patient or an Appointment; sentences are removed after a week",
        references={"patient": E, "twin": E},
        secret=frozenset({"detail", "filled"}),
    ),
    "imports.ImportPart": Decision(
        "job__practice", why_not="removed when the import ends, after a week at most", secret=frozenset({"rows"})
    ),
    "imports.Import": Decision(
        "practice", why_not=OF_PRACTICE, references={"made_by": K}, secret=frozenset({"name"})
    ),
    "personal_data.PracticeExport": Decision("practice", why_not=OF_PRACTICE, references={"requested_by": K}),
    "documents.DocumentReading": Decision("document__practice", ("AuditEvent",), references={"reader": K}),
    "documents.AutoSend": Decision("appointment__practice", why_not="what it sent is a DocumentReference"),
    "documents.FillingDraft": Decision(
        "appointment__practice",
        why_not="unfinished, for thirty days at most; what was shared is a DocumentReference",
        references={"user": E},
        secret=frozenset({"typed"}),
    ),
    "documents.Task": Decision(
        "practice",
        why_not="prepared and not shared; what was signed is a DocumentReference",
        references={"practitioner": K, "prepared_by": K},
        secret=frozenset({"answers", "sentence"}),
    ),
    "documents.ConsentDraft": Decision(
        "consent__practice",
        why_not="unfinished, for thirty days at most; what was signed is a Consent",
        references={"user": E},
    ),
    "documents.ConsentChallenge": Decision(
        "consent__practice", why_not="its id is in the Consent that it proves", references={"user": E}
    ),
    "documents.Consent": Decision(
        "practice", ("Consent",), references={"asked_by": K, "settled_by": K, "withdrawn_by": K}
    ),
    "documents.ConsentForm": Decision("document__practice", why_not=OF_PRACTICE),
    "documents.PartialUpload": Decision(
        "appointment__practice",
        why_not="half sent, for a day at most; what was sent is a DocumentReference",
        references={"user": E},
        secret=frozenset({"pieces"}),
    ),
    "documents.ReceivedDocument": Decision(
        "practice", ("DocumentReference",), references={"sent_by": K, "settled_by": K}
    ),
    "documents.DocumentRequest": Decision(
        "practice",
        why_not="what a practice asked for; what came is a DocumentReference or a QuestionnaireResponse",
        references={"asked_by": K},
    ),
    "questionnaires.QuestionnaireResponse": Decision(
        "appointment__practice", ("QuestionnaireResponse",), references={"author": K}
    ),
    "questionnaires.QuestionnaireVersion": Decision(
        "questionnaire__practice", why_not=OF_PRACTICE, references={"created_by": K}
    ),
    "questionnaires.Questionnaire": Decision("practice", why_not=OF_PRACTICE),
    "documents.ShareBatchLine": Decision("batch__practice", why_not="what it sent is a DocumentReference"),
    "documents.ShareBatch": Decision(
        "practice", why_not="what it sent is a DocumentReference", references={"made_by": K, "sent_by": K}
    ),
    "documents.SharedDocument": Decision(
        "practice",
        ("DocumentReference", "Provenance"),
        references={"patient": K, "holder": K, "signed_by": K, "shared_by": K},
    ),
    "documents.SharedDocument_messages": Decision(
        "shareddocument__practice", why_not="a row between two that are exported"
    ),
    "documents.UndoableAct": Decision(
        "practice",
        why_not="empty after half a minute, gone after a day",
        references={"by": K},
        secret=frozenset({"session", "journal"}),
    ),
    "documents.DocumentLink": Decision("appointment__practice", ("Consent",), references={"holder": E}),
    "appointments.HolderAuthorisation": Decision(
        "appointment__practice",
        ("Consent",),
        references={"holder": K, "authorised_by": K, "withdrawn_by": K, "kept_by": K},
    ),
    "appointments.HolderExclusion": Decision(
        "patient__practice", ("Consent",), references={"patient": K, "holder": K, "excluded_by": K}
    ),
    "appointments.Reminder_messages": Decision(
        "reminder__appointment__practice", why_not="a row between two that are exported"
    ),
    "appointments.Reminder": Decision("appointment__practice", why_not="what it sent is a Communication"),
    "appointments.AnswerLink": Decision(
        "appointment__practice",
        why_not="a way to answer a reminder, which is a Communication",
        secret=frozenset({"digest"}),
    ),
    "appointments.SlotOffer": Decision("entry__practice", why_not="answered or over within hours"),
    "appointments.WaitingEntry_agendas": Decision("waitingentry__practice", why_not=OF_PRACTICE),
    "appointments.WaitingEntry": Decision(
        "practice", why_not="when a patient could come earlier; of use for weeks", references={"patient": E}
    ),
    "appointments.Appointment": Decision(
        "practice", ("Appointment",), references={"patient": K, "holder": K, "of_record": K}
    ),
    "appointments.AppointmentSeries": Decision("practice", why_not="which appointments were booked together"),
    "documents.AutoSendRule": Decision("practice", why_not=OF_PRACTICE),
    "documents.RuleQuestion": Decision("rule__practice", why_not=OF_PRACTICE),
    "documents.AutoSendRule_documents": Decision("autosendrule__practice", why_not=OF_PRACTICE),
    "documents.AutoSendRule_visit_reasons": Decision("autosendrule__practice", why_not=OF_PRACTICE),
    "documents.AutoSendRule_agendas": Decision("autosendrule__practice", why_not=OF_PRACTICE),
    "documents.LibraryVersion": Decision(
        "document__practice",
        why_not="a document of the practice, not of whoever wrote it",
        references={"created_by": K},
    ),
    "documents.LibraryDocument": Decision("practice", why_not=OF_PRACTICE),
    "patients.Invitation": Decision(
        "patient__practice",
        ("Consent",),
        references={"patient": E, "identity_checked_by": K, "accepted_by": E},
    ),
    "patients.ContactProposal": Decision(
        "patient__practice", ("Patient",), references={"patient": E, "user": E, "settled_by": K}
    ),
    "patients.RecordTie": Decision("patient__practice", ("Consent",), references={"user": E, "patient": E}),
    "patients.RelativeRecord": Decision(
        "practice", why_not="about the relative, who is somebody else", references={"patient": E}
    ),
    "patients.IdentityChange": Decision(
        "patient__practice", ("Patient",), references={"patient": E, "changed_by": K}
    ),
    "patients.DistinctRecords": Decision(
        "first__practice",
        why_not="what staff think of two records",
        references={"first": E, "second": E, "said_by": K},
    ),
    "patients.RecordMerge": Decision(
        "kept__practice", ("Patient",), references={"kept": K, "other": K, "merged_by": K, "undone_by": K}
    ),
    "patients.Patient": Decision(
        "practice",
        ("Patient",),
        references={"email_given_by": K, "mobile_given_by": K, "merged_into": K},
    ),
    "appointments.Instruction": Decision("practice", why_not=OF_PRACTICE),
    "appointments.Instruction_visit_reasons": Decision("instruction__practice", why_not=OF_PRACTICE),
    "appointments.Instruction_agendas": Decision("instruction__practice", why_not=OF_PRACTICE),
    "appointments.OpeningHours_visit_reasons": Decision("openinghours__agenda__practice", why_not=OF_PRACTICE),
    "appointments.OpeningHours": Decision("agenda__practice", why_not=OF_PRACTICE),
    "appointments.Closing_agendas": Decision("closing__practice", why_not=OF_PRACTICE),
    "appointments.Closing": Decision("practice", why_not=OF_PRACTICE),
    "appointments.Absence": Decision("agenda__practice", why_not=OF_PRACTICE),
    "appointments.VisitReason_agendas": Decision("visitreason__practice", why_not=OF_PRACTICE),
    "appointments.VisitReason": Decision("practice", why_not=OF_PRACTICE),
    "appointments.Agenda": Decision("practice", ("PractitionerRole",), references={"practitioner": E}),
    "appointments.BookingPolicy": Decision("practice", why_not=OF_PRACTICE),
    "appointments.ReminderPolicy": Decision("practice", why_not=OF_PRACTICE),
    "documents.UnreadPolicy": Decision("practice", why_not=OF_PRACTICE),
    "notifications.SmsPolicy": Decision("practice", why_not=OF_PRACTICE),
    "signing.SigningCredential": Decision(
        "practice", ("Practitioner",), references={"user": K}, secret=frozenset({"private_key", "key_reference"})
    ),
    "webhooks.WebhookDelivery": Decision("endpoint__practice", why_not="opaque ids alone"),
    "webhooks.WebhookEndpoint": Decision("practice", why_not=OF_PRACTICE, secret=frozenset({"secret"})),
    "practices.ColleagueInvitation": Decision(
        "practice",
        why_not="what it gave is a PractitionerRole; it is forgotten thirty days after its end",
        references={"invited_by": K, "accepted_by": E},
        secret=frozenset({"token_hash"}),
    ),
    "practices.Membership": Decision("practice", ("PractitionerRole",), references={"user": E}),
    "practices.PracticeLogo": Decision("practice", why_not=OF_PRACTICE),
    "practices.Practice": Decision("pk", ("Organization",)),
    # Not found by a lookup: see practice.py
    "files.StoredFile": Decision(exported=("DocumentReference",)),
    "files.KeptPage": Decision(why_not="drawn from a file, which is exported; goes with it"),
    "notifications.Message": Decision(exported=("Communication",), secret=frozenset({"body", "html", "calendar"})),
    # Data of people
    "accounts.User": Decision(exported=("Person", "Practitioner")),
    "accounts.User_groups": Decision(exported=("Person",), references={"user": E}),
    "accounts.User_user_permissions": Decision(exported=("Person",), references={"user": E}),
    "accounts.ApiToken": Decision(exported=("Device",), references={"user": E}),
    "accounts.KnownDevice": Decision(exported=("Device",), references={"user": E}),
    "accounts.OneTimeCode": Decision(why_not=SHORT_LIVED),
    "accounts.RateCount": Decision(why_not=SHORT_LIVED),
    "accounts.AccountLink": Decision(why_not=SECRET, references={"user": E, "invited_by": E}),
    "account.EmailAddress": Decision(exported=("Person",), references={"user": E}),
    "account.EmailConfirmation": Decision(why_not=SHORT_LIVED),
    "mfa.Authenticator": Decision(exported=("Device",), references={"user": E}),
    "usersessions.UserSession": Decision(exported=("Device",), references={"user": E}),
    "sessions.Session": Decision(why_not=SECRET),
    "admin.LogEntry": Decision(exported=("AuditEvent",), references={"user": K}),
    "patients.FormerContact": Decision(exported=("Person",), references={"user": E}),
    "patients.Relative": Decision(why_not="about the relative, who is somebody else", references={"holder": E}),
    "personal_data.DataExport": Decision(why_not=SHORT_LIVED, references={"user": E}),
    "appointments.SlotHold": Decision("agenda__practice", why_not=SHORT_LIVED),
    "patients.SignUp": Decision("practice", why_not=SHORT_LIVED),
    "portals.IdempotentCall": Decision(why_not=SHORT_LIVED, references={"user": E}),
    "signing.SignatureImage": Decision(exported=("Practitioner",), references={"user": E}),
    "audit.AuditEvent": Decision(exported=("AuditEvent",)),
    "audit.AuditSeal": Decision(why_not=OF_INSTALLATION),
    "audit.DailySeal": Decision(why_not=OF_INSTALLATION),
    # Data of the installation
    "webhooks.WebhookProgress": Decision(why_not=OF_INSTALLATION),
    "auth.Group": Decision(why_not=OF_INSTALLATION),
    "auth.Group_permissions": Decision(why_not=OF_INSTALLATION),
    "auth.Permission": Decision(why_not=OF_INSTALLATION),
    "contenttypes.ContentType": Decision(why_not=OF_INSTALLATION),
    "documents.Category": Decision(why_not=OF_INSTALLATION),
    "signing.InstallationAuthority": Decision(why_not=OF_INSTALLATION),
    "sealing.KeyCheck": Decision(why_not=OF_INSTALLATION),
    "jobs.Heartbeat": Decision(why_not=OF_INSTALLATION),
}
PEOPLE = ("accounts.User", "patients.Patient")


def models_of_practices() -> Iterator[tuple[type[models.Model], Decision]]:
    """Models with a lookup to their practice, in a possible order of deletion."""
    for label, decision in DECISIONS.items():
        if decision.practice:
            yield apps.get_model(label), decision


def references_to_people(model: type[models.Model]) -> set[str]:
    """Names of the fields by which rows refer to an account or a record."""
    return {
        one.name
        for one in model._meta.get_fields()
        if isinstance(one, models.ForeignKey) and one.related_model._meta.label in PEOPLE
    }


def is_deleted_with(model: type[models.Model]) -> bool:
    """Whether rows are deleted with those of another model: the join rows of a many-to-many relation."""
    return bool(model._meta.auto_created)
