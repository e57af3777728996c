"""Shapes of the practice's library."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from documents.models import LibraryDocument
from portals.api.serializers.fields import AdministeredPracticeField, UploadField
from portals.api.times import ModelShape

FILE_OR_BODY = gettext_lazy("Donnez un fichier (file), ou un texte à mettre en page (body).")


class LibraryDocumentOut(ModelShape[LibraryDocument]):
    category = serializers.CharField(source="category_id")
    version = serializers.SerializerMethodField()
    media_type = serializers.SerializerMethodField()
    size = serializers.SerializerMethodField()
    used_by_rules = serializers.SerializerMethodField()
    body = serializers.SerializerMethodField(help_text="What was written, as HTML; null for an imported file")

    class Meta:
        model = LibraryDocument
        fields = ["id", "title", "category", "version", "media_type", "size", "used_by_rules", "body"]

    def get_version(self, document: LibraryDocument) -> int:
        return document.newest.number

    def get_media_type(self, document: LibraryDocument) -> str:
        return document.newest.file.media_type

    def get_size(self, document: LibraryDocument) -> int:
        return document.newest.file.size

    def get_body(self, document: LibraryDocument) -> str | None:
        return document.newest.body or None

    @extend_schema_field(serializers.IntegerField)
    def get_used_by_rules(self, document: LibraryDocument) -> int:
        return sum(one.deleted_at is None for one in document.rules.all())


class LibraryTextIn(serializers.Serializer[Any]):
    """A document written here: HTML with merge fields, `<span data-field="patient_name">` or `{{ patient_name }}`."""

    title = serializers.CharField(max_length=200)
    category = serializers.SlugField(required=False, default="information")
    body = serializers.CharField(trim_whitespace=False)
    practice = AdministeredPracticeField()


class LibraryFileIn(serializers.Serializer[Any]):
    """An imported document."""

    file = UploadField()
    title = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default="", help_text="Default: the file's name"
    )
    category = serializers.SlugField(required=False, default="information")
    practice = AdministeredPracticeField()


class LibraryTextChange(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=200, required=False)
    category = serializers.SlugField(required=False)
    body = serializers.CharField(required=False, trim_whitespace=False)


class LibraryFileChange(serializers.Serializer[Any]):
    """A new version of an imported document."""

    file = UploadField()
    title = serializers.CharField(max_length=200, required=False)
    category = serializers.SlugField(required=False)


class LibraryIn(LibraryTextIn, LibraryFileIn):
    """A file, or a body."""

    file = UploadField(required=False)
    body = serializers.CharField(required=False, trim_whitespace=False)
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        if ("file" in asked) == ("body" in asked):
            raise serializers.ValidationError({"file": [FILE_OR_BODY]}, code="required")
        if "body" in asked and not asked["title"].strip():
            raise serializers.ValidationError({"title": [_("Donnez un titre à ce document.")]}, code="required")
        return asked


class LibraryChange(LibraryTextChange):
    file = UploadField(required=False)

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        if {"file", "body"} <= set(asked):
            raise serializers.ValidationError({"file": [FILE_OR_BODY]}, code="invalid")
        return asked
