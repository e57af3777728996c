"""The practice's library: a plain list, and import."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Practice, Role, User
from accounts.roles import NotAllowed
from documents.files.intake import Refused, accept
from documents.files.limits import MEDIA_TYPES
from documents.files.serving import respond
from documents.library import archive, import_document
from documents.models import Category, LibraryDocument, LibraryVersion
from portals.practitioner.staff import frame, staff_only


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def library(request: HttpRequest, user: User) -> HttpResponse:
    practices = Practice.objects.of(user, Role.ADMIN)
    errors: list[str] = []
    if request.method == "POST":
        practice = practices.first()
        if practice is None:
            raise NotAllowed(_("Seul un administrateur du cabinet modifie la bibliothèque."))
        errors = _import_all(request, practice, user)
        if not errors:
            return redirect("practitioner:library")
    versions = LibraryVersion.objects.select_related("file").order_by("-number")
    documents = LibraryDocument.objects.of_staff(user).in_use().select_related("category", "practice")
    words = request.GET.get("q", "").strip()
    if words:
        documents = documents.filter(title__icontains=words)
    context = frame(
        user,
        "library",
        documents=documents.prefetch_related(Prefetch("versions", queryset=versions)).order_by("title"),
        categories=Category.objects.filter(is_active=True),
        may_administer=practices.exists(),
        file_errors=errors,
        has_errors=bool(errors),
        words=words,
        extensions=",".join(MEDIA_TYPES),
    )
    return render(request, "practitioner/library.html", context, status=400 if errors else 200)


def _import_all(request: HttpRequest, practice: Practice, user: User) -> list[str]:
    """Import each file; a refused one doesn't stop the others. The sentences of those refused."""
    category = get_object_or_404(Category, code=request.POST.get("category", "information"), is_active=True)
    files = request.FILES.getlist("files")
    if not files:
        return [_("Aucun fichier n’a été choisi. Choisissez un ou plusieurs fichiers.")]
    errors = []
    for file in files:
        try:
            intake = accept(file)
        except Refused as refused:
            errors.append(refused.message)
            continue
        title = intake.name.rsplit(".", 1)[0]
        import_document(practice=practice, intake=intake, title=title, category=category, by=user)
        messages.success(request, _("« %(title)s » est dans la bibliothèque.") % {"title": title})
    return errors


@staff_only
@require_POST
def archive_document(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    document = get_object_or_404(LibraryDocument.objects.of_staff(user).in_use(), pk=pk)
    archive(document=document, by=user)
    messages.success(
        request, _("« %(title)s » n’est plus proposé. Ce qui a été partagé le reste.") % {"title": document.title}
    )
    return redirect("practitioner:library")


@staff_only
@require_safe
def content(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponseBase:
    document = get_object_or_404(LibraryDocument.objects.of_staff(user), pk=pk)
    version = document.current
    return respond(version.file, filename=version.name, request=request)
