"""What every endpoint shares: scopes, the bound on calls, answers given once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any, TypeVar, cast

from django.db.models import Model
from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise
from rest_framework import exceptions, serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from accounts.models import ApiToken, Scope, User
from portals.api.errors import NoSuchRange
from portals.api.idempotency import AnsweredOnce
from portals.api.throttling import PerSecond
from portals.days import day_of
from practices.models import Practice, Role
from practices.roles import (
    ADMINISTRATORS_CHANGE,
    NotAllowed,
    PracticeSuspended,
    may_administer,
    require_staff,
    suspended_practices_of,
)

M = TypeVar("M", bound=Model)


class ApiView(AnsweredOnce):
    """An endpoint of signed-in callers. A token needs the scope of what it does; a session has all."""

    throttle_classes = [PerSecond]

    def check_caller(self, request: Request) -> None:
        need_scope(request, Scope.READ if request.method in SAFE_METHODS else Scope.WRITE)

    @property
    def user(self) -> User:
        return cast("User", self.request.user)


# A list of rows: its `get` declares it and answers `self.list(request)`. Paginated, or `Whole`.
class Listing(ListAPIView[M]):
    ordering: Sequence[str] = ("-created_at", "-id")

    def first_rows(self, count: int) -> list[M] | None:
        """The first rows of the list in its order, if a query that is composed once reads them."""
        return None


class StaffView(ApiView):
    """For staff of a practice. To others it does not exist; PracticeSuspended if all their practices are."""

    def check_caller(self, request: Request) -> None:
        super().check_caller(request)
        if not require_staff(self.user):
            raise Http404


def read(body: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    """The validated body of the request, in this shape. Raises ValidationError."""
    body.is_valid(raise_exception=True)
    return cast("dict[str, Any]", body.validated_data)


def need_scope(request: Request, scope: Scope) -> None:
    token = request.auth
    if isinstance(token, ApiToken) and scope.value not in token.scopes:
        raise exceptions.PermissionDenied(
            _("Ce jeton n’a pas le droit « %(scope)s ». Créez un jeton qui l’a.") % {"scope": scope.label}
        )


def checked(response: HttpResponseBase) -> HttpResponseBase:
    """Passes on the answer of files.serving.respond. Raises NoSuchRange."""
    if response.status_code == NoSuchRange.status_code:
        raise NoSuchRange(response["Content-Range"])
    return response


def asked_day(request: Request, name: str) -> date:
    """A day in the query string. Raises ValidationError."""
    day = day_of(request.query_params.get(name))
    if day is None:
        raise exceptions.ValidationError({name: _("Donnez une date de 1970 à 2100, écrite ainsi : 2026-11-24.")})
    return day


def asked_id(request: Request, name: str) -> uuid.UUID | None:
    """An id in the query string; None if absent. Raises ValidationError."""
    asked = request.query_params.get(name)
    try:
        return uuid.UUID(asked) if asked else None
    except ValueError:
        raise exceptions.ValidationError({name: _("Ceci n’est pas un identifiant.")}) from None


def asked_ids(request: Request, *names: str) -> dict[str, uuid.UUID]:
    """The filters by id in the query string, as keyword arguments of `filter`."""
    ids = {f"{name}_id": asked_id(request, name) for name in names}
    return {field: pk for field, pk in ids.items() if pk is not None}


def practice_asked_for(user: User, asked: uuid.UUID) -> Practice:
    """The practice that the query string names. Raises Http404, PracticeSuspended."""
    practice = Practice.objects.of(user).filter(pk=asked).first()
    if practice is None and (suspended := [one for one in suspended_practices_of(user) if one.pk == asked]):
        raise PracticeSuspended(suspended)
    if practice is None:
        raise Http404
    return practice


def administered_practice(
    user: User, asked: uuid.UUID | None, refusal: StrOrPromise = ADMINISTRATORS_CHANGE
) -> Practice:
    """The practice that the caller administers; `asked` selects one if there are several."""
    if asked is not None:
        practice = practice_asked_for(user, asked)
        if may_administer(user, practice):
            return practice
    practices = Practice.objects.of(user, Role.ADMIN) if asked is None else Practice.objects.none()
    if len(practices) > 1:
        raise exceptions.ValidationError({"practice": _("Vous êtes dans plusieurs cabinets : dites lequel.")})
    if not practices:
        raise NotAllowed(refusal)
    return practices[0]
