"""Makes Back work after a form whose answer is a page: a question, or errors to correct.

Such a page is the answer to a POST. Pages are `no-store`, so a browser that goes back to it offers to send the form
again. Therefore this middleware stores the page in the session, encrypted, and redirects to an address that shows it
(post/redirect/get). Once the form of that page has succeeded, its address redirects to the result, and sending the
form again does nothing. Only the view knows a success: it answers with `portals.answers.done`. After any other
redirect, to sign in again or after a refusal, the stored page stays as it is.

A stored page is shown only to the account and for the invitation that it was made for; it is dropped once the session
has another. The view runs first: without the right to the view, nobody sees the stored page.
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

from accounts.return_pages import takes_get
from portals.answers import Done
from portals.patient.invited import invited_by
from sealing.columns import CannotOpen, Sealed

KEPT = "kept_answers"  # key in the session
IN_ADDRESS = "answer"
ASKING = {400, 409}  # statuses of answers to a form that has changed nothing
# Where forms of staff and patients are answered. Addresses that contain a token are excluded: the token would be
# stored in the session.
STEPS = tuple(f"/invitation/{step}/" for step in ("code", "birth-date", "password", "confirm"))
KEPT_BELOW = ("/pro/", "/book/", "/my-appointments/", "/my-account/", *STEPS)
MOST = 5  # stored pages per session
LARGEST = 300_000  # characters; larger pages are sent without redirect


class StoredPage(TypedDict):
    """`page`: the encrypted page, "" once done. `done`: the address of the result. `whom`: the ids of the account and
    of the invitation, None without one."""

    whom: list[str | None]
    status: int
    page: str
    done: str


class SeeOther(HttpResponseRedirect):
    status_code = 303  # the next request is a GET, whatever the method was


class StoredPagesMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(KEPT_BELOW) or request.method not in ("GET", "POST"):
            return self.get_response(request)
        stored = _stored_page(request)
        if stored is None and request.method == "POST" and IN_ADDRESS in request.GET and request.path in STEPS:
            return not_of_this_page(request)  # the try would count for the invitation opened since
        if stored and stored["done"]:
            messages.info(request, _("C’est déjà fait : voici ce qu’il en est."))
            return SeeOther(stored["done"])
        response = self.get_response(request)
        if request.method == "POST":
            return _after_post(request, response, stored) if _navigates(request) else response
        return _with_stored_page(response, stored) if stored else response


def not_of_this_page(request: HttpRequest) -> HttpResponse:
    """Refuses a form from the page of another invitation, or from a page that is no longer stored: redirects to the
    step of the current invitation."""
    messages.info(request, _("Cette page n’est plus valable : rien n’a été fait. Recommencez ici."))
    return SeeOther(request.path)


def _stored_page(request: HttpRequest) -> StoredPage | None:
    """The stored page that the address names; None if it names none, or one made for somebody else, or an old one."""
    pages: dict[str, StoredPage] = request.session.get(KEPT, {})
    if pages:
        whom = _whom(request)
        own = {token: page for token, page in pages.items() if page.get("whom") == whom}
        if len(own) < len(pages):
            request.session[KEPT] = pages = own
    return pages.get(request.GET.get(IN_ADDRESS, ""))


def _whom(request: HttpRequest) -> list[str | None]:
    return [str(request.user.pk) if request.user.is_authenticated else None, invited_by(request)]


def _navigates(request: HttpRequest) -> bool:
    """Whether a browser navigates, by Fetch Metadata; scripts handle their answers themselves."""
    return request.headers.get("Sec-Fetch-Dest") == "document"


def _after_post(request: HttpRequest, response: HttpResponse, stored: StoredPage | None) -> HttpResponse:
    if stored and isinstance(response, Done):
        stored["page"], stored["done"] = "", response["Location"]
        stored["whom"] = _whom(request)  # the last step of an invitation signs in
        request.session.modified = True
        return response
    if response.status_code not in ASKING or response.streaming or not _is_page(response):
        return response
    if not takes_get(request.path):  # the address of a button has no page to redirect to
        return response
    page = response.content.decode()
    if len(page) > LARGEST:
        return response
    token = secrets.token_urlsafe(9)
    packed = base64.b64encode(zlib.compress(page.encode())).decode()
    pages: dict[str, StoredPage] = request.session.setdefault(KEPT, {})
    pages[token] = StoredPage(whom=_whom(request), status=response.status_code, page=Sealed.of(packed).token, done="")
    for oldest in list(pages)[:-MOST]:
        del pages[oldest]
    request.session.modified = True
    query = request.GET.copy()
    query[IN_ADDRESS] = token
    return SeeOther(f"{request.path}?{query.urlencode()}")


def _with_stored_page(response: HttpResponse, stored: StoredPage) -> HttpResponse:
    """Replaces the view's page by the stored page; other answers pass unchanged."""
    if response.status_code != 200 or response.streaming or not _is_page(response):
        return response
    try:
        packed = Sealed(stored["page"]).open()
    except CannotOpen:  # the key has changed since: show the empty form
        return response
    response.content = zlib.decompress(base64.b64decode(packed))
    response.status_code = stored["status"]
    return response


def _is_page(response: HttpResponse) -> bool:
    return str(response.get("Content-Type", "")).startswith("text/html")
