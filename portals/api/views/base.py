"""What every endpoint shares: scopes, the bound on calls, answers given once."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, cast

from django.db.models import QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise
from rest_framework import exceptions
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiToken, Scope, User
from portals.api import idempotency
from portals.api.errors import NoSuchRange
from portals.api.throttling import PerSecond
from portals.days import day_of
from practices.models import Practice, Role
from practices.roles import ADMINISTRATORS_CHANGE, NotAllowed, is_staff_of_any, may_administer


class ApiView(APIView):
    """An endpoint of signed-in callers. A token needs the scope of what it does; a session has all."""

    throttle_classes = [PerSecond]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        need_scope(request, Scope.READ if request.method in SAFE_METHODS else Scope.WRITE)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            response = super().dispatch(request, *args, **kwargs)
        except Exception:
            idempotency.let_go(getattr(self.request, "idempotent_call", None))
            raise
        call = getattr(self.request, "idempotent_call", None)
        if call is not None and isinstance(response, Response):
            response.render()
            idempotency.keep_answer(call, response)
        return response

    def handle_exception(self, exc: Exception) -> Response:
        """Of two calls with one key, the one that comes too late answers as if it had never begun."""
        call = getattr(self.request, "idempotent_call", None)
        if call is not None and idempotency.was_overtaken(exc):
            idempotency.let_go(call)
            self.request.idempotent_call = None  # type: ignore[attr-defined]
            exc = idempotency.still_running()
        return super().handle_exception(exc)

    def once(self, request: Request, *, made: QuerySet[Any] | None) -> Response | None:
        """In a POST, once it is sure that the caller may make it: the first answer, where it was made before.

        `made`: where the caller would find now what the call makes; None if it makes nothing. Raises Http404.
        """
        reserved = idempotency.reserve(request, self.user, made)
        if isinstance(reserved, Response):
            return reserved
        if reserved is not None:
            self.request.idempotent_call = reserved  # type: ignore[attr-defined]
        return None

    @property
    def user(self) -> User:
        return cast("User", self.request.user)


class StaffView(ApiView):
    """For staff of a practice. To others it does not exist."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not is_staff_of_any(self.user):
            raise Http404


def need_scope(request: Request, scope: Scope) -> None:
    token = request.auth
    if isinstance(token, ApiToken) and scope.value not in token.scopes:
        raise exceptions.PermissionDenied(
            _("Ce jeton n’a pas le droit « %(scope)s ». Créez un jeton qui l’a.") % {"scope": scope.label}
        )


def checked(response: HttpResponseBase) -> HttpResponseBase:
    """The bytes that files.serving.respond answered with. Raises NoSuchRange."""
    if response.status_code == NoSuchRange.status_code:
        raise NoSuchRange(response["Content-Range"])
    return response


def asked_day(request: Request, name: str) -> date:
    """The day of a query's field. Raises ValidationError."""
    day = day_of(request.query_params.get(name))
    if day is None:
        raise exceptions.ValidationError({name: _("Donnez une date de 1970 à 2100, écrite ainsi : 2026-11-24.")})
    return day


def administered_practice(
    user: User, asked: uuid.UUID | None, refusal: StrOrPromise = ADMINISTRATORS_CHANGE
) -> Practice:
    """The practice that the caller administers; `asked` says which, where there are several."""
    if asked is not None:
        practice = get_object_or_404(Practice.objects.of(user), pk=asked)
        if may_administer(user, practice):
            return practice
    practices = Practice.objects.of(user, Role.ADMIN) if asked is None else Practice.objects.none()
    if len(practices) > 1:
        raise exceptions.ValidationError({"practice": _("Vous êtes dans plusieurs cabinets : dites lequel.")})
    if not practices:
        raise NotAllowed(refusal)
    return practices[0]
