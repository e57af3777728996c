"""« État du système », for operators: every part with a sentence, and a remedy for each that fails."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from celery import current_app
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from accounts.models import User
from docshare.health import own
from docshare.health.findings import State
from docshare.health.illnesses import blocks, pages, title
from docshare.health.names import name_of
from docshare.health.parts import JUDGES, findings
from docshare.health.versions import versions

P = ParamSpec("P")
PING_SECONDS = 1.0
ORDER = [State.ILL, State.UNKNOWN, State.OFF, State.WELL]


def for_operators(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Answers 404 to everybody else."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        user = request.user
        if not isinstance(user, User) or not user.is_active or not user.is_superuser:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@for_operators
def system_state(request: HttpRequest) -> HttpResponse:
    all_findings = findings()
    context = {
        "ill": [finding for finding in all_findings if finding.is_ill],
        "findings": sorted(all_findings, key=lambda finding: ORDER.index(finding.state)),
        "workers": _workers(),
        "versions": versions(),
        "replica": settings.REPLICA_NAME,
    }
    return render(request, "operator/system.html", context)


@require_safe
@for_operators
def illness(request: HttpRequest, part: str) -> HttpResponse:
    """A page of docs/illnesses/."""
    if part not in pages():
        raise Http404
    name = name_of(part) if part in (*own.NEEDED, *JUDGES) else title(part)
    return render(request, "operator/illness.html", {"name": name, "blocks": blocks(part)})


def _workers() -> list[str]:
    """Names of the workers that answer through the queue within a second."""
    try:
        answers = current_app.control.ping(timeout=PING_SECONDS) or []
    except (RedisError, OperationalError, OSError):
        return []
    return sorted(name for answer in answers for name in answer)
