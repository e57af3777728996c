"""Uploads in pieces by the browsers of patients: one address for each form, of an account and of a link alike.

A POST begins a file, or finds the same one, and a PATCH adds a piece; `Upload-Offset` is that of tus 1.0. The form is
then sent with the ids of complete uploads instead of files (portals/sent_pages.py)."""

from __future__ import annotations

import uuid

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from documents.models import PartialUpload
from documents.receiving.limits import Sender
from documents.receiving.sending import Around
from documents.receiving.uploading import add_piece, begin_upload
from files.intake import empty_sentence, too_large_sentence
from files.kinds import kind_refused_sentence
from files.limits import MAX_BYTES, MEDIA_TYPES
from files.pieces import LARGEST
from portals.answers import STATUS
from portals.calls import leave_unread
from refusals import Refusal


class BeginForm(forms.Form):
    name = forms.CharField(max_length=1000, strip=False)
    size = forms.IntegerField(min_value=0, max_value=2**31 - 1)
    fingerprint = forms.CharField(max_length=200)


class PieceForm(forms.Form):
    upload = forms.UUIDField()
    offset = forms.IntegerField(min_value=0, max_value=2**31 - 1)


def pieces_answer(request: HttpRequest, *, around: Around, by: Sender) -> HttpResponse:
    """Answer a POST or a PATCH. The caller has checked that `by` may see what it is for."""
    try:
        return _begun(request, around, by) if request.method == "POST" else _added(request, around, by)
    except Refusal as refused:
        return HttpResponse(refused.sentence, status=STATUS[refused.kind], content_type="text/plain; charset=utf-8")


def _begun(request: HttpRequest, around: Around, by: Sender) -> HttpResponse:
    form = BeginForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=400)
    given = form.cleaned_data
    upload = begin_upload(
        around=around, by=by, name=given["name"], size=given["size"], fingerprint=given["fingerprint"]
    )
    return JsonResponse({"id": str(upload.pk), "offset": upload.offset}, status=201)


def _added(request: HttpRequest, around: Around, by: Sender) -> HttpResponse:
    form = PieceForm({"upload": request.GET.get("upload"), "offset": request.headers.get("Upload-Offset")})
    length = request.headers.get("Content-Length", "")
    if not form.is_valid() or not length.isdecimal() or int(length) > LARGEST:
        leave_unread(request)
        return HttpResponse(status=400)
    pk, offset, content = form.cleaned_data["upload"], form.cleaned_data["offset"], request.body
    if len(content) != int(length):
        return HttpResponse(status=400)  # the connection broke, which some servers report as the end of the body
    upload = add_piece(around=around, by=by, upload=pk, offset=offset, content=content)
    return _offset(upload, is_next=upload.offset == offset + len(content))


def _offset(upload: PartialUpload, *, is_next: bool) -> HttpResponse:
    return HttpResponse(status=204 if is_next else 409, headers={"Upload-Offset": str(upload.offset)})


def upload_ids(request: HttpRequest) -> list[uuid.UUID]:
    """Of a form that was sent after its files; what is no id is left out."""
    found = []
    for value in request.POST.getlist("upload"):
        form = PieceForm({"upload": value, "offset": 0})
        if form.is_valid():
            found.append(form.cleaned_data["upload"])
    return found


def sending_config(address: str) -> dict[str, object]:
    """Read by static/js/pages_to_send.js. `address`: where the pieces go. The server checks again what the limits
    refuse."""
    return {
        "address": address,
        "largest": LARGEST,
        "extensions": list(MEDIA_TYPES),
        "maxBytes": MAX_BYTES,
        "words": {
            "kind": kind_refused_sentence("{name}"),
            "large": too_large_sentence("{name}", "{size}"),
            "empty": empty_sentence("{name}"),
            "kb": _("Ko"),
            "mb": _("Mo"),
            "progress": _("{loaded} sur {total}"),
            "announced": _("{name} : {percent} envoyés"),
            "resumed": _("{name} : l’envoi reprend à {percent}"),
            "arrived": _("Arrivé"),
            "lost": _(
                "La connexion est perdue. L’envoi reprend de lui-même dès qu’elle revient : gardez cette page "
                "ouverte."
            ),
            "checking": _("Tout est arrivé. Vérification en cours…"),
            "again": _("{reason} Nouvel essai dans {seconds} secondes, de lui-même."),
            "failed": _("L’envoi n’a pas abouti. Rien n’est perdu : appuyez de nouveau sur « Envoyer au cabinet »."),
        },
    }
