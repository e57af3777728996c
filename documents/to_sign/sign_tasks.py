"""Signing what was prepared and looked at: several in one go, each with its own fate."""

from __future__ import annotations

import contextlib
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit.trail import record
from documents.filling.filled import prepare_filled, print_to_share
from documents.messages import end_sitting
from documents.models import SharedDocument, Task, TaskState
from documents.sharing.share import share_prepared
from documents.sharing.uploads import Prepared, Signed, prepare, sign_papers
from documents.to_sign.looking import LookAgain, check_looked_at
from documents.to_sign.preparing import PARTS, NotToSign, filling_of, locked_task, task_kept_for_undoing
from documents.to_sign.standing import obstacle
from files import storage
from files.intake import Intake
from jobs.row_errors import log_row_error
from practices.models import Practice
from refusals import Kind, Refusal
from signing.pdf import sign_each
from signing.pdf.placement import Placement

logger = logging.getLogger(__name__)
T = TypeVar("T")
WAITS = gettext_lazy("Une erreur l’a empêché ; elle est enregistrée. Il attend toujours votre signature : réessayez.")
AT_ONCE = 25  # in one request: each takes a second or two
TOGETHER = sign_each.MOST  # printed, then signed in one child, before the first of them is shared


@dataclass(frozen=True)
class Outcome:
    """`sentence`: why it was not signed; "" if it is. `title`: "" if it is gone. `document`: the shared one."""

    task: uuid.UUID
    title: str
    sentence: str
    document: SharedDocument | None = None

    @property
    def is_signed(self) -> bool:
        return not self.sentence


class InTheWay(Refusal):
    """Something that it was prepared for no longer holds; the sentence says what. Nothing of it is lost."""

    code = "in_the_way"
    kind = Kind.CONFLICT


def sign_tasks(*, tasks: Sequence[uuid.UUID], by: User, session: str = "") -> list[Outcome]:
    """Sign and share each, as this practitioner. One that fails says why, and the others go on. `session`: in which
    each can be undone for a moment; their messages leave after it."""
    chosen = list(dict.fromkeys(tasks))
    outcomes: list[Outcome] = []
    for first in range(0, len(chosen), TOGETHER):
        some = chosen[first : first + TOGETHER]
        outcomes += [_outcome(some[0], by, session)] if len(some) == 1 else _signed_together(some, by, session)
    if session:
        for appointment in {one.document.appointment for one in outcomes if one.document}:
            end_sitting(appointment, by=by)
    return outcomes


def sign_task(*, task: Task, by: User, session: str = "") -> SharedDocument:
    """Sign what the practitioner has looked at, and share it. Signing what is signed raises NotToSign.

    The paper is made and signed before anything is stored; rows, history and the end of the task are one transaction.
    Raises LookAgain, NotToSign, InTheWay, and as documents.filling.filled.share_filled.
    """
    if task.practitioner_id != by.pk:
        raise Task.DoesNotExist
    mark = _check(task)
    # Whoever prepared it confirmed the patient; the page that was looked at says whom the paper names.
    filling = filling_of(task)
    prepared = prepare_filled(appointment=task.appointment, filling=filling, by=by, confirm_patient=True)
    return _share(task, mark, prepared, by, session)


def _share(task: Task, mark: str, prepared: Prepared, by: User, session: str) -> SharedDocument:
    """`mark`: of what was printed and signed. Raises as sign_task; the prepared file is then abandoned."""
    try:
        with transaction.atomic():
            current = locked_task(task)
            if _check(current) != mark:  # corrected and looked at again, while this was being signed
                raise LookAgain
            document = share_prepared(
                appointment=current.appointment,
                prepared=prepared,
                category=current.category,
                title=current.title,
                by=by,
                pk=uuid.uuid5(current.pk, "signed"),  # the database, too, allows it once
                session=session,
                kept=task_kept_for_undoing(current),
                made_from=current.version.document,
            )
            _end(current, document, by)
            return document
    except Exception:
        storage.abandon(prepared.stored)
        raise


