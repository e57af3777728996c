"""What a practitioner looks at before signing, and the record that it was looked at.

The mark covers everything that the paper and its sharing depend on: after any change it must be looked at again.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.recipients import Recipient, resolve
from documents.filling.answers import printed
from documents.filling.filled import language_of
from documents.library.writing.blanks import blanks_of
from documents.library.writing.body import fill, pictures
from documents.library.writing.fields import values
from documents.models import LibraryVersion, Task, TaskState
from documents.models.library import newest_versions
from documents.to_sign.preparing import NotToSign, filling_of, locked_task
from refusals import Kind, Refusal


class LookAgain(Refusal):
    """It was not looked at, or changed since."""

    code = "look_again"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Ce document a changé depuis que vous l’avez regardé. Regardez-le de nouveau avant de signer."
    )


class NotLookedAt(LookAgain):
    code = "not_looked_at"
    words = gettext_lazy("Regardez ce document avant de le signer.")


Pictures = Mapping[uuid.UUID, LibraryVersion]  # document of the library -> its newest version


def mark_of(task: Task, recipient: Recipient | None = None, *, newest: Pictures | None = None) -> str:
    """Identifies exactly what would be signed and shared now: intention, filled text, letterhead, pictures, patient,
    appointment, recipient. Needs the task with preparing.PARTS. `recipient`, `newest`: read here if the caller has
    not."""
    appointment, practice, filling = task.appointment, task.practice, filling_of(task)
    patient, addressee = appointment.patient, (recipient or resolve(appointment)).addressee
    language, body = language_of(appointment, addressee), task.version.body
    answers = printed(blanks_of(body), filling.answers, language=language)
    seen = [
        *(str(task.pk), task.revision, str(task.version_id), task.title, task.category_id),
        *(task.page, task.x, task.y, task.width, str(task.practitioner_id)),
        *(language, fill(body, values(appointment, language=language), answers)),
        *(practice.name, practice.address, practice.telephone, practice.email, practice.logo_version),
        _pictures(task, newest_pictures([task]) if newest is None else newest),
        *(str(patient.pk), patient.full_name, patient.birth_date.isoformat()),
        *(appointment.starts_at.isoformat(), str(appointment.agenda_id), str(appointment.visit_reason_id)),
        *(
            appointment.kind,
            appointment.status,
            addressee.audience.value,
            str(addressee.holder and addressee.holder.pk),
        ),
    ]
    text = json.dumps(seen, ensure_ascii=False)
    return salted_hmac("documents.to-sign", text, algorithm="sha256").hexdigest()


def newest_pictures(tasks: Sequence[Task]) -> Pictures:
    """The pictures that the documents show, for all of them at once."""
    shown = {pk for task in tasks for pk in pictures(task.version.body)}
    return newest_versions(shown) if shown else {}


def _pictures(task: Task, newest: Pictures) -> list[str]:
    used = [newest[pk] for pk in set(pictures(task.version.body)) if pk in newest]
    return sorted(str(version.pk) for version in used if version.document.practice_id == task.practice_id)


@transaction.atomic
def note_look(*, task: Task, mark: str, by: User) -> None:
    """Record that the practitioner looked at what `mark` identifies. Raises NotToSign, LookAgain if it is no longer
    that, Task.DoesNotExist for anybody else."""
    if not Task.objects.to_sign_by(by).filter(pk=task.pk).exists():
        raise Task.DoesNotExist
    current = locked_task(task)
    if current.state != TaskState.WAITING:
        raise NotToSign
    if not constant_time_compare(mark, mark_of(current)):
        raise LookAgain
    Task.objects.filter(pk=current.pk).update(looked_at=timezone.now(), looked_mark=mark)


def was_looked_at(task: Task, recipient: Recipient | None = None, *, newest: Pictures | None = None) -> bool:
    """Whether the practitioner has looked at exactly what it is now. As mark_of."""
    return bool(task.looked_mark) and constant_time_compare(task.looked_mark, mark_of(task, recipient, newest=newest))


def check_looked_at(task: Task) -> str:
    """The mark. Raises LookAgain."""
    mark = mark_of(task)
    if not task.looked_mark:
        raise NotLookedAt
    if not constant_time_compare(task.looked_mark, mark):
        raise LookAgain
    return mark
