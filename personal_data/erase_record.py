"""Erases a practice's record of a person: entirely if the law allows it, else all except what must be retained."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from accounts.models import OneTimeCode, User
from appointments.models import WaitingEntry
from audit.trail import record as record_in_trail
from documents.models import (
    AutoSend,
    DocumentLink,
    DocumentRequest,
    FillingDraft,
    PartialUpload,
    ReceivedDocument,
    SharedDocument,
    Task,
)
from documents.models.autosend import AutoSendState
from documents.receiving.following import delete_answers
from documents.receiving.uploaded import discard
from documents.sending.planning import record_sending
from files import storage
from patients.merges import records_in
from patients.models import (
    ContactProposal,
    DistinctRecords,
    IdentityChange,
    Invitation,
    Patient,
    RecordMerge,
    RecordTie,
    Relationship,
    RelativeRecord,
)
from personal_data.report import Report
from personal_data.retention import pending_retention_end
from questionnaires.models import QuestionnaireResponse, ResponseState

ERASED_DOCUMENT = "document.erased"


def erase_record(patient: Patient, account: User | None, report: Report) -> None:
    """`account`: the person's own. The caller must hold the locks."""
    before = report.erased.total()
    until = pending_retention_end(patient)
    _erase_ways_in(patient, account, report)
    _stop_sendings(patient, report)
    _forget_unshared(patient, report)
    if until is None:
        _delete(patient, report)
    else:
        _erase_contacts(patient, report)
        documents, appointments = _documents(patient).count(), patient.appointments.count()
        report.kept.append(
            f"record {patient.pk} at {patient.practice}: name, birth date, {appointments} appointments and "
            f"{documents} documents with their history, until {until} (Code de la santé publique, R1112-7)"
        )
    if report.erased.total() != before:
        detail = {"kept_until": until.isoformat() if until else None}
        record_in_trail("patient.erased", by=None, on=patient, practice=patient.practice_id, detail=detail)


def _documents(patient: Patient) -> QuerySet[SharedDocument]:
    return SharedDocument.objects.filter(patient=patient)


def _erase_ways_in(patient: Patient, account: User | None, report: Report) -> None:
    """A guardian's tie to a record that stays is the guardian's: what was shared with them while the patient was a
    minor is theirs to read."""
    invitations = Invitation.objects.filter(patient=patient)
    codes = OneTimeCode.objects.filter(subject_id__in=list(invitations.values_list("pk", flat=True)))
    report.delete("codes", codes)
    report.delete("invitations", invitations)
    own = Q(relationship=Relationship.SELF) | Q(user=account) if account else Q(relationship=Relationship.SELF)
    report.delete("ties of accounts to records", RecordTie.objects.filter(own, patient=patient))
    report.delete("proposed contacts", ContactProposal.objects.filter(patient=patient))
    report.delete("wishes for an earlier time", WaitingEntry.objects.filter(patient=patient))
    report.delete("marks as somebody's relative", RelativeRecord.objects.filter(patient=patient))
    report.delete("former names and birth dates", IdentityChange.objects.filter(patient__in=records_in(patient.pk)))
    about = Q(first=patient) | Q(second=patient)
    report.delete("records known to be somebody else's", DistinctRecords.objects.filter(about))
    RecordMerge.objects.filter(kept=patient).update(state=None)  # contacts before a merge; it is final now
    report.delete("links without account", DocumentLink.objects.filter(appointment__patient=patient, holder=None))


def _stop_sendings(patient: Patient, report: Report) -> None:
    planned = AutoSend.objects.filter(appointment__patient=patient, state=AutoSendState.PLANNED)
    for one in planned.select_related("rule", "shared").select_for_update(of=("self",)):
        one.state = AutoSendState.CANCELLED
        one.save(update_fields=["state"])
        record_sending("auto_send.cancelled", one, by=None)
        report.count("automatic documents, not sent", 1)


def _forget_unshared(patient: Patient, report: Report) -> None:
    """What was filled in or prepared, and never shared, is no part of the record."""
    report.delete("documents being filled in", FillingDraft.objects.filter(appointment__patient=patient))
    uploads = discard(PartialUpload.objects.filter(appointment__patient=patient))
    report.count("uploads that were not sent", uploads)
    unanswered = DocumentRequest.objects.filter(appointment__patient=patient, received=None, response=None)
    report.delete("requests without a document", unanswered)
    drafts = QuestionnaireResponse.objects.filter(appointment__patient=patient, state=ResponseState.IN_PROGRESS)
    report.delete("answers that were not sent", drafts)
    report.delete("documents prepared to sign", Task.objects.open().filter(appointment__patient=patient))


def _erase_contacts(patient: Patient, report: Report) -> None:
    report.count("contacts of records", sum(bool(one) for one in (patient.email, patient.mobile)))
    for one in (patient, *_merged_into(patient)):
        for contact in ("email", "mobile"):
            setattr(one, contact, None)
            setattr(one, f"{contact}_given_by", None)
            setattr(one, f"{contact}_since", None)
            setattr(one, f"{contact}_of_minor", False)
        one.save()


def _merged_into(patient: Patient) -> QuerySet[Patient]:
    """Records that became part of this one: what is left of them is the same person's."""
    return Patient.every.filter(pk__in=records_in(patient.pk)).exclude(pk=patient.pk)


def _delete(patient: Patient, report: Report) -> None:
    """Delete the rows now, and the files after the commit. A line in the trail names each document's file, so that
    the next run finds files that a killed run left."""
    for document in _documents(patient).select_related("file", "library_version"):
        file, version = document.file, document.library_version
        own_file = version is None or version.file_id != file.pk
        record_in_trail(
            ERASED_DOCUMENT,
            by=None,
            on=document,
            practice=document.practice_id,
            within=document.appointment_id,
            detail={
                "patient": str(patient.pk),
                "category": document.category_id,
                "sha256": file.sha256,
                "file": str(file.pk) if own_file else None,
            },
        )
        document.delete()
        if own_file:
            storage.purge(file)
        report.count("documents", 1)
    for received in ReceivedDocument.objects.filter(appointment__patient=patient).select_related("file"):
        record_in_trail(
            ERASED_DOCUMENT,
            by=None,
            on=received,
            practice=received.practice_id,
            within=received.appointment_id,
            detail={"patient": str(patient.pk), "sha256": received.file.sha256, "file": str(received.file_id)},
        )
        file = received.file
        received.delete()
        storage.purge(file)
        report.count("documents", 1)
    DocumentRequest.objects.filter(appointment__patient=patient).delete()
    answers = QuestionnaireResponse.objects.filter(appointment__patient=patient)
    report.count("answers to questionnaires", delete_answers(answers, by=None))
    for appointment in patient.appointments.all():
        record_in_trail(
            "appointment.deleted", by=None, on=appointment, practice=appointment.practice_id, within=appointment
        )
        appointment.delete()
        report.count("appointments", 1)
    RecordTie.objects.filter(patient=patient).delete()
    parts = list(_merged_into(patient).values_list("pk", flat=True))
    RecordMerge.objects.filter(kept__in=[patient.pk, *parts]).delete()
    Patient.every.filter(pk__in=parts).delete()
    pk = patient.pk
    patient.delete()
    patient.pk = pk
    report.count("records", 1)