def _outcome(pk: uuid.UUID, by: User, session: str) -> Outcome:
    def sign(task: Task) -> Outcome:
        return Outcome(pk, task.title, "", sign_task(task=task, by=by, session=session))

    return _attempted(pk, by, sign)


@dataclass(frozen=True)
class _Printed:
    """The paper of a task, and where its signature goes. `mark`: of what it was printed from."""

    practice: Practice
    mark: str
    intake: Intake
    placement: Placement


def _signed_together(chosen: Sequence[uuid.UUID], by: User, session: str) -> list[Outcome]:
    """Print each, sign those of one practice in one child, then store and share each in a transaction of its own."""
    with contextlib.ExitStack() as papers:

        def print_(task: Task) -> _Printed:
            mark = _check(task)
            paper = print_to_share(
                appointment=task.appointment, filling=filling_of(task), by=by, confirm_patient=True
            )
            papers.enter_context(paper.intake)
            assert paper.placement is not None  # a task has a place for the signature
            return _Printed(task.practice, mark, paper.intake, paper.placement)

        attempts = {pk: _attempted(pk, by, print_) for pk in chosen}
        printed = {pk: attempt for pk, attempt in attempts.items() if isinstance(attempt, _Printed)}
        signed = _signed(printed, by)
        return [
            _attempted(pk, by, partial(_share_signed, attempt, signed[pk], by, session))
            if isinstance(attempt, _Printed)
            else attempt
            for pk, attempt in attempts.items()
        ]


def _signed(printed: Mapping[uuid.UUID, _Printed], by: User) -> dict[uuid.UUID, Signed | Exception]:
    results: dict[uuid.UUID, Signed | Exception] = {}
    for practice in {each.practice for each in printed.values()}:
        here = {pk: each for pk, each in printed.items() if each.practice == practice}
        papers = [(each.intake, each.placement) for each in here.values()]
        results.update(zip(here, sign_papers(practice=practice, papers=papers, by=by), strict=True))
    return results


def _share_signed(printed: _Printed, signed: Signed | Exception, by: User, session: str, task: Task) -> Outcome:
    if isinstance(signed, Exception):
        raise signed
    prepared = prepare(
        appointment=task.appointment,
        intake=printed.intake,
        placement=printed.placement,
        by=by,
        confirm_patient=True,
        signed=signed,
    )
    return Outcome(task.pk, task.title, "", _share(task, printed.mark, prepared, by, session))


def _attempted(pk: uuid.UUID, by: User, act: Callable[[Task], T]) -> T | Outcome:
    """What `act` returns for the task, or the outcome of its failure."""
    task = Task.objects.to_sign_by(by).filter(pk=pk).select_related(*PARTS).first()
    if task is None:
        gone = _(
            "Un document n’est plus à signer : son rendez-vous a été supprimé, ou vous ne signez plus dans ce "
            "cabinet."
        )
        return Outcome(pk, "", gone)
    try:
        return act(task)
    except Refusal as refused:
        return Outcome(pk, task.title, refused.sentence)
    except ValidationError as refused:
        return Outcome(pk, task.title, " ".join(refused.messages))
    except Exception as error:  # of the storage, of a certificate's service: what was signed before it is signed
        log_row_error(logger, "Task to sign", pk, error)
        return Outcome(pk, task.title, str(WAITS))


def _check(task: Task) -> str:
    """The mark of what is to be signed. Raises NotToSign, InTheWay, LookAgain."""
    if task.state != TaskState.WAITING:
        raise NotToSign
    if why := obstacle(task):
        raise InTheWay(why)
    return check_looked_at(task)


def _end(task: Task, document: SharedDocument, by: User) -> None:
    task.state, task.settled_at, task.document = TaskState.SIGNED, timezone.now(), document
    task.answers = task.sentence = ""
    task.save(update_fields=["state", "settled_at", "document", "answers", "sentence"])
    record(
        "task.signed",
        by=by,
        on=task,
        practice=task.practice_id,
        within=task.appointment_id,
        detail={"category": task.category_id, "document": str(document.pk)},
    )
