"""Error pages, each with a next step. The API has its own format of errors."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template import loader
from django.utils.translation import gettext as _

from accounts.return_pages import nearest_page, return_page
from documents.sharing.access import GONE
from files.full_disk import is_no_room
from files.storage import BytesChanged
from portals.answers import STATUS
from refusals import Kind, Refusal
from sealing.columns import CannotOpen

logger = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 400, _("La demande n’a pas été comprise."))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403, _("Votre compte n’a pas accès à cette fonction."))


def method_not_allowed(request: HttpRequest, refused: HttpResponseNotAllowed) -> HttpResponse:
    """A GET of an address that only accepts a button's POST; links to the page with that button."""
    sentence = _("Cette adresse est celle d’un bouton : elle ne s’ouvre pas comme une page. Rien n’a été fait.")
    response = _page(request, 405, sentence, back=nearest_page(request.path))
    response["Allow"] = refused["Allow"]
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was open for too long, or came from another site; offers a page of this site to start again."""
    came_from = request.headers.get("Referer", "")
    # With the slash: an address of another host cannot begin like this.
    ours = came_from.startswith(f"{request.scheme}://{request.get_host()}/")
    return _page(
        request,
        403,
        _("Le formulaire a expiré. Revenez à la page précédente, rechargez-la et recommencez."),
        template="errors/403_csrf.html",
        back=came_from if ours else "",
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 404, _("Cette page n’existe pas, ou n’existe plus."))


def too_many_requests(request: HttpRequest) -> HttpResponse:
    return _page(request, 429, _("Trop de demandes en peu de temps. Attendez quelques minutes, puis réessayez."))


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal that the view does not handle: a page with its sentence."""
    if refusal.kind == Kind.NOT_FOUND:
        return not_found(request, refusal)
    status = STATUS[refusal.kind]
    own = {Kind.NOT_ALLOWED: "errors/403.html", Kind.TOO_OFTEN: "errors/429.html"}.get(refusal.kind, "")
    template = own or ("errors/409.html" if isinstance(refusal, BytesChanged) else "errors/refused.html")
    response = _page(request, status, refusal.sentence, template=template, back=return_page(request))
    if refusal.retry_after:
        response["Retry-After"] = str(refusal.retry_after)
    return response


class FindingsMiddleware:
    """Turns exceptions of views into pages.

    A refusal that no view handles is a page with its sentence. An object that somebody deleted meanwhile is a 404, as
    if the request had come a moment later. Data encrypted under a lost key is reported in a sentence, too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            return method_not_allowed(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, GONE):
            return not_found(request, exception)
        if isinstance(exception, CannotOpen):
            logger.error("A sealed text cannot be opened: SECRET_KEY or SECRET_KEY_FALLBACKS lacks its key.")
            sentence = _(
                "Ce contenu est illisible : le site n’a plus la clé qui l’a chiffré. Prévenez l’administrateur."
            )
            return _page(request, 409, sentence)
        return refused(request, exception) if isinstance(exception, Refusal) else None


def server_error(request: HttpRequest) -> HttpResponse:
    if is_no_room(sys.exc_info()[1]):
        return no_room(request)
    return _page(
        request,
        500,
        _("Une erreur est survenue de notre côté. Elle est enregistrée. Réessayez dans un instant."),
    )


def no_room(request: HttpRequest) -> HttpResponse:
    """The disk is full, wherever the request noticed it: nothing of the request was stored (RFC 4918, 11.5)."""
    logger.critical("The disk is full: a request could not be answered (docs/illnesses/disk.md).")
    return _page(
        request,
        507,
        _(
            "Il n’y a plus de place sur notre serveur. Votre envoi n’a pas été enregistré ; ce qui l’était déjà "
            "l’est toujours. L’incident est signalé. Réessayez plus tard."
        ),
    )


def _page(request: HttpRequest, status: int, sentence: str, *, template: str = "", back: str = "") -> HttpResponse:
    if request.path.startswith("/api/"):
        kind = "client_error" if status < 500 else "server_error"
        code = {
            400: "bad_request",
            403: "permission_denied",
            404: "not_found",
            405: "method_not_allowed",
            409: "unavailable",
            429: "throttled",
            500: "error",
            507: "no_room",
        }[status]
        error = {"code": code, "detail": sentence, "attr": None}
        return JsonResponse({"type": kind, "errors": [error]}, status=status)
    names = [template] if template else []
    context = {"status": status, "sentence": sentence, "back": back}
    try:
        # Rendered without the request, so that the page does not query the database: that may be what has failed.
        text = loader.select_template([*names, f"errors/{status}.html"]).render(context)
    except Exception:
        logger.exception("The page for an error could not be drawn.")
        return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
    return HttpResponse(text, status=status)
