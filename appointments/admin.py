from __future__ import annotations

import uuid
from datetime import time
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import URLField
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.deletion import GuardedDeletion
from appointments.models import Absence, Agenda, BookingPolicy, OpeningHours, VisitReason
from appointments.models.opening import MIDNIGHT
from appointments.opening_hours import check_week
from practices.models import Practice


class ClosingTimeField(forms.TimeField):
    """24:00 is the end of the day."""

    def prepare_value(self, value: object) -> object:
        return "24:00" if value == MIDNIGHT else value

    def to_python(self, value: Any) -> time | None:
        typed = str(value or "").strip()
        return MIDNIGHT if typed in ("24:00", "24:00:00", "24h", "24h00") else super().to_python(value)


class OpeningHoursForm(forms.ModelForm[OpeningHours]):
    closes_at = ClosingTimeField(label=gettext_lazy("à"), help_text=gettext_lazy("24:00 pour la fin du jour"))

    class Meta:
        model = OpeningHours
        fields = ["weekday", "opens_at", "closes_at", "visit_reasons"]


class WeekFormSet(forms.BaseInlineFormSet[OpeningHours, Agenda, forms.ModelForm[OpeningHours]]):
    def clean(self) -> None:
        """Raises ValidationError where hours of a day overlap."""
        super().clean()
        kept = [
            form.cleaned_data
            for form in self.forms
            if form.is_valid() and form.cleaned_data and not form.cleaned_data.get("DELETE")
        ]
        names = ("weekday", "opens_at", "closes_at")
        try:
            check_week([tuple(one[name] for name in names) for one in kept if all(name in one for name in names)])
        except ValidationError as refused:
            raise ValidationError(refused.messages) from refused


class OpeningHoursInline(admin.TabularInline[OpeningHours, Agenda]):
    model = OpeningHours
    form = OpeningHoursForm
    formset = WeekFormSet
    extra = 0


class AbsenceInline(admin.TabularInline[Absence, Agenda]):
    model = Absence
    extra = 0


@admin.register(Agenda)
class AgendaAdmin(GuardedDeletion[Agenda]):
    list_display = ("name", "practice", "practitioner", "is_active")
    list_filter = ("practice", "is_active")
    autocomplete_fields = ("practitioner",)
    inlines = [OpeningHoursInline, AbsenceInline]
    formfield_overrides = {URLField: {"assume_scheme": "https"}}

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Absences are read and shown in the time of the agenda's practice."""
        agenda = self.get_object(request, object_id) if object_id else None
        if practice := agenda.practice if agenda else _chosen(request):
            timezone.activate(practice.zone)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def instead_of_deleting(self, obj: Agenda) -> str:
        return _("Pour que plus personne n’y prenne de rendez-vous, décochez « ouvert ».")


def _chosen(request: HttpRequest) -> Practice | None:
    """The one chosen in a form that makes something new."""
    try:
        return Practice.objects.filter(pk=uuid.UUID(request.POST.get("practice", ""))).first()
    except ValueError:
        return None


@admin.register(VisitReason)
class VisitReasonAdmin(GuardedDeletion[VisitReason]):
    list_display = ("name", "practice", "duration_minutes", "books_online", "is_active")
    list_filter = ("practice", "is_active")
    filter_horizontal = ("agendas",)

    def instead_of_deleting(self, obj: VisitReason) -> str:
        return _("Pour qu’il ne soit plus proposé, décochez « proposé ».")


@admin.register(BookingPolicy)
class BookingPolicyAdmin(admin.ModelAdmin[BookingPolicy]):
    list_display = ("practice", "notice_minutes", "horizon_days", "cancel_minutes")
