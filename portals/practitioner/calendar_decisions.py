"""What administrators decide about a calendar that is followed: held changes, another address, the first reading."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import User
from imports.subscriptions import cancel_held, change_address, held_items, keep_held, shown
from imports.undoing_calendars import undo_first_reading
from portals.answers import done, not_done, refusals_shown
from portals.form_errors import refusals_in
from portals.practitioner.calendars import AddressForm, owned_calendar
from portals.practitioner.confirmation import Question, ask
from portals.practitioner.staff import frame, staff_only


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def calendar_held(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """What would be cancelled, and the two answers."""
    one = owned_calendar(user, pk)
    if request.method == "POST":
        answers, cancels = request.POST.get("answers", ""), request.POST.get("decision") == "cancel"
        with refusals_shown(request) as refusal:
            count = (cancel_held if cancels else keep_held)(subscription=one, answers=answers, by=user)
            messages.success(request, _followed(count) if cancels else _kept(count))
        return refusal.redirect("practitioner:calendar", pk=one.pk)
    items = held_items(one)
    if not items:
        return not_done("practitioner:calendar", pk=one.pk)
    context = frame(
        *(request, user, "settings"),
        practice=one.practice,
        calendar=one,
        absent=[item for item in items if item.moves_to is None],
        moved=[item for item in items if item.moves_to is not None],
        answers=shown(items),
    )
    return render(request, "practitioner/calendar_held.html", context)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def calendar_address(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Another address, never the one in use: whoever knows it reads the calendar."""
    one = owned_calendar(user, pk)
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            change_address(subscription=one, address=form.cleaned_data["address"], by=user)
            messages.success(
                request,
                _("L’adresse est changée. Le calendrier est d’abord lu sans rien changer : attendez son résultat."),
            )
            return done("practitioner:calendar", pk=one.pk)
    context = frame(request, user, "settings", practice=one.practice, calendar=one, form=form)
    return render(request, "practitioner/calendar_address.html", context, status=400 if form.errors else 200)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def calendar_undo(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first."""
    one = owned_calendar(user, pk)
    if request.method != "POST":
        question = Question(
            heading=_("Annuler la première lecture de ce calendrier ?"),
            ends=[
                _("Les rendez-vous qu’elle a créés seront supprimés. Personne ne reçoit de message."),
                _("Ce que quelqu’un a modifié ou utilisé depuis reste."),
                _("Le calendrier n’est plus suivi, jusqu’à ce que vous l’activiez de nouveau."),
            ],
            button=_("Annuler la première lecture"),
            back=reverse("practitioner:calendar", args=[one.pk]),
            section="settings",
        )
        return ask(request, user, question, practice=one.practice)
    with refusals_shown(request) as refusal:
        gone, left = undo_first_reading(subscription=one, by=user)
        messages.success(request, _undone(gone, left))
    return refusal.redirect("practitioner:calendar", pk=one.pk)


def _followed(count: int) -> str:
    sentence = ngettext(
        "%(count)s rendez-vous suit le calendrier : c’est fait dans un instant.",
        "%(count)s rendez-vous suivent le calendrier : c’est fait dans un instant.",
        count,
    )
    return sentence % {"count": count}


def _undone(gone: int, left: int) -> str:
    sentence = ngettext("%(count)s rendez-vous est supprimé.", "%(count)s rendez-vous sont supprimés.", gone)
    stays = ngettext(
        "%(count)s autre a changé depuis, et reste.", "%(count)s autres ont changé depuis, et restent.", left
    )
    return sentence % {"count": gone} + (" " + stays % {"count": left} if left else "")


def _kept(count: int) -> str:
    sentence = ngettext("%(count)s rendez-vous est gardé.", "%(count)s rendez-vous sont gardés.", count)
    return sentence % {"count": count}
