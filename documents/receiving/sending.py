"""Patients send files for what the practice asked; and take them back until the practice has seen them.

The order is that of sharing: every file is checked and in storage before the one transaction of the rows. A crash
before it leaves files without a row, which the nightly sweep removes; the same form sent again after it finds its
rows.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from appointments.models import Appointment, AppointmentStatus
from audit.trail import record
from documents.models import DocumentLink, DocumentRequest, PartialUpload, ReceivedDocument, ReceivedState
from documents.models.receiving import KEPT_OPEN, ReceivedDocumentQuerySet
from documents.receiving import messages
from documents.receiving.access import (
    Rights,
    all_received,
    asked_by_link,
    request_of,
    rights_of,
    rights_of_link,
    sees,
)
from documents.receiving.asking import RequestOver, locked_request
from documents.receiving.limits import Sender, TooManyFiles, check_amount, sent_by_or_link
from documents.receiving.states import follow_files
from documents.receiving.uploaded import note_sent
from documents.sending.links import find_link_again
from documents.sharing.uploads import locked
from files import storage
from files.intake import Intake, Refused
from files.limits import PDF
from files.models import StoredFile
from files.photographs import as_one_pdf
from refusals import Kind, Refusal

Around = DocumentRequest | Appointment  # what is sent for: a request, or an appointment without one
AT_ONCE = 20  # files of one form


class NotYours(Refusal):
    """The account finds the request and may not send for it: suspended, or no longer a guardian."""

    code = "may_not_send"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Votre compte ne peut plus envoyer de document pour ce rendez-vous. Si cela vous étonne, appelez le cabinet."
    )


class NoFiles(Refusal):
    """The request is for the answers to a questionnaire."""

    code = "answers_wanted"
    kind = Kind.CONFLICT
    words = gettext_lazy("Le cabinet demande des réponses à un questionnaire, pas un document.")


class NotAsked(Refusal):
    """The practice takes only what it asks for, or no more for this appointment."""

    code = "not_asked"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Ce cabinet ne reçoit par ici que ce qu’il demande, jusqu’à 30 jours après le rendez-vous. Appelez-le s’il a "
        "besoin d’autre chose."
    )


class AlreadySeen(Refusal):
    """The practice has seen it: it is part of what it knows."""

    code = "already_seen"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Le cabinet a déjà vu ce document : il ne se reprend plus. S’il n’aurait pas dû être envoyé, appelez le "
        "cabinet."
    )


def send_files(
    *,
    request: DocumentRequest,
    intakes: Sequence[Intake],
    by: Sender,
    sending: uuid.UUID | None = None,
    uploads: Sequence[PartialUpload] = (),
) -> list[ReceivedDocument]:
    """Send accepted uploads, in this order: several pictures become one PDF, a PDF stays as it is.

    `sending`: of the form; the same one sent twice with the same files sends once. `uploads`: what the intakes were
    made of, which ends with them. Consumes the intakes: on return their bytes are in storage; after an exception
    nothing is stored. Raises RequestOver, NotYours, NoFiles, TooManyFiles, TooMuchToday, Refused;
    DocumentRequest.DoesNotExist if the account does not find the request.
    """
    return _send(request, intakes, by, sending, uploads)


def may_send_unasked(by: User, appointment: Appointment) -> bool:
    """Whether the practice takes from this account what it did not ask for around this appointment."""
    rights = rights_of(by, appointment)
    return rights is not None and rights.sends and _takes_unasked(appointment)


def send_unasked(
    *,
    appointment: Appointment,
    intakes: Sequence[Intake],
    by: User,
    sending: uuid.UUID | None = None,
    uploads: Sequence[PartialUpload] = (),
) -> list[ReceivedDocument]:
    """As send_files, for what nobody asked. Needs the appointment with access.PARTS. Raises NotAsked, NotYours,
    TooMuchToday, Refused; Appointment.DoesNotExist if the account has nothing to do with it."""
    return _send(appointment, intakes, by, sending, uploads)


def check_may_send(around: Around, by: Sender) -> None:
    """Raises RequestOver, NotYours, NoFiles, NotAsked; DoesNotExist of a request or an appointment."""
    _check_takes(around, _rights_around(around, by))


def _takes_unasked(appointment: Appointment) -> bool:
    is_over = appointment.ends_at < timezone.now() - KEPT_OPEN
    return appointment.practice.takes_unasked and appointment.status == AppointmentStatus.BOOKED and not is_over


@transaction.atomic
def take_back(*, received: ReceivedDocument, by: User) -> None:
    """Delete what the account sent, row and bytes. Taking back what is gone changes nothing. Raises AlreadySeen;
    ReceivedDocument.DoesNotExist for somebody else's."""
    if received.request is not None:
        locked_request(received.request)  # first, as staff who accept or refuse
    current = ReceivedDocument.objects.select_for_update(of=("self",)).filter(pk=received.pk).first()
    if current is None:
        return
    found = all_received().get(pk=current.pk)
    if found.sent_by_id != by.pk or not sees(by, found):
        raise ReceivedDocument.DoesNotExist
    if current.seen_at is not None or current.state != ReceivedState.WAITING:
        raise AlreadySeen
    _record("received.taken_back", current, by)
    file = current.file
    current.delete()
    storage.purge(file)
    if received.request is not None:
        follow_files(locked_request(received.request), by)


