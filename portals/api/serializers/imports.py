"""Shapes of imports."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from imports.models import Choice, Import, ImportLine, Likeness, Stage, Subject, Verdict

MOST_CHOICES = 10_000
MOST_LISTED = 1000  # refused or alike lines in an answer


@extend_schema_field({"type": "string", "example": '{"Patronyme": "last_name"}'})
class ColumnsField(serializers.CharField):
    """A JSON object in a text: heading -> field; "" ignores a column."""

    def to_internal_value(self, value: Any) -> Any:
        written = super().to_internal_value(value)
        try:
            columns = json.loads(written) if written else {}
        except (ValueError, RecursionError):
            columns = None
        if not isinstance(columns, dict) or not all(isinstance(one, str | None) for one in columns.values()):
            raise serializers.ValidationError(_("Donnez un objet JSON : le titre d’une colonne, et son contenu."))
        return {heading: name or "" for heading, name in columns.items()}


class ImportIn(serializers.Serializer[Any]):
    file = serializers.FileField(help_text=".csv, .ics or .vcf")
    kind = serializers.ChoiceField(choices=Subject.choices)
    columns = ColumnsField(
        required=False,
        help_text="JSON: heading -> field, for columns that are not recognised; an empty one is ignored",
    )
    dry_run = serializers.BooleanField(default=False, help_text="Count, and make nothing")
    agenda = serializers.UUIDField(required=False, help_text="Of appointments whose line names none")
    visit_reason = serializers.UUIDField(required=False, help_text="Of appointments whose line names none")


class ChoiceIn(serializers.Serializer[Any]):
    """Of one line of the file, or of all that are alike for one reason."""

    line = serializers.IntegerField(required=False, min_value=1)
    likeness = serializers.ChoiceField(choices=Likeness.choices, required=False)
    choice = serializers.ChoiceField(choices=Choice.choices)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("line" in attrs) == ("likeness" in attrs):
            raise serializers.ValidationError(_("Donnez `line` ou `likeness`, l’un des deux."))
        return attrs


class StartIn(serializers.Serializer[Any]):
    alike = serializers.ListField(
        child=ChoiceIn(),
        required=False,
        max_length=MOST_CHOICES,
        help_text="A later one counts; lines without a choice are left out",
    )


class LineOut(serializers.Serializer[ImportLine]):
    line = serializers.IntegerField(help_text="In the file, from 1")
    detail = serializers.CharField(source="sentence")


class AlikeOut(LineOut):
    likeness = serializers.ChoiceField(choices=Likeness.choices, allow_blank=True)
    patient = serializers.UUIDField(source="twin_id", allow_null=True, help_text="The record that it is like")
    choice = serializers.ChoiceField(choices=Choice.choices)


class ImportRowOut(serializers.Serializer[Import]):
    """One of the list, with its counts."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Subject.choices, source="subject")
    state = serializers.ChoiceField(choices=Stage.choices, source="stage")
    created_at = serializers.DateTimeField()
    lines = serializers.IntegerField()
    new = serializers.IntegerField()
    same = serializers.IntegerField()
    alike = serializers.IntegerField()
    refused = serializers.IntegerField()
    made = serializers.IntegerField(help_text="What exists because of this import")


class ImportOut(serializers.Serializer[Import]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Subject.choices, source="subject")
    state = serializers.ChoiceField(choices=Stage.choices, source="stage")
    progress = serializers.IntegerField(source="percent", help_text="Of the current state, in percent")
    lines = serializers.IntegerField()
    new = serializers.IntegerField()
    same = serializers.IntegerField()
    alike = serializers.IntegerField(help_text="Like an existing record or appointment: left out")
    refused = serializers.SerializerMethodField()
    alike_lines = serializers.SerializerMethodField()
    made = serializers.IntegerField(help_text="What exists because of this import")
    left = serializers.IntegerField(help_text="Not undone, because it changed or is used")

    @extend_schema_field(LineOut(many=True))
    def get_refused(self, job: Import) -> Any:
        """At most 1,000."""
        return [LineOut(one).data for one in _lines(job, Verdict.REFUSED)]

    @extend_schema_field(AlikeOut(many=True))
    def get_alike_lines(self, job: Import) -> Any:
        """At most 1,000."""
        return [AlikeOut(one).data for one in _lines(job, Verdict.ALIKE)]


def _lines(job: Import, verdict: Verdict) -> QuerySet[ImportLine]:
    return job.judged.filter(verdict=verdict).order_by("line", "id")[:MOST_LISTED]
