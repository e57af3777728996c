"""Practices in the operator's admin: found by name, renamed, deleted while empty. Administrators and suspension have
a page of ours. Nothing of their patients."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin import acting
from accounts.deletion import GuardedDeletion
from practices.administration import note_practice_deleted
from practices.founding import rename_practice
from practices.models import Practice
from refusals import Refusal


class SuspendedFilter(admin.SimpleListFilter):
    title = gettext_lazy("état")
    parameter_name = "suspended"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("Suspendu")), ("no", _("Travaille"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Practice]) -> QuerySet[Practice]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(suspended_at__isnull=self.value() == "no")


@admin.register(Practice)
class PracticeAdmin(GuardedDeletion[Practice]):
    list_display = ("name", "time_zone", "administrators", "state", "page")
    list_filter = (SuspendedFilter,)
    search_fields = ("name",)
    fields = ("name", "state", "page")
    readonly_fields = ("state", "page")

    @admin.display(description=gettext_lazy("administrateurs"))
    def administrators(self, obj: Practice) -> int:
        return obj.memberships.filter(is_admin=True, user__is_active=True).count()

    @admin.display(description=gettext_lazy("état"))
    def state(self, obj: Practice) -> str:
        return _("Suspendu") if obj.is_suspended else _("Travaille")

    @admin.display(description=gettext_lazy("page"))
    def page(self, obj: Practice) -> SafeString:
        words = _("Administrateurs, suspension")
        return format_html('<a href="{}">{}</a>', reverse("operator:practice", args=[obj.pk]), words)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """« Créer un cabinet » is a page of ours."""
        return redirect("operator:practice-new")

    def save_model(self, request: HttpRequest, obj: Practice, form: Any, change: bool) -> None:
        try:
            if "name" in form.changed_data:
                rename_practice(practice=obj, name=obj.name, by=acting(request))
        except Refusal as refused:
            self.message_user(request, refused.sentence, messages.ERROR)

    def note_deletion(self, request: HttpRequest, obj: Practice) -> None:
        note_practice_deleted(practice=obj, by=acting(request))

    def instead_of_deleting(self, obj: Practice) -> str:
        return _(
            "Pour l’archiver et le supprimer : manage.py delete_practice %(id)s --archive DOSSIER "
            "(docs/personal-data.md)."
        ) % {"id": obj.pk}
