"""Calendars of other software that agendas follow: add, try, switch on, pause, answer, remove. For administrators."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from appointments.models import Agenda, VisitReason
from imports.models import CalendarItem, CalendarStage, CalendarSubscription, ItemState
from imports.subscriptions import (
    pause,
    read_now,
    resume,
    subscribe,
    switch_on,
)
from imports.subscriptions import remove as remove_calendar
from imports.trials import compared
from imports.undoing_calendars import made_by_first_reading
from portals.answers import done, refusals_shown
from portals.clock import set_clock
from portals.form_errors import refusals_in
from portals.form_fields import model_field
from portals.pagination import list_page
from portals.practitioner.calendar_words import counts_in_step, state_of
from portals.practitioner.confirmation import Question, ask
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from practices.models import Practice, Role
from sealing.columns import CannotOpen

LISTED = 200  # refused or left out events on a page


class AddressForm(forms.Form):
    address = forms.CharField(
        label=gettext_lazy("Adresse du calendrier (ICS)"),
        help_text=gettext_lazy(
            "L’autre logiciel la donne sous « partager » ou « s’abonner ». Elle commence par https:// ou webcal://, "
            "et reste secrète : elle ne sera plus affichée."
        ),
        max_length=2000,
        widget=forms.TextInput(
            attrs={"class": "form-control", "inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
        ),
        error_messages={"required": gettext_lazy("Donnez l’adresse du calendrier.")},
    )


class CalendarForm(AddressForm):
    field_order = ("name", "address", "agenda", "visit_reason")
    name = forms.CharField(
        label=gettext_lazy("Nom de ce calendrier"),
        help_text=gettext_lazy("Pour le reconnaître ici : le nom de l’autre logiciel, par exemple."),
        max_length=80,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Donnez un nom à ce calendrier.")},
    )
    agenda = forms.ModelChoiceField(
        Agenda.objects.none(),
        label=gettext_lazy("Agenda qui le suit"),
        empty_label=gettext_lazy("Choisir…"),
        widget=forms.Select(attrs={"class": "form-select"}),
        error_messages={"required": gettext_lazy("Choisissez l’agenda qui suit ce calendrier.")},
    )
    visit_reason = forms.ModelChoiceField(
        VisitReason.objects.none(),
        label=gettext_lazy("Motif de ses rendez-vous"),
        empty_label=gettext_lazy("Choisir…"),
        help_text=gettext_lazy("Sauf si la catégorie d’un événement est un motif de cet agenda."),
        widget=forms.Select(attrs={"class": "form-select"}),
        error_messages={"required": gettext_lazy("Choisissez le motif de ses rendez-vous.")},
    )

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model_field(self, "agenda").queryset = practice.agendas.filter(is_active=True)
        model_field(self, "visit_reason").queryset = practice.visit_reasons.filter(is_active=True)


@staff_only
@require_safe
def calendars(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    page = list_page(request, practice.calendar_subscriptions.select_related("agenda"))
    in_step = counts_in_step(page)
    rows = [{"calendar": one, "state": state_of(one), "in_step": in_step[one.pk]} for one in page]
    context = frame(request, user, "settings", practice=practice, rows=page.of(rows))
    return render(request, "practitioner/calendars.html", context)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def new_calendar(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    form = CalendarForm(request.POST or None, practice=practice, initial={"agenda": request.GET.get("agenda")})
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            return done("practitioner:calendar", pk=subscribe(practice=practice, by=user, **form.cleaned_data).pk)
    context = frame(request, user, "settings", practice=practice, form=form)
    return render(request, "practitioner/calendar_new.html", context, status=400 if form.errors else 200)


@staff_only
@require_safe
def calendar(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    one = owned_calendar(user, pk)
    context = frame(request, user, "settings", practice=one.practice, **_facts(one))
    return render(request, "practitioner/calendar.html", context)


@staff_only
@require_safe
def calendar_state(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The part of the page that changes: polled while the first reading runs."""
    one = owned_calendar(user, pk)
    set_clock(one.practice)
    return render(request, "practitioner/_calendar_state.html", _facts(one))


