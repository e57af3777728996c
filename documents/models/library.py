"""Reusable documents of a practice; each change a new version. Never signed, never deleted by an appointment."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from documents.models.category import Category
from files.models import StoredFile
from patients.names import plain, search_words
from practices.models import OfPracticeQuerySet, Practice

MERGE_FIELD = "<span data-field="  # the beginning of each in a stored body (documents.library.writing.body)
BLANK = "<span data-blank="  # the same of each blank (documents.library.writing.blanks)


class LibraryDocumentQuerySet(OfPracticeQuerySet["LibraryDocument"]):
    def in_use(self) -> LibraryDocumentQuerySet:
        return self.filter(archived_at=None)

    def with_newest(self) -> LibraryDocumentQuerySet:
        """With `newest_version`, its key; `has_blanks`; `must_be_filled`: whether it has blanks, or a practitioner
        signs it before the patient; and `asks_signature`: whether the patient signs it."""
        newest = LibraryVersion.objects.filter(document=OuterRef("pk")).order_by("-number")
        consent_forms = self.model._meta.apps.get_model("documents", "ConsentForm")._default_manager
        forms = consent_forms.filter(document=OuterRef("pk"))
        return self.alias(newest_body=Subquery(newest.values("body")[:1])).annotate(
            newest_version=Subquery(newest.values("pk")[:1]),
            has_blanks=Q(newest_body__contains=BLANK),
            must_be_filled=Q(newest_body__contains=BLANK) | Q(Exists(forms.filter(practitioner_first=True))),
            asks_signature=Exists(forms),
        )

    def search(self, typed: str) -> LibraryDocumentQuerySet:
        """Every word is found in the title, without regard to accents, case, apostrophes and hyphens. Nothing typed
        finds all. Raises patients.names.SearchTooLong.

        A practice has hundreds of titles, not thousands: they are compared here, alike on both databases.
        """
        if not typed.strip():
            return self
        words = search_words(typed)
        titles = self.values_list("pk", "title") if words else []
        return self.filter(pk__in=[pk for pk, title in titles if all(word in plain(title) for word in words)])


class LibraryDocument(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="library_documents")
    title = models.CharField(_("titre"), max_length=200)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+", verbose_name=_("catégorie"))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = LibraryDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document de la bibliothèque")
        verbose_name_plural = _("bibliothèque de documents")
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["practice", "-created_at", "-id"])]

    def __str__(self) -> str:
        return self.title

    @property
    def newest(self) -> LibraryVersion:
        """The newest version, from versions already fetched newest first."""
        return self.versions.all()[0]

    @property
    def current(self) -> LibraryVersion:
        """The newest version; every document has at least one."""
        return self.versions.select_related("file").latest("number")


class LibraryVersion(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    document = models.ForeignKey(LibraryDocument, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="library_version")
    name = models.CharField(max_length=255, help_text="The file's name, for downloads")
    page_count = models.PositiveIntegerField(null=True, blank=True)
    body = models.TextField(
        blank=True, default="", db_default="", help_text="What was written, as HTML; empty: a file was imported"
    )
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["document", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="library_version_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="library_version_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} v{self.number}"

    @property
    def is_personal(self) -> bool:
        """Whether it has merge fields: each appointment then gets a copy of its own, and `file` is a specimen."""
        return MERGE_FIELD in self.body

    @property
    def has_blanks(self) -> bool:
        """Whether somebody must fill it in for each appointment: it is never sent as it is."""
        return BLANK in self.body


def newest_versions(documents: Collection[uuid.UUID]) -> dict[uuid.UUID, LibraryVersion]:
    """The newest version of each document, by document, with its file."""
    newest = LibraryVersion.objects.filter(document=OuterRef("pk")).order_by("-number").values("pk")[:1]
    asked = LibraryDocument.objects.filter(pk__in=documents)
    versions = LibraryVersion.objects.filter(pk__in=asked.values_list(Subquery(newest)))
    related = versions.select_related("file", "document__consent_form")
    return {version.document_id: version for version in related}
