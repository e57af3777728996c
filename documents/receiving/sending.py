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
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit.trail import record
from documents.models import DocumentRequest, ReceivedDocument, ReceivedState
from documents.receiving import messages
from documents.receiving.access import Asked, all_received, request_of, sees
from documents.receiving.asking import RequestOver, locked_request
from documents.receiving.states import follow_files
from files import storage
from files.intake import Intake, Refused
from files.limits import PDF
from files.models import StoredFile
from files.photographs import as_one_pdf
from refusals import Kind, Refusal

AT_ONCE = 20  # files of one form
MAX_FILES = 40  # of one request


class NotYours(Refusal):
    """The account finds the request and may not send for it: suspended, or no longer a guardian."""

    code = "may_not_send"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Votre compte ne peut plus envoyer de document pour ce rendez-vous. Si cela vous étonne, appelez le cabinet."
    )


class TooManyFiles(Refusal):
    code = "too_many_files"
    kind = Kind.INVALID
    field = "file"
    words = gettext_lazy("Trop de fichiers pour cette demande. Appelez le cabinet s’il lui en faut davantage.")


class AlreadySeen(Refusal):
    """The practice has seen it: it is part of what it knows."""

    code = "already_seen"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Le cabinet a déjà vu ce document : il ne se reprend plus. S’il n’aurait pas dû être envoyé, appelez le "
        "cabinet."
    )


def send_files(
    *, request: DocumentRequest, intakes: Sequence[Intake], by: User, sending: uuid.UUID | None = None
) -> list[ReceivedDocument]:
    """Send accepted uploads, in this order: several pictures become one PDF, a PDF stays as it is.

    `sending`: of the form; the same one sent twice sends once. Consumes the intakes: on return their bytes are in
    storage; after an exception nothing is stored. Raises RequestOver, NotYours, TooManyFiles, Refused;
    DocumentRequest.DoesNotExist if the account does not find the request.
    """
    try:
        _check_number(intakes)
        _check_may_send(request, by)
        ids = _Ids(request, by, sending or uuid.uuid4())
        if made := ids.already_made():
            return made
        papers = _papers(intakes)
    except BaseException:
        _drop(intakes)
        raise
    return _kept(request, papers, ids, by)


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
    """The ids that the files of one form get, whenever it is sent."""

    def __init__(self, request: DocumentRequest, by: User, sending: uuid.UUID) -> None:
        self.request = request
        self.space = uuid.uuid5(uuid.uuid5(request.pk, by.pk.hex), sending.hex)

    def __getitem__(self, number: int) -> uuid.UUID:
        return uuid.uuid5(self.space, str(number))

    def already_made(self) -> list[ReceivedDocument]:
        wanted = [self[number] for number in range(AT_ONCE)]
        return list(ReceivedDocument.objects.filter(request=self.request, pk__in=wanted))


def _check_number(intakes: Sequence[Intake]) -> None:
    if not intakes:
        raise Refused("nothing_chosen", _("Aucun fichier n’a été choisi. Choisissez un fichier."))
    if len(intakes) > AT_ONCE:
        raise TooManyFiles(_("Vingt fichiers au plus à la fois. Envoyez les autres ensuite."))


def _check_may_send(request: DocumentRequest, by: User) -> Asked:
    """Raises DocumentRequest.DoesNotExist, RequestOver, NotYours, TooManyFiles."""
    asked = request_of(by, request)
    if asked is None:
        raise DocumentRequest.DoesNotExist
    if not request.takes_files:
        raise RequestOver(_("Le cabinet a clos cette demande : il n’attend plus rien."))
    if not asked.rights.sends:
        raise NotYours
    if ReceivedDocument.objects.filter(request=request).count() >= MAX_FILES:
        raise TooManyFiles
    return asked


def _papers(intakes: Sequence[Intake]) -> list[Intake]:
    """Several pictures as one PDF, at the place of the first. Raises Refused."""
    pictures = [one for one in intakes if one.media_type != PDF]
    if len(pictures) < 2:
        return list(intakes)
    name = _("%(count)d pages.pdf") % {"count": sum(one.page_count for one in pictures)}
    bound = as_one_pdf(pictures, name=name)
    first = intakes.index(pictures[0])
    return [
        bound if number == first else one
        for number, one in enumerate(intakes)
        if one.media_type == PDF or number == first
    ]


def _kept(request: DocumentRequest, papers: list[Intake], ids: _Ids, by: User) -> list[ReceivedDocument]:
    """Store the bytes, then write the rows in one transaction."""
    stored: list[tuple[Intake, StoredFile]] = []
    try:
        for paper in papers:
            stored.append((paper, storage.keep(paper)))
        return _write(request, stored, ids, by)
    except BaseException:
        _drop(papers)
        _abandon([file for _paper, file in stored])
        raise


@transaction.atomic
def _write(
    request: DocumentRequest, stored: list[tuple[Intake, StoredFile]], ids: _Ids, by: User
) -> list[ReceivedDocument]:
    current = locked_request(request)
    if made := ids.already_made():  # the same form, in another request that was faster
        transaction.on_commit(partial(_abandon, [file for _paper, file in stored]))
        return made
    asked = _check_may_send(current, by)
    came = []
    for number, (paper, file) in enumerate(stored):
        if twin := _same(current, file, by):
            transaction.on_commit(partial(_abandon, [file]))
            came.append(twin)
            continue
        file.save()
        received = ReceivedDocument(
            id=ids[number],
            practice=current.practice,
            appointment=current.appointment,
            request=current,
            file=file,
            name=paper.name,
            page_count=paper.page_count,
            notices=list(paper.notices),
            sent_by=by,
            sent_as=asked.rights.sent_as,
        )
        received.full_clean(exclude=["file", "appointment", "request", "practice", "sent_by"])
        received.save()
        _record("document.received", received, by)
        came.append(received)
    follow_files(current, by)
    messages.settle(current, by=by)
    return came


def _same(request: DocumentRequest, file: StoredFile, by: User) -> ReceivedDocument | None:
    """The same bytes, sent before for this request, and still to be seen."""
    sent = ReceivedDocument.objects.filter(request=request, sent_by=by, file__sha256=file.sha256)
    return sent.waiting().first()


def _abandon(files: Sequence[StoredFile]) -> None:
    for file in files:
        storage.abandon(file)


def _record(action: str, received: ReceivedDocument, by: User) -> None:
    record(
        action,
        by=by,
        on=received,
        practice=received.practice_id,
        within=received.appointment_id,
        detail={"sha256": received.file.sha256, "sent_as": received.sent_as, "notices": received.notices},
    )


def _drop(intakes: Sequence[Intake]) -> None:
    for one in intakes:
        one.path.unlink(missing_ok=True)
