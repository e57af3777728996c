"""The practice's library: cards with first pages, one document with its versions, import by drop or browse."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from documents.library.catalogue import archive, change_library_document, check_may_write, import_version, unarchive
from documents.models import Category, LibraryDocument, LibraryVersion
from documents.models.library import LibraryDocumentQuerySet
from files.intake import Refused, ScannerUnavailable, accept
from files.limits import MEDIA_TYPES
from files.preview import image_type, page_image
from files.serving import respond
from patients.names import MAX_SEARCH_LENGTH, SearchTooLong
from portals.answers import done
from portals.form_errors import refusals_in
from portals.pagination import list_page
from portals.practitioner.library_import import import_all, import_one
from portals.practitioner.practices import practice_of
from portals.practitioner.script_configs import import_config
from portals.practitioner.staff import frame, staff_only
from practices.models import Practice
from practices.roles import may_administer

THUMBNAIL_PIXELS = 320
PICTURE_PIXELS = 1200


class AboutForm(forms.Form):
    """The title and category of a document."""

    title = forms.CharField(
        label=gettext_lazy("Titre"),
        max_length=200,
        widget=forms.TextInput(attrs={"class": "form-control"}),
        error_messages={"required": gettext_lazy("Donnez un titre à ce document.")},
    )
    category = forms.ModelChoiceField(
        Category.objects.filter(is_active=True),
        label=gettext_lazy("Catégorie"),
        empty_label=None,
        widget=forms.Select(attrs={"class": "form-select"}),
        error_messages={"required": gettext_lazy("Choisissez une catégorie.")},
    )


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def library(request: HttpRequest, user: User) -> HttpResponse:
    practice = practice_of(request, user)
    administers = may_administer(user, practice)
    errors: list[str] = []
    if request.method == "POST":
        check_may_write(practice, user)
        if request.headers.get("X-Requested-With") == "card":
            return _import_card(request, practice, user)
        errors = import_all(request, practice, user)
        if not errors:
            return done("practitioner:library")
    words, category = request.GET.get("q", "").strip(), request.GET.get("category", "")
    archived = request.GET.get("archived") == "1"
    found = LibraryDocument.objects.of_staff(user).filter(practice=practice)
    documents = found.filter(archived_at__isnull=False) if archived else found.in_use()
    search_error = ""
    try:
        documents = documents.search(words)
    except SearchTooLong as refused:
        search_error, words, documents = " ".join(refused.messages), words[:MAX_SEARCH_LENGTH], documents.none()
    if category:
        documents = documents.filter(category=category[:MAX_SEARCH_LENGTH].replace("\0", ""))
    context = frame(
        request,
        user,
        "library",
        documents=list_page(request, _with_versions(documents).order_by("title"), anchor="documents"),
        categories=Category.objects.filter(is_active=True),
        may_administer=administers,
        file_errors=errors,
        has_errors=bool(errors),
        words_asked=words,
        search_error=search_error,
        chosen_category=category,
        archived=archived,
        any_archived=found.filter(archived_at__isnull=False).exists(),
        extensions=",".join(MEDIA_TYPES),
        import_category=request.POST.get("category", "information"),
        config=import_config(),
    )
    return render(request, "practitioner/library.html", context, status=400 if errors or search_error else 200)


def _import_card(request: HttpRequest, practice: Practice, user: User) -> HttpResponse:
    """Imports one file for the page's script: answers with its card, or with the reason of the refusal."""
    try:
        made = import_one(request, practice, user)
    except Refused as refused:
        away = isinstance(refused, ScannerUnavailable)
        refusal = {"sentence": refused.sentence}
        response = render(request, "practitioner/_card_error.html", refusal, status=503 if away else 400)
        if away:
            response["Retry-After"] = str(ScannerUnavailable.retry_after)
        return response
    context = {"document": _document_of(user, made.pk), "may_administer": True}
    return render(request, "practitioner/_library_card.html", context, status=201)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def document(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """One document: its versions, its names, and the next version of an imported file."""
    document = _document_of(user, pk)
    form = AboutForm(request.POST or None, initial={"title": document.title, "category": document.category_id})
    errors: list[str] = []
    if request.method == "POST" and "version" in request.POST:
        errors = _import_version(request, document, user)
        form = AboutForm(initial={"title": document.title, "category": document.category_id})
        if not errors:
            return done("practitioner:library-document", pk=pk)
    elif request.method == "POST" and form.is_valid():
        with refusals_in(form):
            change_library_document(document=document, by=user, **form.cleaned_data)
            messages.success(request, _("Les changements sont enregistrés."))
            return done("practitioner:library-document", pk=pk)
    context = frame(
        request,
        user,
        "library",
        practice=document.practice,
        document=document,
        form=form,
        rules=document.rules.kept(),
        may_administer=may_administer(user, document.practice),
        file_errors=errors,
        has_errors=bool(errors) or bool(form.errors),
        extensions=",".join(MEDIA_TYPES),
    )
    return render(
        request, "practitioner/library_document.html", context, status=400 if context["has_errors"] else 200
    )


def _import_version(request: HttpRequest, document: LibraryDocument, user: User) -> list[str]:
    try:
        made = import_version(document=document, intake=accept(request.FILES.get("file")), by=user)
    except Refused as refused:
        return [refused.sentence]
    messages.success(
        request,
        _("La version %(number)s est en place. Ce qui a été envoyé reste comme il était.") % {"number": made.number},
    )
    return []


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def archive_document(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first, and names the rules that would stop sending it."""
    document = _document_of(user, pk)
    check_may_write(document.practice, user)
    if request.method != "POST":
        rules = list(document.rules.kept())
        context = frame(
            request,
            user,
            "library",
            practice=document.practice,
            document=document,
            rules=rules,
            planned=_planned(document),
        )
        return render(request, "practitioner/library_archive.html", context)
    archive(document=document, by=user)
    messages.success(
        request, _("« %(title)s » n’est plus proposé. Ce qui a été partagé le reste.") % {"title": document.title}
    )
    return done("practitioner:library")


def _planned(document: LibraryDocument) -> int:
    return document.auto_sends.filter(state="planned").count()


@staff_only
@require_POST
def unarchive_document(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    document = _document_of(user, pk)
    unarchive(document=document, by=user)
    messages.success(request, _("« %(title)s » est de nouveau proposé.") % {"title": document.title})
    return done("practitioner:library-document", pk=pk)


@staff_only
@require_safe
def content(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponseBase:
    document = _document_of(user, pk)
    return respond(document.newest.file, title=document.title, request=request)


@staff_only
@require_safe
def version_content(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponseBase:
    """An older version, as it was."""
    owned = LibraryVersion.objects.filter(document__in=LibraryDocument.objects.of_staff(user))
    version = get_object_or_404(owned.select_related("file", "document"), pk=pk)
    facts = {"title": version.document.title, "number": version.number}
    return respond(version.file, title=_("%(title)s, version %(number)s") % facts, request=request)


@staff_only
@require_safe
def thumbnail(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The first page of the newest version."""
    return _image(_document_of(user, pk), THUMBNAIL_PIXELS)


@staff_only
@require_safe
def picture(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """A picture of the library, for written documents."""
    return _image(_document_of(user, pk), PICTURE_PIXELS)


def _image(document: LibraryDocument, width: int) -> HttpResponse:
    image = page_image(document.newest.file, page=1, width=width)
    return HttpResponse(image, content_type=image_type(image), headers={"Cache-Control": "no-store, private"})


def _document_of(user: User, pk: uuid.UUID) -> LibraryDocument:
    """A document of the user's practices, archived or not, with its versions newest first."""
    return get_object_or_404(_with_versions(LibraryDocument.objects.of_staff(user)), pk=pk)


def _with_versions(found: LibraryDocumentQuerySet) -> LibraryDocumentQuerySet:
    versions = LibraryVersion.objects.select_related("file", "created_by").order_by("-number")
    return (
        found.select_related("category", "practice")
        .prefetch_related(Prefetch("versions", queryset=versions))
        .annotate(used_by=Count("rules", filter=Q(rules__deleted_at=None), distinct=True))
    )
