"""Staff see what patients sent, accept it, or refuse it with a sentence and so ask again."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.recipients import resolve
from audit.trail import record
from documents.models import ReadingMeans, ReceivedDocument, ReceivedState, RequestState
from documents.receiving import messages
from documents.receiving.access import sees
from documents.receiving.asking import locked_request
from documents.receiving.states import follow_files
from documents.sharing.uploads import check_may_share, locked
from files.names import composed
from refusals import Kind, Refusal

MAX_SENTENCE = 500  # characters


class AlreadySettled(Refusal):
    code = "already_settled"
    kind = Kind.CONFLICT
    words = gettext_lazy("Quelqu’un du cabinet a déjà accepté ou refusé ce document.")


@transaction.atomic
def note_seen(*, received: ReceivedDocument, by: User, means: ReadingMeans) -> None:
    """Before a byte or a page of it leaves. From then on the patient does not take it back. The caller has found it
    for staff. Raises ReceivedDocument.DoesNotExist if it was taken back meanwhile."""
    current = ReceivedDocument.objects.select_for_update(of=("self",)).get(pk=received.pk)
    if current.seen_at is None:
        current.seen_at = timezone.now()
        current.save(update_fields=["seen_at"])
    _record("received.opened", current, by, means=means.value)
    received.seen_at = current.seen_at


@transaction.atomic
def note_reread(*, received: ReceivedDocument, by: User) -> None:
    """Before its bytes leave for an account that sees it again. Raises ReceivedDocument.DoesNotExist."""
    ReceivedDocument.objects.select_for_update(of=("self",)).get(pk=received.pk)
    if not sees(by, received):
        raise ReceivedDocument.DoesNotExist
    _record("received.reread", received, by)


@transaction.atomic
def accept(*, received: ReceivedDocument, by: User) -> ReceivedDocument:
    """Take it into the record; it counts as seen. Accepting twice changes nothing. Raises NotAllowed, AlreadySettled,
    ReceivedDocument.DoesNotExist."""
    current = _locked(received, by)
    if current.state == ReceivedState.ACCEPTED:
        return current
    _check_open(current)
    _settle(current, ReceivedState.ACCEPTED, by)
    _record("received.accepted", current, by)
    return current


@transaction.atomic
def refuse(*, received: ReceivedDocument, sentence: str, by: User) -> ReceivedDocument:
    """Refuse it, and tell the patient that something is to be sent again; the sentence stands on their page alone.
    Raises ValidationError, and as accept."""
    current = _locked(received, by)
    _check_open(current)
    sentence = composed(sentence).strip()
    if not sentence:
        raise ValidationError({"detail": _("Dites au patient en une phrase ce qui ne va pas.")})
    if len(sentence) > MAX_SENTENCE:
        raise ValidationError({"detail": _("Cette phrase dépasse 500 caractères. Raccourcissez-la.")})
    current.sentence = sentence
    _settle(current, ReceivedState.REFUSED, by)
    _record("received.refused", current, by)
    request = current.request
    recipient = resolve(current.appointment)
    if request is not None and request.state == RequestState.REFUSED and recipient.is_ready:
        messages.announce(request, to=recipient, by=by)
    return current


def _locked(received: ReceivedDocument, by: User) -> ReceivedDocument:
    """With its appointment and its request locked, in this order. Raises NotAllowed,
    ReceivedDocument.DoesNotExist."""
    check_may_share(received.appointment, by)
    request = locked_request(received.request) if received.request else None
    appointment = request.appointment if request else locked(received.appointment)
    rows = ReceivedDocument.objects.select_for_update(of=("self",)).select_related("file")
    current = rows.get(pk=received.pk)
    current.appointment, current.request = appointment, request
    return current


def _check_open(received: ReceivedDocument) -> None:
    if received.state != ReceivedState.WAITING:
        raise AlreadySettled


def _settle(received: ReceivedDocument, state: ReceivedState, by: User) -> None:
    received.state, received.settled_by, received.settled_at = state, by, timezone.now()
    received.seen_at = received.seen_at or received.settled_at  # from now on the patient does not take it back
    received.save(update_fields=["state", "settled_by", "settled_at", "seen_at", "sentence"])
    if received.request is not None:
        follow_files(received.request, by)


def _record(action: str, received: ReceivedDocument, by: User, **detail: str) -> None:
    record(
        action,
        by=by,
        on=received,
        practice=received.practice_id,
        within=received.appointment_id,
        detail={"sha256": received.file.sha256, **detail},
    )
