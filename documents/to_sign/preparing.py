"""Preparing a document for a practitioner's signature; correcting it, taking it away, sending it back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.models import Appointment
from audit.trail import record
from documents.filling.drafts import end_draft
from documents.filling.filled import Filling, Place, check_filling, check_patient
from documents.models import Task, TaskState
from documents.sharing.uploads import check_may_share
from files.names import composed
from practices.models import Practice
from practices.roles import may_sign
from refusals import Kind, Refusal

MAX_SENTENCE = 1_000  # characters


class NotToSign(Refusal):
    """It was signed, withdrawn or deleted meanwhile; or what one saw of it is no longer what it is."""

    code = "not_to_sign"
    kind = Kind.CONFLICT
    words = gettext_lazy("Ce document n’est plus à signer : il a été signé ou retiré entre-temps.")


@transaction.atomic
def prepare_task(
    *,
    appointment: Appointment,
    filling: Filling,
    practitioner: User,
    by: User,
    pk: uuid.UUID | None = None,
    confirm_patient: bool = False,
) -> Task:
    """Ask this practitioner of the practice to sign it. Stores no file. Ends the draft of whoever prepared it.

    `pk`: a form sent twice prepares it once. `confirm_patient`: this patient, though the document names another; the
    practitioner sees the doubt on the page. Raises NotAllowed, AnotherPatientNamed, and as
    documents.filling.filled.check_filling.
    """
    check_may_share(appointment, by)
    Appointment.objects.lock_first(appointment.pk)
    pk = pk or uuid.uuid4()
    if made := Task.objects.filter(pk=pk, appointment=appointment, prepared_by=by).first():
        end_draft(by, appointment, filling.version)
        return made
    task = Task(id=pk, appointment=appointment, practice=appointment.practice, prepared_by=by)
    _write(task, filling, practitioner, confirm_patient=confirm_patient)
    task.save()
    end_draft(by, appointment, filling.version)
    _record("task.prepared", task, by)
    return task


@transaction.atomic
def change_task(
    *,
    task: Task,
    filling: Filling,
    practitioner: User,
    revision: int,
    by: User,
    confirm_patient: bool = False,
) -> Task:
    """Correct it: it waits anew, and must be looked at anew. Whoever corrects it has prepared it from then on.

    `revision`: the one that the user saw. Raises as prepare_task, and NotToSign.
    """
    current = locked_task(task)
    check_may_share(current.appointment, by)
    check_open(current)
    if current.revision != revision:
        raise NotToSign(_("Quelqu’un a modifié ce document entre-temps. Rechargez la page, puis recommencez."))
    _write(current, filling, practitioner, confirm_patient=confirm_patient)
    current.prepared_by = by
    current.prepared_at = timezone.now()
    current.state, current.sentence, current.settled_at = TaskState.WAITING, "", None
    current.save()
    _record("task.corrected", current, by)
    return current


@transaction.atomic
def send_back(*, task: Task, sentence: str, by: User) -> None:
    """The practitioner will not sign it like this, and says why. Raises NotToSign, ValidationError."""
    current = locked_task(task)
    if not Task.objects.to_sign_by(by).filter(pk=current.pk).exists():
        raise Task.DoesNotExist
    if current.state != TaskState.WAITING:
        raise NotToSign
    sentence = composed(sentence).strip()
    if not sentence:
        raise ValidationError({"sentence": _("Dites en une phrase ce qui ne va pas.")})
    if len(sentence) > MAX_SENTENCE:
        raise ValidationError({"sentence": _("Cette explication dépasse 1 000 caractères. Raccourcissez-la.")})
    current.sentence = sentence
    _settle(current, TaskState.SENT_BACK)
    _record("task.sent_back", current, by)


@transaction.atomic
def withdraw_task(*, task: Task, by: User) -> None:
    """Take it away: nobody signs it any more. Taking away what is taken away changes nothing. Raises NotAllowed,
    NotToSign if it was signed."""
    current = locked_task(task)
    check_may_share(current.appointment, by)
    if current.state == TaskState.WITHDRAWN:
        return
    check_open(current)
    current.answers = ""
    _settle(current, TaskState.WITHDRAWN)
    _record("task.withdrawn", current, by)


def withdraw_with_appointments(
    sender: type[Appointment], appointments: Collection[Appointment], by: User, **kwargs: Any
) -> None:
    """Before appointments are deleted, and with them what was prepared for them (signal `deleting`)."""
    for task in Task.objects.open().select_for_update(of=("self",)).filter(appointment__in=appointments):
        _record("task.withdrawn", task, by, appointment_deleted=True)


def task_kept_for_undoing(task: Task) -> dict[str, Any]:
    """What its signing empties, for the journal of what may be undone."""
    return {"task": str(task.pk), "answers": task.answers}


def task_put_back(*, kept: Mapping[str, Any], by: User) -> Task | None:
    """Let what was signed wait again, as it was: its document is gone. The caller has locked the appointment. None if
    nothing was kept of one, or it is no longer there."""
    if "task" not in kept:
        return None
    tasks = Task.objects.select_for_update(of=("self",)).filter(pk=str(kept["task"]), state=TaskState.SIGNED)
    task = tasks.first()
    if task is None:
        return None
    task.state, task.settled_at, task.document, task.answers = TaskState.WAITING, None, None, kept["answers"]
    task.save(update_fields=["state", "settled_at", "document", "answers"])
    _record("task.signing_undone", task, by)
    return task


def filling_of(task: Task) -> Filling:
    """What it would become. Needs `version__document` and `category`."""
    answers = json.loads(task.answers) if task.answers else {}
    return Filling(
        version=task.version,
        answers={str(label): str(answer) for label, answer in answers.items()},
        category=task.category,
        title=task.title,
        place=Place(task.page, task.x, task.y, task.width),
    )


def locked_task(task: Task) -> Task:
    """Lock it, after its appointment: in the order in which deleting an appointment does. Raises NotToSign if either
    is gone."""
    Appointment.objects.lock_first(task.appointment_id)
    rows = Task.objects.select_for_update(of=("self",)).select_related(*PARTS)
    current = rows.filter(pk=task.pk).first()
    if current is None:
        raise NotToSign(_("Le rendez-vous de ce document a été supprimé, et ce document avec lui."))
    return current


PARTS = (
    *("practice", "category", "version__document", "practitioner", "prepared_by"),
    *("appointment__practice", "appointment__patient__practice", "appointment__holder"),
    *("appointment__agenda__practitioner", "appointment__visit_reason"),
)


def check_open(task: Task) -> None:
    """Raises NotToSign."""
    if not task.is_open:
        raise NotToSign


def check_signer(practitioner: User, practice: Practice) -> None:
    """Raises ValidationError."""
    if not may_sign(practitioner, practice):
        sentence = _("%(name)s ne signe pas dans ce cabinet. Choisissez un autre praticien.")
        raise ValidationError({"signer": sentence % {"name": practitioner}})


def _write(task: Task, filling: Filling, practitioner: User, *, confirm_patient: bool) -> None:
    if filling.place is None:
        raise ValueError("a task has a place for the signature")
    check_signer(practitioner, task.practice)
    task.version, task.category = filling.version, filling.category
    task.title = composed(filling.title) or filling.version.document.title
    task.answers = json.dumps(check_filling(task.appointment, filling), ensure_ascii=False)
    if not confirm_patient:
        check_patient(task.appointment, filling)
    place = filling.place
    task.page, task.x, task.y, task.width = place.page, place.x, place.y, place.width
    task.practitioner = practitioner
    task.revision = 1 if task._state.adding else task.revision + 1
    task.looked_at, task.looked_mark = None, ""
    task.full_clean(exclude=["appointment", "practice", "version", "category", "practitioner", "prepared_by"])


def _settle(task: Task, state: TaskState) -> None:
    task.state, task.settled_at = state, timezone.now()
    task.looked_at, task.looked_mark = None, ""
    task.save(update_fields=["state", "settled_at", "answers", "sentence", "looked_at", "looked_mark"])


def _record(action: str, task: Task, by: User, **detail: bool) -> None:
    record(
        action,
        by=by,
        on=task,
        practice=task.practice_id,
        within=task.appointment_id,
        detail={"category": task.category_id, "account": str(task.practitioner_id), **detail},
    )