@staff_only
@require_POST
def calendar_switch_on(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    return _answered(
        request, user, pk, switch_on, _("Ce calendrier est activé : ses rendez-vous arrivent dans un instant.")
    )


@staff_only
@require_POST
def calendar_pause(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    return _answered(request, user, pk, pause, _("La lecture est suspendue. Les rendez-vous restent."))


@staff_only
@require_POST
def calendar_resume(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    return _answered(request, user, pk, resume, _("La lecture reprend."))


@staff_only
@require_POST
def calendar_read(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    return _answered(
        request, user, pk, read_now, _("La lecture est demandée : actualisez cette page dans un instant.")
    )


def _answered(
    request: HttpRequest, user: User, pk: uuid.UUID, act: Callable[..., object], success: str
) -> HttpResponse:
    """What came of a button on the calendar's page."""
    one = owned_calendar(user, pk)
    with refusals_shown(request) as refusal:
        act(subscription=one, by=user)
        messages.success(request, success)
    return refusal.redirect("practitioner:calendar", pk=one.pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def calendar_remove(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first."""
    one = owned_calendar(user, pk)
    if request.method != "POST":
        question = Question(
            heading=_("Ne plus suivre ce calendrier ?"),
            ends=[
                f"{one.name} ({one.masked_address})",
                _("Ses rendez-vous restent dans l’agenda, et ne changent plus avec lui."),
                _("Son adresse est effacée : pour recommencer, il faudra la donner de nouveau."),
            ],
            button=_("Retirer ce calendrier"),
            back=reverse("practitioner:calendar", args=[one.pk]),
            section="settings",
        )
        return ask(request, user, question, practice=one.practice)
    remove_calendar(subscription=one, by=user)
    messages.success(request, _("Ce calendrier n’est plus suivi. Ses rendez-vous restent."))
    return done("practitioner:calendars")


def owned_calendar(user: User, pk: uuid.UUID) -> CalendarSubscription:
    owned = CalendarSubscription.objects.of_staff(user, Role.ADMIN)
    return get_object_or_404(owned.select_related("practice", "agenda", "visit_reason"), pk=pk)


def _facts(one: CalendarSubscription) -> dict[str, Any]:
    counts = dict(one.items.order_by().values_list("state").annotate(Count("pk")))
    left_out = one.items.filter(state__in=(ItemState.REFUSED, ItemState.ALIKE)) | one.items.filter(
        state=ItemState.FOLLOWED
    ).exclude(content__gt="")
    return {
        "calendar": one,
        "state": state_of(one),
        "is_reading": one.stage == CalendarStage.CHECKING and one.paused_at is None and not one.last_error,
        "is_on": one.stage == CalendarStage.ON,
        "counts": {state.value: counts.get(state.value, 0) for state in ItemState},
        "in_step": counts_in_step([one])[one.pk],
        "held": one.items.filter(is_held=True, moves_to=None).count(),
        "held_moves": one.items.filter(is_held=True, moves_to__isnull=False).count(),
        "compared": compared(one) if one.stage == CalendarStage.CHECKED and one.followed_since else None,
        "can_undo": one.stage == CalendarStage.ON and made_by_first_reading(one) > 0,
        "left_out": _listed(list(left_out.order_by("says_at", "id")[:LISTED])),
        "listed": LISTED,
        "left_out_count": left_out.count(),
    }


def _listed(items: list[CalendarItem]) -> list[dict[str, Any]]:
    return [{"at": item.says_at, "detail": _detail(item)} for item in items]


def _detail(item: CalendarItem) -> str:
    try:
        return item.sentence
    except CannotOpen:
        return _("La raison n’est plus lisible.")
