"""The HTTP status of each refusal, by its kind (refusals/__init__.py)."""

from __future__ import annotations

from types import TracebackType

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url

from refusals import Kind, Refusal

STATUS = {
    Kind.INVALID: 400,
    Kind.SIGN_IN_AGAIN: 401,
    Kind.NOT_ALLOWED: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.GONE: 410,
    Kind.OUTDATED: 412,
    Kind.TOO_LARGE: 413,
    Kind.TOO_OFTEN: 429,
    Kind.TRY_LATER: 503,
}
# Refusals that get a page of their own (portals/public/errors.py, portals/practitioner/staff.py), not a message.
OF_PAGES = {Kind.NOT_ALLOWED, Kind.NOT_FOUND, Kind.SIGN_IN_AGAIN}


class Done(HttpResponseRedirect):
    """Leads to what came of a form that has done what it does: sending it again would do that twice."""


def done(to: str, **arguments: object) -> Done:
    """Redirect after a success, and only then. `to`: an address, or the name of one with its `arguments`."""
    return Done(resolve_url(to, **arguments))


def not_done(to: str, **arguments: object) -> HttpResponseRedirect:
    """Redirect without a success: refused, too late, or another step comes first. The form can be sent again."""
    return HttpResponseRedirect(resolve_url(to, **arguments))


class refusals_shown:  # noqa: N801  # a context manager, as contextlib names them
    """Wraps a use case and the steps that follow its success; the view then redirects to the page it came from.

    What is refused becomes a message, and `refusal`, for a view that knows another way on; `redirect` knows which of
    the two it was. OF_PAGES go through.
    """

    def __init__(self, request: HttpRequest, *, level: int = messages.ERROR) -> None:
        self.request = request
        self.level = level
        self.refusal: Refusal | None = None

    def __enter__(self) -> refusals_shown:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, refused: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if not isinstance(refused, Refusal) or refused.kind in OF_PAGES:
            return False
        self.refusal = refused
        level = messages.WARNING if refused.kind == Kind.TOO_OFTEN else self.level
        messages.add_message(self.request, level, refused.sentence)
        return True

    def redirect(self, to: str, **arguments: object) -> HttpResponseRedirect:
        return not_done(to, **arguments) if self.refusal else done(to, **arguments)
