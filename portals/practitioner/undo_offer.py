"""What the session of a member of staff may still undo, for the bar above the page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.models import Appointment
from documents.models import ActKind, ShareBatch, SharedDocument, UndoableAct
from notifications.wording import long_day

LAST = "last_act"  # in the session
LAST_BATCH = "last_batch"  # in the session; of its own, because the release before cannot show this kind
BUTTONS: dict[str, Promise] = {
    ActKind.SHARE: gettext_lazy("Annuler le partage"),
    ActKind.TAKE_BACK: gettext_lazy("Annuler le retrait"),
    ActKind.MOVE: gettext_lazy("Annuler le déplacement"),
    ActKind.CANCEL: gettext_lazy("Annuler l’annulation"),
    ActKind.BATCH: gettext_lazy("Annuler tout l’envoi"),
}


def session_mark(request: HttpRequest) -> str:
    """Names the session, without giving it."""
    if not request.session.session_key:
        request.session.create()
    return salted_hmac("portals.undo", str(request.session.session_key)).hexdigest()


def offer_to_undo(request: HttpRequest, act: UndoableAct | None) -> None:
    """The next pages show it, while there is time."""
    if act is not None:
        place = LAST_BATCH if act.kind == ActKind.BATCH else LAST
        request.session[place] = [str(act.pk), act.until.timestamp()]


def forget_offer(request: HttpRequest, act: UndoableAct) -> None:
    """It was undone. Another one that is offered stays."""
    for place in (LAST, LAST_BATCH):
        if request.session.get(place, [""])[0] == str(act.pk):
            del request.session[place]


def undo_offered(request: HttpRequest, user: User) -> dict[str, Any] | None:
    """The last act of this session that can still be undone. Asks the database only if there may be one."""
    now = timezone.now().timestamp()
    lasts = [last for place in (LAST, LAST_BATCH) if (last := request.session.get(place)) and last[1] > now]
    if not lasts:
        return None
    keys = [pk for pk, _until in lasts]
    acts = UndoableAct.objects.open().filter(pk__in=keys, by=user, session=session_mark(request))
    act = acts.order_by("-until", "-made_at").first()
    if act is None:
        return None
    if act.kind == ActKind.BATCH:
        return offer(act) | {"what": _of_batch(act)}
    about = Appointment.objects.of_staff(user).filter(pk__in=[act.appointment]).select_related("practice", "patient")
    return offer(act) | {"about": about.first()}  # the page may be of somebody else


def _of_batch(act: UndoableAct) -> str:
    """Which day's, because the page may be of another."""
    day = ShareBatch.objects.filter(pk__in=[act.batch]).values_list("day", flat=True).first()
    return _("documents du %(day)s à plusieurs patients") % {"day": long_day(day, weekday=True)} if day else ""


def share_act(document: SharedDocument, user: User, session: str) -> UndoableAct | None:
    """Its sharing, if it can be undone: shared on a page, by this session."""
    acts = UndoableAct.objects.open().filter(kind=ActKind.SHARE, document=document.pk, by=user, session=session)
    return acts.first()


def batch_undo(batch: ShareBatch, user: User, session: str) -> dict[str, Any] | None:
    """The start of this batch, if this session can still undo it: shown on its page."""
    act = UndoableAct.objects.open().filter(kind=ActKind.BATCH, batch=batch.pk, by=user, session=session).first()
    return offer(act) if act else None


def open_shares(user: User, session: str) -> list[UndoableAct]:
    """All sharings of this session that can still be undone, oldest first."""
    acts = UndoableAct.objects.open().filter(kind=ActKind.SHARE, by=user, session=session)
    return list(acts.order_by("made_at", "pk"))


def offer(act: UndoableAct) -> dict[str, Any]:
    left = act.until - timezone.now()
    return {"act": act, "button": BUTTONS[act.kind], "seconds": max(0, round(left.total_seconds()))}
