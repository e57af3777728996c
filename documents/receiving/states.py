"""The state of a request follows its files: one function, after each change of either."""

from __future__ import annotations

from django.utils import timezone

from accounts.models import User
from audit.trail import record
from documents.models import DocumentRequest, ReceivedState, RequestState


def follow_files(request: DocumentRequest, by: User | None) -> None:
    """What waits to be seen outweighs what was accepted, and that what was refused. The caller has locked the
    request. A cancelled one stays cancelled, and so does an expired one."""
    if request.state in (RequestState.CANCELLED, RequestState.EXPIRED):
        return
    files = list(request.received.order_by("-settled_at", "-received_at"))
    states = {one.state for one in files}
    state, sentence = RequestState.ASKED, ""
    if ReceivedState.WAITING in states:
        state = RequestState.RECEIVED
    elif ReceivedState.ACCEPTED in states:
        state = RequestState.ACCEPTED
    elif ReceivedState.REFUSED in states:
        state, sentence = RequestState.REFUSED, files[0].sentence
    if (state, sentence) == (request.state, request.sentence):
        return
    fulfilled = state == RequestState.ACCEPTED and request.state != state
    request.state, request.sentence = state, sentence
    request.settled_at = timezone.now() if state == RequestState.ACCEPTED else None
    request.save(update_fields=["state", "sentence", "settled_at"])
    if fulfilled:
        record("request.fulfilled", by=by, on=request, practice=request.practice_id, within=request.appointment_id)
