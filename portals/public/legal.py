"""The pages that the law asks of a site, its help and its map. Facts about the publisher come from the settings."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.models import User
from patients.models import RecordTie
from practices.models import Membership, Practice, Role
from practices.roles import is_staff_of_any


def _facts() -> dict[str, Any]:
    return {
        "publisher": settings.PUBLISHER,
        "director": settings.PUBLICATION_DIRECTOR,
        "hosting_provider": settings.HOSTING_PROVIDER,
        "legal_email": settings.LEGAL_EMAIL,
        "data_protection_officer": settings.DATA_PROTECTION_OFFICER,
        "public_url": settings.PUBLIC_URL,
    }


def _practices_of(user: User) -> list[Practice]:
    """The practices whose records the account opens, and those where it works."""
    tied = RecordTie.objects.filter(user=user).values("patient__practice")
    return list((Practice.objects.filter(pk__in=tied) | Practice.objects.of(user)).distinct().order_by("name"))


@login_not_required
@require_safe
def notice(request: HttpRequest) -> HttpResponse:
    return render(request, "public/legal/notice.html", _facts())


@login_not_required
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    user = request.user
    practices = _practices_of(user) if isinstance(user, User) else []
    return render(request, "public/legal/privacy.html", {**_facts(), "practices": practices})


@login_not_required
@require_safe
def practice_privacy(request: HttpRequest, practice: uuid.UUID) -> HttpResponse:
    """The notice of one practice, which is the controller of its records (GDPR, article 13)."""
    found = get_object_or_404(Practice, pk=practice)
    return render(request, "public/legal/practice_privacy.html", {**_facts(), "practice": found})


@login_not_required
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "public/legal/accessibility.html", {**_facts(), "level": settings.ACCESSIBILITY})


@login_not_required
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "public/legal/help.html", _facts())


@login_not_required
@require_safe
def site_map(request: HttpRequest) -> HttpResponse:
    """The pages that this visitor may open."""
    user = request.user if isinstance(request.user, User) else None
    context = {
        "works": user and is_staff_of_any(user),
        "administers": user and Membership.objects.held_by(user, Role.ADMIN).exists(),
        "signs": user and Membership.objects.held_by(user, Role.PRACTITIONER).exists(),
    }
    return render(request, "public/legal/site_map.html", context)
