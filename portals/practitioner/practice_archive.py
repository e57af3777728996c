"""Moving out: everything of a practice as one archive. Administrators only, just after they signed in."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.sole_control import after_recent_sign_in
from files.serving import respond
from personal_data.models import DataExportState, PracticeExport
from personal_data.practice_exports import export_of_practice, note_practice_download, request_practice_export
from portals.answers import done, not_done
from portals.clock import set_clock, today_on_page
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from practices.models import Role

ENDED = 100  # percent


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def practice_archive(request: HttpRequest, user: User) -> HttpResponseBase:
    """The archive, ready or not; a POST requests one."""
    administered_practice(request, user)  # for others there is no page to sign in to
    return _page(request, user)


@staff_only
@require_POST
def download_practice_archive(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponseBase:
    archives = PracticeExport.objects.of_staff(user, Role.ADMIN).select_related("practice", "file")
    return _download(request, user, get_object_or_404(archives, pk=pk))


@after_recent_sign_in
def _page(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    if request.method == "POST":
        request_practice_export(practice=practice, by=user)
        messages.success(
            request,
            _("L’archive se prépare. Un e-mail vous prévient quand elle est prête ; il peut falloir une heure."),
        )
        return done("practitioner:practice-archive")
    archive = export_of_practice(practice)
    percent = ENDED * archive.copied // archive.documents if archive and archive.documents else 0
    context = frame(request, user, "settings", practice=practice, archive=archive, percent=percent)
    return render(request, "practitioner/practice_archive.html", context)


@after_recent_sign_in
def _download(request: HttpRequest, user: User, archive: PracticeExport) -> HttpResponseBase:
    practice = archive.practice
    set_clock(practice)
    if archive.state != DataExportState.READY or archive.file is None or export_of_practice(practice) != archive:
        messages.error(request, _("Cette archive n’est plus disponible. Demandez-en une nouvelle."))
        return not_done("practitioner:practice-archive")
    note_practice_download(archive=archive, by=user)
    title = f"{slugify(practice.name) or 'cabinet'}-{today_on_page().isoformat()}"
    return respond(archive.file, title=title, request=request)
