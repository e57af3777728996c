"""The page for an account that follows a link to what it could see once and can't see any more."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from practices.models import Practice


def no_longer_shown(request: HttpRequest, practice: Practice | None, *, template: str, section: str) -> HttpResponse:
    """Name the practice to ask. `practice` is None for an account that never had it: raises Http404."""
    if practice is None:
        raise Http404
    return render(request, template, {"practices": [practice], "section": section}, status=404)
