"""What every endpoint shares: scopes, the bound on calls, answers given once."""

from __future__ import annotations

from typing import Any, cast

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiToken, Scope, User
from accounts.roles import is_staff_of_any
from portals.api import idempotency
from portals.api.throttling import PerSecond


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

    def once(self, request: Request) -> Response | None:
        """At the start of a POST: the first answer, where this call was made before."""
        reserved = idempotency.reserve(request, self.user)
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
