"""Imports files into the library: several in one form, or one by one from the page's script."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from accounts.models import User
from documents.library.catalogue import import_document
from documents.models import Category, LibraryDocument
from files.intake import Refused, accept
from files.names import proposed_title
from practices.models import Practice


def import_all(request: HttpRequest, practice: Practice, user: User) -> list[str]:
    """Import each file; a refused one doesn't stop the others. Returns the sentences of the refusals."""
    files = request.FILES.getlist("files")
    if not files:
        return [_("Aucun fichier n’a été choisi. Choisissez un ou plusieurs fichiers.")]
    errors = []
    for file in files:
        try:
            made = _import(file, _category(request), practice, user)
        except Refused as refused:
            errors.append(refused.sentence)
            continue
        messages.success(request, _("« %(title)s » est dans la bibliothèque.") % {"title": made.title})
    return errors


def import_one(request: HttpRequest, practice: Practice, user: User) -> LibraryDocument:
    """Import one file. The same file sent again after a lost answer returns the same document. Raises Refused."""
    category = _category(request)
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return _import(request.FILES.get("files"), category, practice, user)
    # Derived, so that a client cannot choose another document's id.
    pk = uuid.uuid5(practice.pk, f"library {user.pk} {key[:255]}")
    made = practice.library_documents.filter(pk=pk)
    if existing := made.first():
        return existing
    try:
        return _import(request.FILES.get("files"), category, practice, user, pk)
    except (ValidationError, IntegrityError):
        if existing := made.first():  # sent twice at once: the other request was first
            return existing
        raise


def _import(
    file: object, category: Category, practice: Practice, user: User, pk: uuid.UUID | None = None
) -> LibraryDocument:
    with accept(file if isinstance(file, UploadedFile) else None) as intake:
        title = proposed_title(intake.name)[:200]
        return import_document(practice=practice, intake=intake, title=title, category=category, by=user, pk=pk)


def _category(request: HttpRequest) -> Category:
    return get_object_or_404(Category, code=request.POST.get("category", "information"), is_active=True)
