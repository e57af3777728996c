"""What the session of a member of staff may still undo, for the bar above the page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.models import Appointment
from documents.models import ActKind, SharedDocument, UndoableAct

LAST = "last_act"  # in the session
BUTTONS: dict[str, Promise] = {
    ActKind.SHARE: gettext_lazy("Annuler le partage"),
    ActKind.TAKE_BACK: gettext_lazy("Annuler le retrait"),
    ActKind.MOVE: gettext_lazy("Annuler le déplacement"),
    ActKind.CANCEL: gettext_lazy("Annuler l’annulation"),
}


def session_mark(request: HttpRequest) -> str:
    """Names the session, without giving it."""
    if not request.session.session_key:
        request.session.create()
    return salted_hmac("portals.undo", str(request.session.session_key)).hexdigest()


def offer_to_undo(request: HttpRequest, act: UndoableAct | None) -> None:
    """The next pages show it, while there is time."""
    if act is not None:
        request.session[LAST] = [str(act.pk), act.until.timestamp()]


def undo_offered(request: HttpRequest, user: User) -> dict[str, Any] | None:
    """The last act of this session that can still be undone. Asks the database only if there may be one."""
    last = request.session.get(LAST)
    if not last or last[1] <= timezone.now().timestamp():
        return None
    act = UndoableAct.objects.open().filter(pk=last[0], by=user, session=session_mark(request)).first()
    if act is None:
        return None
    about = Appointment.objects.of_staff(user).filter(pk=act.appointment).select_related("practice", "patient")
    return offer(act) | {"about": about.first()}  # the page may be of somebody else


def share_act(document: SharedDocument, user: User, session: str) -> UndoableAct | None:
    """Its sharing, if it can be undone: shared on a page, by this session."""
    acts = UndoableAct.objects.open().filter(kind=ActKind.SHARE, document=document.pk, by=user, session=session)
    return acts.first()


def open_shares(user: User, session: str) -> list[UndoableAct]:
    """All sharings of this session that can still be undone, oldest first."""
    acts = UndoableAct.objects.open().filter(kind=ActKind.SHARE, by=user, session=session)
    return list(acts.order_by("made_at", "pk"))


def offer(act: UndoableAct) -> dict[str, Any]:
    left = act.until - timezone.now()
    return {"act": act, "button": BUTTONS[act.kind], "seconds": max(0, round(left.total_seconds()))}