class _Ids:
    """The ids that the files of one form get, whenever it is sent with these files."""

    def __init__(self, around: Around, by: Sender, sending: uuid.UUID, intakes: Sequence[Intake]) -> None:
        self.around = around
        form = uuid.uuid5(uuid.uuid5(around.pk, by.pk.hex), sending.hex)
        self.space = uuid.uuid5(form, " ".join(storage.sha256_of(one.path) for one in intakes))

    def __getitem__(self, number: int) -> uuid.UUID:
        return uuid.uuid5(self.space, str(number))

    def already_made(self) -> list[ReceivedDocument]:
        wanted = [self[number] for number in range(AT_ONCE)]
        return list(_sent_around(self.around).filter(pk__in=wanted))


def _send(
    around: Around,
    intakes: Sequence[Intake],
    by: Sender,
    sending: uuid.UUID | None,
    uploads: Sequence[PartialUpload],
) -> list[ReceivedDocument]:
    try:
        _check_number(intakes)
        rights = _rights_around(around, by)
        ids = _Ids(around, by, sending or uuid.uuid4(), intakes)
        if made := ids.already_made():
            _drop(intakes)
            return made
        _check_takes(around, rights)
        papers = _papers(intakes)
    except BaseException:
        _drop(intakes)
        raise
    return _kept(around, papers, ids, by, uploads)


def _check_number(intakes: Sequence[Intake]) -> None:
    if not intakes:
        raise Refused("nothing_chosen", _("Aucun fichier n’a été choisi. Choisissez un fichier."))
    if len(intakes) > AT_ONCE:
        raise TooManyFiles(_("Vingt fichiers au plus à la fois. Envoyez les autres ensuite."))


def _rights_around(around: Around, by: Sender) -> Rights:
    """Raises DoesNotExist of a request or an appointment."""
    if isinstance(around, DocumentRequest):
        rights = _rights(around, by)
        missing: type[Exception] = DocumentRequest.DoesNotExist
    else:
        assert isinstance(by, User)  # links send only what is asked
        rights, missing = rights_of(by, around), Appointment.DoesNotExist
    if rights is None:
        raise missing
    return rights


def _check_takes(around: Around, rights: Rights) -> None:
    """Raises RequestOver, NoFiles, NotAsked, NotYours."""
    if isinstance(around, DocumentRequest):
        if not around.is_open:
            raise RequestOver(_("Le cabinet a clos cette demande : il n’attend plus rien."))
        if not around.takes_files:
            raise NoFiles
    elif not _takes_unasked(around):
        raise NotAsked
    if not rights.sends:
        raise NotYours


def _rights(request: DocumentRequest, by: Sender) -> Rights | None:
    """Of an account, or of a link, for this request."""
    if isinstance(by, User):
        asked = request_of(by, request)
        return asked.rights if asked else None
    link = find_link_again(by)
    is_asked = link is not None and request.pk in {one.pk for one in asked_by_link(link)}
    return rights_of_link(link) if link is not None and is_asked else None


def _papers(intakes: Sequence[Intake]) -> list[Intake]:
    """Several pictures as one PDF, at the place of the first. Raises Refused."""
    pictures = [one for one in intakes if one.media_type != PDF]
    if len(pictures) < 2:
        return list(intakes)
    count = sum(one.page_count for one in pictures)
    name = ngettext("%(count)d page.pdf", "%(count)d pages.pdf", count) % {"count": count}
    bound = as_one_pdf(pictures, name=name)
    first = intakes.index(pictures[0])
    return [
        bound if number == first else one
        for number, one in enumerate(intakes)
        if one.media_type == PDF or number == first
    ]


