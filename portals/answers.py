"""What doors answer to a refusal, by its kind (refusals/__init__.py)."""

from __future__ import annotations

from types import TracebackType

from django.contrib import messages
from django.http import HttpRequest

from refusals import Kind, Refusal

STATUS = {
    Kind.INVALID: 400,
    Kind.SIGN_IN_AGAIN: 401,
    Kind.NOT_ALLOWED: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.GONE: 410,
    Kind.TOO_LARGE: 413,
    Kind.TOO_OFTEN: 429,
    Kind.TRY_LATER: 503,
}
# What no message and no form answers: a page says it (portals/public/errors.py, portals/practitioner/staff.py).
OF_PAGES = {Kind.NOT_ALLOWED, Kind.NOT_FOUND, Kind.SIGN_IN_AGAIN}


class refusals_told:  # noqa: N801  # a context manager, as contextlib names them
    """Around a use case and what follows when it goes through; the view then redirects to the page that it came from.

    What is refused becomes a message, and `refusal`, for a view that knows another way on. OF_PAGES go through.
    """

    def __init__(self, request: HttpRequest, *, level: int = messages.ERROR) -> None:
        self.request = request
        self.level = level
        self.refusal: Refusal | None = None

    def __enter__(self) -> refusals_told:
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
