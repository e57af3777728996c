"""The form by which patients send files: of an account, and of a link without one."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy

from documents.models import PartialUpload, ReceivedDocument
from documents.receiving.limits import Sender
from documents.receiving.sending import AT_ONCE, Around
from documents.receiving.uploading import accept_upload, sent_before, sent_meanwhile, uploads_of
from files.intake import TryLater, accept
from portals.answers import Done
from portals.form_errors import refusals_in
from portals.sent_pieces import upload_ids

PICKERS = range(2, 7)  # one page each, for browsers without JavaScript


class SendForm(forms.Form):
    """Its files are read in the order in which the browser sends them; a script has uploaded them before, in pieces.
    `retry_after`: in how many seconds the same form may succeed."""

    file = forms.Field(required=False, label=gettext_lazy("Fichiers ou photos"))
    retry_after: int | None = None

    @property
    def status(self) -> int:
        if self.retry_after is not None:
            return 503
        return 400 if self.errors else 200


def send_pages(
    request: HttpRequest, form: SendForm, *, around: Around, by: Sender, send: Callable[..., list[ReceivedDocument]]
) -> list[ReceivedDocument]:
    """Send all chosen files, or none: then what is refused stands in the form. `send`: a use case of
    documents.receiving.sending, without its `intakes`, `sending` and `uploads`."""
    uploads: list[PartialUpload] = []
    sent: list[ReceivedDocument] = []
    with ExitStack() as kept:
        accepted = []
        with _refusals_in(form):
            uploads = uploads_of(around, by, upload_ids(request)[: AT_ONCE + 1])
            if sent := sent_before(uploads):
                return sent
        for one in uploads:
            with _refusals_in(form):
                accepted.append(kept.enter_context(accept_upload(one)))
        for upload in request.FILES.getlist("file")[: AT_ONCE + 1]:
            with _refusals_in(form):
                accepted.append(kept.enter_context(accept(upload)))
        if form.errors:
            return sent_meanwhile(around, by, uploads)
        with _refusals_in(form):
            sent = send(intakes=accepted, sending=_sending(request), uploads=uploads)
    return sent


def answered(request: HttpRequest, form: SendForm, page: HttpResponse | Done) -> HttpResponse:
    """The page, or the redirect after a success: to the script that uploads as 201, because a script that follows a
    redirect shows its messages to nobody."""
    if isinstance(page, Done) and request.headers.get("X-Requested-With") == "pieces":
        return HttpResponse(status=201, headers={"Location": page.url})
    if form.retry_after is not None:
        page["Retry-After"] = str(form.retry_after)
    return page


@contextmanager
def _refusals_in(form: SendForm) -> Iterator[None]:
    with refusals_in(form):
        try:
            yield
        except TryLater as later:
            form.retry_after = later.retry_after
            raise


def _sending(request: HttpRequest) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.POST.get("sending", ""))
    except ValueError:
        return None  # no page of ours sends it
