"""Patients upload files in pieces, so that a lost connection loses one piece and not the file.

The database knows how many bytes have arrived (`offset`, as tus 1.0 names it), the storage has the pieces. A complete
file goes through the same intake as every upload when the form is sent (docs/decisions/0056)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from documents.models import DocumentRequest, PartialUpload, ReceivedDocument
from documents.models.partial_upload import PartialUploadQuerySet
from documents.receiving.limits import Sender, check_may_begin, uploads_by
from documents.receiving.sending import Around, check_may_send
from documents.receiving.uploaded import discard
from files import pieces
from files.intake import Intake, Refused, TryLater, accept, empty_sentence, too_large_sentence
from files.limits import MAX_BYTES
from files.names import clean_name
from refusals import Kind, Refusal

ATTEMPTS = 3  # to begin a file that other tabs begin and end meanwhile


class UploadLost(Refusal):
    """Unknown, ended, or its pieces are gone: the browser begins anew."""

    code = "upload_lost"
    kind = Kind.GONE
    field = "file"
    words = gettext_lazy(
        "Un fichier n’est plus complet sur le serveur. Choisissez de nouveau vos fichiers, puis envoyez-les."
    )


def begin_upload(*, around: Around, by: Sender, name: str, size: int, fingerprint: str) -> PartialUpload:
    """Begin one file, or go on with the same one. `fingerprint`: of the file, made by the browser. Raises as
    check_may_send and check_may_begin, and Refused, TryLater."""
    check_may_send(around, by)
    name = clean_name(name)
    if size == 0:
        raise Refused("empty", empty_sentence(name))
    if size > MAX_BYTES:
        raise Refused("too_large", too_large_sentence(name, str(max(51, round(size / 1_048_576)))))
    identity = uuid.uuid5(uuid.uuid5(around.pk, by.pk.hex), f"{size} {fingerprint}")
    request = around if isinstance(around, DocumentRequest) else None
    user, link = (by, None) if isinstance(by, User) else (None, by)
    for _attempt in range(ATTEMPTS):
        if found := _of(around, by).live().filter(identity=identity).first():
            return found
        check_may_begin(request, by, size)
        upload = PartialUpload(request=request, user=user, link=link, identity=identity, name=name, size=size)
        upload.appointment_id = request.appointment_id if request else around.pk
        try:
            with transaction.atomic():
                discard(_of(around, by).lapsed().filter(identity=identity, sent_at=None))
                upload.save(force_insert=True)
        except IntegrityError:
            continue  # another tab began the same file at the same moment, and may have sent it since
        return upload
    raise _unsure()


def add_piece(*, around: Around, by: Sender, upload: uuid.UUID, offset: int, content: bytes) -> PartialUpload:
    """Add the bytes from `offset` on. A piece that does not begin where the upload ends changes nothing: the returned
    row says where to go on. Raises as check_may_send, and UploadLost, Refused, TryLater."""
    check_may_send(around, by)
    found = _of(around, by).live().filter(pk=upload).first()
    if found is None:
        raise UploadLost
    if offset != found.offset:
        return found
    if not 0 < len(content) <= min(pieces.LARGEST, found.size - offset):
        raise Refused("piece_size", _("Ce morceau de fichier n’a pas la bonne taille."))
    try:
        piece = pieces.keep(found.pk, content)
    except pieces.StorageUnsure:
        raise _unsure() from None
    with transaction.atomic():
        current = _of(around, by).live().select_for_update(of=("self",)).filter(pk=upload).first()
        is_next = current is not None and current.offset == offset
        if current is not None and is_next:
            current.offset += len(content)
            current.pieces.append(piece)
            current.save(update_fields=["offset", "pieces"])
    if not is_next:
        pieces.remove(found.pk, piece)  # another tab was faster, or it was sent or deleted meanwhile
    if current is None:
        raise UploadLost
    return current


def uploads_of(around: Around, by: Sender, ids: Sequence[uuid.UUID]) -> list[PartialUpload]:
    """Complete ones, sent or not, in this order. Raises UploadLost."""
    found = {one.pk: one for one in _of(around, by).filter(pk__in=ids)}
    wanted = [found[one] for one in dict.fromkeys(ids) if one in found and found[one].is_complete]
    if len(wanted) != len(set(ids)):
        raise UploadLost
    return wanted


def sent_before(uploads: Sequence[PartialUpload]) -> list[ReceivedDocument]:
    """What they became if all of them were sent. Raises UploadLost for some of them, or if it was taken back."""
    if not any(one.sent_at for one in uploads):
        return []
    ids = {pk for one in uploads for pk in one.sent_as}
    documents = list(ReceivedDocument.objects.filter(pk__in=ids))
    if not documents or not all(one.sent_at for one in uploads):
        raise UploadLost
    return documents


def sent_meanwhile(around: Around, by: Sender, uploads: Sequence[PartialUpload]) -> list[ReceivedDocument]:
    """What they became if the same form, in another request, was faster."""
    try:
        return sent_before(uploads_of(around, by, [one.pk for one in uploads]))
    except UploadLost:
        return []


def accept_upload(upload: PartialUpload) -> Intake:
    """A complete one, through the intake of every upload. Raises Refused and UploadLost, after which it is deleted;
    TryLater, after which the same may be sent again: the scanner or the storage is away."""
    try:
        with pieces.assembled(upload.pk, upload.pieces, name=upload.name, size=upload.size) as file:
            return accept(file)
    except TryLater:
        raise
    except pieces.StorageUnsure:
        raise _unsure() from None
    except (Refused, pieces.PiecesLost) as refused:
        with transaction.atomic():
            discard(PartialUpload.objects.filter(pk=upload.pk, sent_at=None))
        raise (UploadLost if isinstance(refused, pieces.PiecesLost) else refused) from None


def _unsure() -> TryLater:
    return TryLater("busy", _("Le fichier n’a pas pu être enregistré pour l’instant. Réessayez dans un instant."))


def _of(around: Around, by: Sender) -> PartialUploadQuerySet:
    """Of this account or link, for this request, or unasked for this appointment."""
    if isinstance(around, DocumentRequest):
        return uploads_by(by).filter(request=around)
    return uploads_by(by).filter(request=None, appointment=around)
