"""The access check of operators' pages. For others they do not exist."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse

from accounts.models import User

P = ParamSpec("P")


def for_operators(view: Callable[Concatenate[HttpRequest, User, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """Passes the signed-in operator to the view; answers 404 to everybody else."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        user = request.user
        if not isinstance(user, User) or not user.is_active or not user.is_superuser:
            raise Http404
        return view(request, user, *args, **kwargs)

    return guarded
