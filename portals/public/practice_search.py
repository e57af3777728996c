"""Patients look for a practice: by name, town, postcode, specialty. A form by GET, for everybody."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.addresses import counted_address
from appointments.models import Agenda
from appointments.public_practices import find_practices, listed
from appointments.specialties import Specialty
from patients.names import SearchTooLong
from portals.calls import MINUTE, too_many
from portals.indexing import for_search_engines
from portals.practice_address import page_path
from practices.models import Practice

SEARCHES_A_MINUTE = 60  # from one address
ON_A_PAGE = 20


@login_not_required
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    asked = request.GET.get("q", "").strip()
    if too_many("Searches", counted_address(request), a_minute=SEARCHES_A_MINUTE):
        refused = _("Trop de recherches en une minute. Attendez un peu, puis cherchez de nouveau.")
        response = _page(request, asked, refused=refused, status=429)
        response["Retry-After"] = str(MINUTE)
        return response
    try:
        practices = find_practices(asked)
    except SearchTooLong as too_long:
        return _page(request, asked, refused=" ".join(too_long.messages), status=400)
    page = Paginator(practices, ON_A_PAGE).get_page(request.GET.get("page"))
    response = _page(
        request,
        asked,
        results=_with_specialties(list(page.object_list)),
        count=page.paginator.count,
        none_at_all=not page.paginator.count and not listed().exists(),
        page=page,
        earlier=_address(asked, page.number - 1) if page.has_previous() else "",
        later=_address(asked, page.number + 1) if page.has_next() else "",
    )
    is_start = not request.GET and not request.user.is_authenticated
    return for_search_engines(response) if is_start else response


def _address(asked: str, page: int) -> str:
    query = {"q": asked} if asked else {}
    return f"?{urlencode({**query, 'page': str(page)})}"


def _with_specialties(practices: list[Practice]) -> list[dict[str, Any]]:
    """With the address of each page, and the specialties of the agendas that it names."""
    named = Agenda.objects.named_to_public().filter(practice__in=[one.pk for one in practices])
    specialties: dict[object, list[str]] = defaultdict(list)
    for practice, value in named.exclude(specialty="").values_list("practice", "specialty").distinct():
        specialties[practice].append(str(Specialty(value).label))
    return [{"practice": one, "url": page_path(one), "specialties": sorted(specialties[one.pk])} for one in practices]


def _page(request: HttpRequest, asked: str, *, refused: str = "", status: int = 200, **context: Any) -> HttpResponse:
    context |= {"asked": asked, "refused": refused, "has_errors": bool(refused), "section": "book"}
    return render(request, "public/practices/search.html", context, status=status)
