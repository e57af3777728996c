"""*Annuler* for thirty seconds after sharing one document or a batch, taking back, moving or cancelling: by who did
it, in that session."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.models import User
from appointments.models import Appointment
from documents.messages import end_sitting
from documents.models import ActKind, FillingDraft, Task, UndoableAct
from documents.sharing.access import visible_as_staff
from documents.undoing.appointments import undo_change
from documents.undoing.batches import undo_start
from documents.undoing.sharing import AlreadyRead, undo_share, undo_take_back
from portals.answers import done, not_done, refusals_shown
from portals.practitioner.staff import appointment_of, staff_only
from portals.practitioner.undo_offer import forget_offer, session_mark

UNDONE = {
    ActKind.SHARE: gettext_lazy(
        "Le partage est annulé : personne n’en a été averti, et plus personne ne voit le document."
    ),
    ActKind.TAKE_BACK: gettext_lazy("Le retrait est annulé : le document est de nouveau partagé."),
    ActKind.MOVE: gettext_lazy(
        "Le déplacement est annulé : le rendez-vous est à sa place d’avant, et personne n’a été averti."
    ),
    ActKind.CANCEL: gettext_lazy("Le rendez-vous est rétabli : personne n’a été averti de son annulation."),
    ActKind.BATCH: gettext_lazy(
        "L’envoi est annulé : aucun document n’est parti, et personne n’a été averti. Changez ce qui doit l’être, "
        "puis envoyez de nouveau."
    ),
}
FILLED_AGAIN = gettext_lazy("Vous retrouvez ici ce que vous aviez écrit.")
TO_SIGN_AGAIN = gettext_lazy("Il attend de nouveau votre signature.")
UNDO: dict[ActKind, Callable[..., FillingDraft | Task | None]] = {
    ActKind.SHARE: undo_share,
    ActKind.TAKE_BACK: undo_take_back,
    ActKind.MOVE: undo_change,
    ActKind.CANCEL: undo_change,
    ActKind.BATCH: undo_start,
}


@staff_only
@require_POST
def undo(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Lead back to where it was done. Somebody else's act, or one of another session, does not exist."""
    act = get_object_or_404(UndoableAct, pk=pk, by=user, session=session_mark(request))
    kind = ActKind(act.kind)
    with refusals_shown(request) as shown:
        back = UNDO[kind](act=act, by=user)
        forget_offer(request, act)
        if isinstance(back, Task):
            messages.success(request, f"{UNDONE[kind]} {TO_SIGN_AGAIN}")
            return done("practitioner:to-sign")
        messages.success(request, f"{UNDONE[kind]} {FILLED_AGAIN}" if back else str(UNDONE[kind]))
        if back:
            return done("practitioner:fill", pk=act.appointment, template=back.version_id)
    if kind == ActKind.BATCH:
        return shown.redirect("practitioner:batch", pk=act.batch)
    if isinstance(shown.refusal, AlreadyRead) and visible_as_staff(user).filter(pk__in=[act.document]).exists():
        return not_done("practitioner:take-back", pk=act.document)
    if not Appointment.objects.of_staff(user).filter(pk__in=[act.appointment]).exists():
        return shown.redirect("practitioner:agenda")
    if kind == ActKind.SHARE:
        return shown.redirect("practitioner:share", pk=act.appointment)
    return shown.redirect("practitioner:appointment", pk=act.appointment)


@staff_only
@require_POST
def page_left(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The browser says that the page of sharing was left: its messages wait no longer."""
    end_sitting(appointment_of(user, pk), by=user)
    return HttpResponse(status=204)
