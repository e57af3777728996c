from django.contrib import admin

from appointments.models import Agenda, VisitReason


@admin.register(Agenda)
class AgendaAdmin(admin.ModelAdmin[Agenda]):
    list_display = ("name", "practice", "practitioner", "is_active")
    list_filter = ("practice", "is_active")
    autocomplete_fields = ("practitioner",)


@admin.register(VisitReason)
class VisitReasonAdmin(admin.ModelAdmin[VisitReason]):
    list_display = ("name", "practice", "duration_minutes", "is_active")
    list_filter = ("practice", "is_active")
    filter_horizontal = ("agendas",)
