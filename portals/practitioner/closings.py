"""When the practice is closed: planned closings, public holidays of its place, new closings. Administrators only."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from appointments.closings import booked_inside, booked_inside_each, close, open_again
from appointments.models import Agenda, Appointment, Closing
from appointments.public_holidays import PLACE_NAMES, Holiday, Place, holidays_of, place_of, years_proposed
from portals.answers import done, not_done
from portals.form_errors import refusals_in
from portals.form_fields import choice_field, model_field
from portals.pagination import list_page
from portals.practitioner.forms import MomentField
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from practices.models import Practice, Role

NAMED = 50  # appointments that a question lists


class ClosingForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Raison"),
        help_text=gettext_lazy("Pour l’équipe : congés, travaux, formation. Les patients ne la voient pas."),
        max_length=200,
        error_messages={"required": gettext_lazy("Dites pourquoi : congés, travaux, formation.")},
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    starts_at = MomentField(
        label=gettext_lazy("Début"),
        error_messages={"required": gettext_lazy("Indiquez la date et l’heure du début.")},
    )
    ends_at = MomentField(
        label=gettext_lazy("Fin"), error_messages={"required": gettext_lazy("Indiquez la date et l’heure de la fin.")}
    )
    agendas = forms.ModelMultipleChoiceField(
        Agenda.objects.none(),
        label=gettext_lazy("Agendas"),
        help_text=gettext_lazy("Aucun coché : tout le cabinet."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model_field(self, "agendas").queryset = practice.agendas.filter(is_active=True)


class HolidaysForm(forms.Form):
    days = forms.MultipleChoiceField(
        label=gettext_lazy("Jours fériés"),
        error_messages={"required": gettext_lazy("Cochez au moins un jour férié.")},
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, proposed: Sequence[Holiday], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice_field(self, "days").choices = [(one.day.isoformat(), one.name) for one in proposed]


@staff_only
@require_safe
def closings(request: HttpRequest, user: User) -> HttpResponse:
    """Current and future closings, each with the appointments inside."""
    practice = administered_practice(request, user)
    listed = (
        Closing.objects.filter(practice=practice).to_come().select_related("practice").prefetch_related("agendas")
    )
    page = list_page(request, listed)
    rows = page.of(_rows(page.rows))
    context = frame(request, user, "settings", practice=practice, rows=rows, named=NAMED)
    return render(request, "practitioner/closings.html", context)


def _rows(closings: Collection[Closing]) -> list[tuple[Closing, list[Appointment]]]:
    """Each closing with its first appointments: those to list, plus one if there are more."""
    inside = {closing: keys[: NAMED + 1] for closing, keys in booked_inside_each(closings).items()}
    read = Appointment.objects.select_related("practice", "patient", "agenda")
    appointments = read.in_bulk({key for keys in inside.values() for key in keys})
    return [(one, [appointments[key] for key in inside[one.pk] if key in appointments]) for one in closings]


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def new_closing(request: HttpRequest, user: User) -> HttpResponse:
    """Asks before it closes over appointments: they remain, and somebody must move or cancel them."""
    practice = administered_practice(request, user)
    form = ClosingForm(request.POST or None, practice=practice)
    inside: list[Appointment] = []
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        with refusals_in(form):
            with transaction.atomic():
                made = close(practice=practice, **asked, by=user)
                inside = list(booked_inside(made))
                if not _agreed(request, inside):
                    transaction.set_rollback(True)
            if _agreed(request, inside):
                return _closed(request, len(inside))
    context = frame(request, user, "settings", practice=practice, form=form, **_question(inside))
    status = 400 if form.errors else 409 if inside else 200
    return render(request, "practitioner/closing_new.html", context, status=status)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def public_holidays(request: HttpRequest, user: User) -> HttpResponse:
    """The holidays of a year and a place: each one ticked becomes a closing of its own."""
    practice = administered_practice(request, user)
    sent = request.POST if request.method == "POST" else request.GET
    years = years_proposed(practice)
    year = next((one for one in years if str(one) == sent.get("year")), years[0])
    place = _place(sent.get("place"), practice)
    holidays = holidays_of(practice, year, place=place) if place is not None else []
    proposed = [one for one in holidays if one.ends_at > timezone.now()]
    form = HolidaysForm(request.POST if request.method == "POST" else None, proposed=proposed)
    inside: list[Appointment] = []
    if form.is_bound and form.is_valid():
        chosen = [one for one in proposed if one.day.isoformat() in form.cleaned_data["days"] and not one.is_closed]
        try:
            inside = _close_on(request, practice, chosen, user)
        except ValidationError as refused:
            form.add_error(None, refused.messages[0])
        else:
            if not chosen:  # done in another tab, by another administrator, or by a second click
                messages.info(request, _("Le cabinet est déjà fermé ces jours-là."))
                return not_done("practitioner:closings")
            if _agreed(request, inside):
                return _closed(request, len(inside), len(chosen))
    ticked = request.POST.getlist("days")
    context = frame(
        request,
        user,
        "settings",
        practice=practice,
        form=form,
        proposed=[(one, one.day.isoformat() in ticked) for one in proposed],
        years=years,
        year=year,
        places=PLACE_NAMES.items(),
        place=place,
        **_question(inside),
    )
    status = 400 if form.errors else 409 if inside else 200
    return render(request, "practitioner/public_holidays.html", context, status=status)


@staff_only
@require_POST
def remove_closing(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    owned = Closing.objects.of_staff(user, Role.ADMIN)
    open_again(closing=get_object_or_404(owned, pk=pk), by=user)
    messages.success(request, _("La fermeture est supprimée : ses heures se réservent de nouveau."))
    return done("practitioner:closings")


def _close_on(request: HttpRequest, practice: Practice, chosen: list[Holiday], user: User) -> list[Appointment]:
    """Closes all of the days, or none if there are appointments inside that nobody agreed to. Returns these
    appointments."""
    with transaction.atomic():
        made = [
            close(practice=practice, starts_at=one.starts_at, ends_at=one.ends_at, reason=one.name, by=user)
            for one in chosen
        ]
        inside = list(booked_inside(*made))
        if not _agreed(request, inside):
            transaction.set_rollback(True)
    return inside


def _agreed(request: HttpRequest, inside: list[Appointment]) -> bool:
    """Whether the user agreed to all appointments inside. If there is one more than the page showed, it asks
    again."""
    return {str(one.pk) for one in inside} <= set(request.POST.getlist("agreed"))


def _question(inside: list[Appointment]) -> dict[str, Any]:
    return {"inside": inside, "shown": inside[:NAMED], "unshown": max(len(inside) - NAMED, 0)}


def _closed(request: HttpRequest, inside: int, count: int = 1) -> HttpResponse:
    sentence = ngettext("La fermeture est enregistrée.", "Les %(count)d fermetures sont enregistrées.", count)
    sentence %= {"count": count}
    if inside:
        left = ngettext(
            "%(inside)d rendez-vous y reste prévu : déplacez-le ou annulez-le.",
            "%(inside)d rendez-vous y restent prévus : déplacez-les ou annulez-les.",
            inside,
        )
        messages.warning(request, f"{sentence} {left % {'inside': inside}}")
    else:
        messages.success(request, sentence)
    return done("practitioner:closings")


def _place(asked: str | None, practice: Practice) -> Place | None:
    return Place(asked) if asked in [one.value for one in Place] else place_of(practice)
