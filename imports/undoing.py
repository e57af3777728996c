"""Undoes an import, while nothing was shared from it. What somebody used or changed since stays, and is listed."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from appointments.importing import remove_imported
from audit.models import AuditEvent
from audit.trail import append
from audit.trail import line as audit_line
from documents.models import AutoSend, DocumentRequest, SharedDocument
from documents.models.autosend import AutoSendState
from imports.completing import take_out
from imports.models import Import, ImportLine, Subject
from imports.reasons import reason
from patients.models import Patient
from refusals import Kind, Refusal

MADE = ("patient.created", "appointment.booked")
MADE_SOMETHING = Q(patient__isnull=False) | Q(appointment__isnull=False) | Q(filled__isnull=False)


class AlreadyShared(Refusal):
    """A patient has received something that depends on this import."""

    code = "already_shared"
    kind = Kind.CONFLICT
    words = _(
        "Des documents ont été partagés à partir de cet import : il ne s’annule plus. Corrigez ou supprimez les "
        "fiches et les rendez-vous un par un."
    )


def check_nothing_shared(job: Import) -> None:
    """Raises AlreadyShared."""
    made = ImportLine.objects.filter(job=job)
    patients = made.filter(patient__isnull=False).values("patient")
    appointments = made.filter(appointment__isnull=False).values("appointment")
    if is_shared(Q(appointment__patient__in=patients) | Q(appointment__in=appointments)):
        raise AlreadyShared
    if SharedDocument.objects.filter(patient__in=patients).exists():
        raise AlreadyShared


def is_shared(of_appointments: Q) -> bool:
    """Whether anything was shared, sent or asked from these appointments."""
    sent = AutoSend.objects.filter(of_appointments, state=AutoSendState.SENT)
    received = DocumentRequest.objects.filter(of_appointments)  # files come with a request
    return SharedDocument.objects.filter(of_appointments).exists() or sent.exists() or received.exists()


def made_something(job: Import) -> bool:
    """Whether there is anything to undo."""
    return ImportLine.objects.filter(MADE_SOMETHING, job=job).exists()


def undo_part(job: Import) -> None:
    """Remove the records or appointments that the lines of one part made; lines left get a sentence."""
    field = "patient" if job.subject == Subject.PATIENTS else "appointment"
    lines = ImportLine.objects.filter(job=job, part=job.position).select_related(
        "patient__practice", "appointment", "twin__practice"
    )
    judged = list(lines.order_by("line", "id"))
    _empty_what_it_filled(job, [one for one in judged if one.filled is not None])
    batch = [one for one in judged if one.patient_id or one.appointment_id]
    objects = {pk for line in batch if (pk := line.patient_id or line.appointment_id)}
    changed = changed_since(objects)
    used = _used(objects) if field == "patient" else set()
    stays = {line.pk: fault for line in batch if (fault := _why_it_stays(line, changed, used))}
    for line in batch:
        line.detail = stays.get(line.pk, "")
    ImportLine.objects.bulk_update([line for line in batch if line.detail], ["detail"])
    gone = [line for line in batch if not line.detail]
    remove_imported(appointments=[line.appointment for line in gone if line.appointment is not None], by=job.made_by)
    patients = [line.patient for line in gone if line.patient is not None]
    append(audit_line("patient.import_undone", by=job.made_by, on=one, practice=job.practice_id) for one in patients)
    Patient.objects.filter(pk__in=[one.pk for one in patients]).delete()
    job.left += len(stays)
    job.made -= len(gone)


def _empty_what_it_filled(job: Import, lines: list[ImportLine]) -> None:
    assert job.made_by is not None  # imports.running stops without an administrator
    for line in lines:
        if take_out(line=line, by=job.made_by):
            line.filled = None
        else:
            line.detail = reason(_("Les coordonnées ajoutées à cette fiche restent : elle a changé depuis."))
            job.left += 1
    ImportLine.objects.bulk_update(lines, ["filled", "detail"])


def parts_to_undo(job: Import) -> int:
    """Those of the file, up to the last one that made something. At least one, so that the stage ends."""
    last = ImportLine.objects.filter(MADE_SOMETHING, job=job).aggregate(Max("part"))["part__max"]
    return 1 if last is None else int(last) + 1


def _why_it_stays(line: ImportLine, changed: Collection[uuid.UUID], used: Collection[uuid.UUID]) -> str:
    """ "" if it goes."""
    pk = line.patient_id or line.appointment_id
    if pk in changed:
        return reason(_("Modifié depuis l’import : il reste."))
    if pk in used:
        return reason(_("Cette fiche a des rendez-vous, des documents ou une invitation : elle reste."))
    return ""


def _used(patients: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Records to which anything refers but lines of imports."""
    used = set[uuid.UUID]()
    for relation in Patient._meta.related_objects:
        if relation.related_model is not ImportLine:
            name = relation.field.name
            rows = relation.related_model._base_manager.filter(**{f"{name}__in": patients})
            used |= set(rows.values_list(name, flat=True))
    return used


def changed_since(objects: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those with another line in the trail than those of the import, or of the calendar that made them."""
    others = AuditEvent.objects.exclude(action__in=MADE)
    others = others.exclude(action="appointment.followed_calendar", detail__did="booked")
    lines, within = others.filter(object_id__in=objects), others.filter(record_id__in=objects)
    return {
        *lines.values_list("object_id", flat=True),
        *(one for one in within.values_list("record_id", flat=True) if one),
    }
