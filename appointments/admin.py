from django.contrib import admin

from appointments.models import Absence, Agenda, BookingPolicy, OpeningHours, VisitReason


class OpeningHoursInline(admin.TabularInline[OpeningHours, Agenda]):
    model = OpeningHours
    extra = 0


class AbsenceInline(admin.TabularInline[Absence, Agenda]):
    model = Absence
    extra = 0


@admin.register(Agenda)
class AgendaAdmin(admin.ModelAdmin[Agenda]):
    list_display = ("name", "practice", "practitioner", "is_active")
    list_filter = ("practice", "is_active")
    autocomplete_fields = ("practitioner",)
    inlines = [OpeningHoursInline, AbsenceInline]


@admin.register(VisitReason)
class VisitReasonAdmin(admin.ModelAdmin[VisitReason]):
    list_display = ("name", "practice", "duration_minutes", "books_online", "is_active")
    list_filter = ("practice", "is_active")
    filter_horizontal = ("agendas",)


@admin.register(BookingPolicy)
class BookingPolicyAdmin(admin.ModelAdmin[BookingPolicy]):
    list_display = ("practice", "notice_minutes", "horizon_days", "cancel_minutes")
