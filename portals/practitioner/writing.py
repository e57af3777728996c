"""The editor of written documents: text and merge fields on one side, the PDF on the other."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from documents.library.catalogue import check_may_write, preview_body, rewrite_document, write_document
from documents.library.writing.blanks import MAX_LABEL, BlankKind
from documents.library.writing.fields import merge_fields
from documents.library.writing.printing import CannotWrite
from documents.models import LibraryDocument
from portals.answers import done
from portals.form_errors import refusals_in
from portals.practitioner.library import AboutForm
from portals.practitioner.practices import practice_of
from portals.practitioner.script_configs import pdfjs_addresses
from portals.practitioner.staff import frame, staff_only
from practices.models import Practice


class WritingForm(AboutForm):
    body = forms.CharField(
        label=gettext_lazy("Texte"),
        strip=False,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 16}),
        error_messages={"required": gettext_lazy("Le document est vide. Écrivez-en le texte.")},
    )


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def write(request: HttpRequest, user: User, pk: uuid.UUID | None = None) -> HttpResponse:
    document = (
        get_object_or_404(LibraryDocument.objects.of_staff(user).in_use().select_related("practice"), pk=pk)
        if pk
        else None
    )
    practice = _administered(request, user, document)
    form = WritingForm(request.POST or None, initial=_initial(document))
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            saved = _save(form.cleaned_data, document, practice, user)
            messages.success(request, _("« %(title)s » est enregistré.") % {"title": saved.title})
            response = done("practitioner:library-document", pk=saved.pk)
            response["Location"] += "?saved=1"  # the page's script then forgets the draft
            return response
    context = frame(request, user, "library", practice=practice, form=form, document=document, **_editor(practice))
    return render(request, "practitioner/library_write.html", context, status=400 if form.errors else 200)


@staff_only
@require_POST
def preview(request: HttpRequest, user: User) -> HttpResponse:
    """The PDF of the current text, with examples in its fields. Stores nothing. 400 with a sentence if refused."""
    title = request.POST.get("title", "").strip() or _("Sans titre")
    try:
        pdf = preview_body(practice=_administered(request, user), title=title, body=request.POST.get("body", ""))
    except ValidationError as refused:
        return HttpResponse(" ".join(refused.messages), status=400, content_type="text/plain; charset=utf-8")
    except CannotWrite as refused:
        return HttpResponse(refused.sentence, status=400, content_type="text/plain; charset=utf-8")
    return HttpResponse(pdf, content_type="application/pdf")


def _save(asked: dict[str, Any], document: LibraryDocument | None, practice: Practice, user: User) -> LibraryDocument:
    if document is None:
        return write_document(practice=practice, by=user, **asked)
    rewrite_document(document=document, by=user, **asked)
    return document


def _initial(document: LibraryDocument | None) -> dict[str, Any]:
    if document is None:
        return {"category": "information"}
    return {"title": document.title, "category": document.category_id, "body": document.current.body}


def _editor(practice: Practice) -> dict[str, Any]:
    """The configuration of the page's script."""
    pictures = practice.library_documents.in_use().filter(versions__file__media_type__startswith="image/")
    return {
        "fields": merge_fields(practice),
        "pictures": pictures.distinct().order_by("title"),
        "tools": _tools(),
        "blank_kinds": BlankKind.choices,
        "max_label": MAX_LABEL,
        "config": {
            "previewUrl": reverse("practitioner:library-preview"),
            "editor": static("django_prose_editor/editor.js"),
            "pdfjs": pdfjs_addresses(),
            "words": {
                "fields": {field.name: field.label for field in merge_fields(practice)},
                "optional": _("facultatif"),
                "ready": _("Aperçu à jour. Pages :"),
                "working": _("Mise en page en cours…"),
                "lost": _("L’aperçu n’a pas pu être demandé. Votre texte est toujours là."),
                "page": _("Aperçu, page"),
                "editor": _("Texte du document"),
            },
        },
    }


def _tools() -> dict[str, list[tuple[str, str, str]]]:
    """The buttons of the toolbar: command, icon and name; those of a table: command, short and full name."""
    return {
        "text": [
            ("bold", "type-bold", _("Gras")),
            ("italic", "type-italic", _("Italique")),
            ("underline", "type-underline", _("Souligné")),
            ("link", "link-45deg", _("Lien")),
        ],
        "blocks": [
            ("bulletList", "list-ul", _("Liste")),
            ("orderedList", "list-ol", _("Liste numérotée")),
            ("table", "table", _("Insérer un tableau")),
        ],
        "history": [
            ("undo", "arrow-counterclockwise", _("Annuler la frappe")),
            ("redo", "arrow-clockwise", _("Rétablir")),
        ],
        "table": [
            ("addRow", _("+ ligne"), _("Ajouter une ligne")),
            ("deleteRow", _("− ligne"), _("Enlever la ligne")),
            ("addColumn", _("+ colonne"), _("Ajouter une colonne")),
            ("deleteColumn", _("− colonne"), _("Enlever la colonne")),
            ("deleteTable", _("− tableau"), _("Enlever le tableau")),
        ],
    }


def _administered(request: HttpRequest, user: User, document: LibraryDocument | None = None) -> Practice:
    """The practice of the document, or the one worked in. Raises NotAllowed."""
    practice = document.practice if document else practice_of(request, user)
    check_may_write(practice, user)
    return practice
