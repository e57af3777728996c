"""Back works after a form that was answered by a page of its own: a question, or errors to correct.

Such a page is the answer to a POST, and a browser that goes back to it offers to send the form again instead of
showing it: pages are `no-store`. So the page is kept in the session, sealed, and the browser is sent to an address
that shows it (post/redirect/get). Once the form of that page has done what it does, its address leads to what came of
it, and sending it again does nothing.

Only what the view itself still shows is shown: it is asked first, so that a right that ended holds for kept pages.
"""

from __future__ import annotations

import base64
import secrets
import zlib
from collections.abc import Callable
from typing import TypedDict

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from sealing.columns import CannotOpen, Sealed

KEPT = "kept_answers"  # in the session
IN_ADDRESS = "answer"
ASKING = {400, 409}  # what a form is answered with that has done nothing
MOST = 5  # pages of a session
LARGEST = 300_000  # characters; a larger page is answered as it is


class Kept(TypedDict):
    """`page` as the database keeps it, "" once it is done; `done`: the address of what came of it."""

    status: int
    page: str
    done: str


class SeeOther(HttpResponseRedirect):
    status_code = 303  # whatever was sent, the next request is a GET


class KeptAnswersMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/pro/") or request.method not in ("GET", "POST"):
            return self.get_response(request)
        kept = _kept(request)
        if kept and kept["done"]:
            messages.info(request, _("C’est déjà fait : voici ce qu’il en est."))
            return SeeOther(kept["done"])
        response = self.get_response(request)
        if request.method == "POST":
            return _after_post(request, response, kept) if _navigates(request) else response
        return _shown(response, kept) if kept else response


def _kept(request: HttpRequest) -> Kept | None:
    """What the address names; None for an address without, or of another or an older session."""
    token = request.GET.get(IN_ADDRESS)
    found: Kept | None = request.session.get(KEPT, {}).get(token) if token else None
    return found


def _navigates(request: HttpRequest) -> bool:
    """Whether the answer is for a person who looks at it (Fetch Metadata): scripts read theirs themselves."""
    return request.headers.get("Sec-Fetch-Dest") == "document"


def _after_post(request: HttpRequest, response: HttpResponse, kept: Kept | None) -> HttpResponse:
    if kept and 300 <= response.status_code < 400:
        kept["page"], kept["done"] = "", response["Location"]
        request.session.modified = True
        return response
    if response.status_code not in ASKING or response.streaming or not _is_page(response):
        return response
    page = response.content.decode()
    if len(page) > LARGEST:
        return response
    token = secrets.token_urlsafe(9)
    packed = base64.b64encode(zlib.compress(page.encode())).decode()
    pages: dict[str, Kept] = request.session.setdefault(KEPT, {})
    pages[token] = Kept(status=response.status_code, page=Sealed.of(packed).token, done="")
    for oldest in list(pages)[:-MOST]:
        del pages[oldest]
    request.session.modified = True
    query = request.GET.copy()
    query[IN_ADDRESS] = token
    return SeeOther(f"{request.path}?{query.urlencode()}")


def _shown(response: HttpResponse, kept: Kept) -> HttpResponse:
    """The kept page in place of what the view answers, if it answers with a page."""
    if response.status_code != 200 or response.streaming or not _is_page(response):
        return response
    try:
        packed = Sealed(kept["page"]).open()
    except CannotOpen:  # the key was changed since: the empty form is as good as any
        return response
    response.content = zlib.decompress(base64.b64decode(packed))
    response.status_code = kept["status"]
    return response


def _is_page(response: HttpResponse) -> bool:
    return str(response.get("Content-Type", "")).startswith("text/html")