def _kept(
    around: Around, papers: list[Intake], ids: _Ids, by: Sender, uploads: Sequence[PartialUpload]
) -> list[ReceivedDocument]:
    """Store the bytes, then write the rows in one transaction."""
    stored: list[tuple[Intake, StoredFile]] = []
    try:
        for paper in papers:
            stored.append((paper, storage.keep(paper, practice=around.practice_id)))
        return _write(around, stored, ids, by, uploads)
    except BaseException:
        _drop(papers)
        _abandon([file for _paper, file in stored])
        raise


@transaction.atomic
def _write(
    around: Around,
    stored: list[tuple[Intake, StoredFile]],
    ids: _Ids,
    by: Sender,
    uploads: Sequence[PartialUpload],
) -> list[ReceivedDocument]:
    current = _locked_around(around)
    came = ids.already_made()  # the same form, in another request that was faster
    if came:
        transaction.on_commit(partial(_abandon, [file for _paper, file in stored]))
    else:
        came = _written(current, stored, ids, by, uploads)
    note_sent(uploads, as_=came)
    return came


def _written(
    current: Around,
    stored: list[tuple[Intake, StoredFile]],
    ids: _Ids,
    by: Sender,
    uploads: Sequence[PartialUpload],
) -> list[ReceivedDocument]:
    """The rows of what is not there yet, with the row that each of the others has. `current` is locked."""
    user = by if isinstance(by, User) else None
    request, appointment, rights = _checked(current, by)
    came: list[ReceivedDocument] = []
    new: dict[str, tuple[int, Intake, StoredFile]] = {}
    for number, (paper, file) in enumerate(stored):
        twin = _same(current, file, by)
        if twin or file.sha256 in new:
            transaction.on_commit(partial(_abandon, [file]))
            came += [twin] if twin else []
        else:
            new[file.sha256] = (number, paper, file)
    check_amount(request, by, [file.size for _number, _paper, file in new.values()], beside=uploads)
    for number, paper, file in new.values():
        file.save()
        received = ReceivedDocument(
            id=ids[number],
            practice=current.practice,
            appointment=appointment,
            request=request,
            file=file,
            name=paper.name,
            page_count=paper.page_count,
            notices=list(paper.notices),
            sent_by=user,
            link=by if isinstance(by, DocumentLink) else None,
            sent_as=rights.sent_as,
        )
        received.full_clean(exclude=["file", "appointment", "request", "practice", "sent_by", "link"])
        received.save()
        _record("document.received", received, user)
        came.append(received)
    if request is not None:
        follow_files(request, user)
        messages.settle(request, by=user)
    return came


def _locked_around(around: Around) -> Around:
    return locked_request(around) if isinstance(around, DocumentRequest) else locked(around)


def _checked(current: Around, by: Sender) -> tuple[DocumentRequest | None, Appointment, Rights]:
    """What it is for, its appointment, and by what rights; once it is locked."""
    rights = _rights_around(current, by)
    _check_takes(current, rights)
    if isinstance(current, DocumentRequest):
        return current, current.appointment, rights
    return None, current, rights


def _sent_around(around: Around) -> ReceivedDocumentQuerySet:
    if isinstance(around, DocumentRequest):
        return ReceivedDocument.objects.filter(request=around)
    return ReceivedDocument.objects.filter(request=None, appointment=around)


def _same(around: Around, file: StoredFile, by: Sender) -> ReceivedDocument | None:
    """The same bytes, sent before for this request, and still to be seen."""
    sent = _sent_around(around).filter(sent_by_or_link(by), file__sha256=file.sha256)
    return sent.waiting().first()


def _abandon(files: Sequence[StoredFile]) -> None:
    for file in files:
        storage.abandon(file)


def _record(action: str, received: ReceivedDocument, by: User | None) -> None:
    record(
        action,
        by=by,
        on=received,
        practice=received.practice_id,
        within=received.appointment_id,
        detail={"sha256": received.file.sha256, "sent_as": received.sent_as, "notices": received.notices}
        | ({"link": str(received.link_id)} if received.link_id else {}),
    )


def _drop(intakes: Sequence[Intake]) -> None:
    for one in intakes:
        one.path.unlink(missing_ok=True)
