"""The opening hours of an agenda, as a week of rows. Administrators only.

Each button sends the whole form: what it does to the rows is shown, and nothing is stored before *Enregistrer*.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import User
from appointments.models import Agenda, VisitReason, Weekday
from appointments.opening_hours import WeekChanged, booked_outside, set_opening_hours, version_of, week_of
from portals.answers import done
from portals.practitioner.cabinet.agendas import owned_agenda
from portals.practitioner.cabinet.week_sheet import PRESETS, WORKING_DAYS, WeekSheet, day_in, uuid_in
from portals.practitioner.staff import frame, staff_only

NAMED = 50  # appointments outside that the page lists
PRESET_NAMES = {
    "morning": gettext_lazy("Matin, 09:00–12:00"),
    "afternoon": gettext_lazy("Après-midi, 14:00–18:00"),
    "day": gettext_lazy("Journée, 09:00–12:00 et 14:00–18:00"),
    "night": gettext_lazy("Soirée, 20:00–24:00"),
}


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def week(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    agenda = owned_agenda(user, pk)
    stored = week_of(agenda)
    if request.method != "POST":
        return _page(request, user, agenda, WeekSheet.of(stored))
    sheet, act = WeekSheet.typed(request.POST), request.POST.get("act", "save")
    seen = request.POST.get("seen", "")
    if act != "save":
        sentence = _changed(sheet, act, request.POST, agenda)
        return _page(request, user, agenda, sheet, said=sentence, seen=seen)
    offered = {str(one.pk): one for one in _reasons(agenda)}
    hours = sheet.hours(offered)
    if hours is None:
        return _page(request, user, agenda, sheet, status=400, seen=seen)
    try:
        left = set_opening_hours(agenda=agenda, hours=hours, by=user, seen=seen)
    except WeekChanged as refused:
        return _page(request, user, agenda, sheet, status=409, refused=refused.sentence, stored=WeekSheet.of(stored))
    messages.success(request, _("Les horaires de « %(name)s » sont enregistrés.") % {"name": agenda.name})
    if left:
        sentence = ngettext(
            "%(count)s rendez-vous déjà pris est maintenant hors des horaires. Il reste prévu : rien n’est annulé.",
            "%(count)s rendez-vous déjà pris sont maintenant hors des horaires. Ils restent prévus : rien n’est "
            "annulé.",
            len(left),
        )
        messages.warning(request, sentence % {"count": len(left)})
    return done("practitioner:week", pk=agenda.pk)


def _changed(sheet: WeekSheet, act: str, sent: QueryDict, agenda: Agenda) -> str:
    """Does what the button says to the rows; returns a sentence."""
    name, _hyphen, rest = act.partition("-")
    days = [day for typed in sent.getlist("days") if (day := day_in(typed)) is not None]
    source = day_in(sent.get("source"))
    if name == "add" and (day := day_in(rest)) is not None:
        sheet.add(day)
        return ""
    if name == "remove" and rest.isascii() and rest.isdigit():
        sheet.remove(int(rest))
        return _("La plage est retirée.")
    if act == "monday":
        sheet.copy_day(Weekday.MONDAY, WORKING_DAYS)
        return _("Les horaires du lundi sont copiés du mardi au vendredi.")
    if act == "copy" and source is not None and days:
        sheet.copy_day(source, days)
        return _("Les horaires du %(day)s sont copiés.") % {"day": Weekday(source).label}
    if act == "preset" and (preset := sent.get("preset", "")) in PRESETS and days:
        sheet.preset(preset, days)
        return _("Les jours cochés sont remplis.")
    if act == "agenda" and (other := _other(agenda, sent.get("agenda"))):
        here = {one.pk for one in _reasons(agenda)}
        sheet.rows = WeekSheet.of(week_of(other)).rows
        for row in sheet.rows:
            row.reasons = [pk for pk in row.reasons if uuid.UUID(pk) in here]
        return _("La semaine de « %(name)s » est reprise ici.") % {"name": other.name}
    return _("Cochez d’abord les jours à remplir.") if act in ("copy", "preset") else ""


def _other(agenda: Agenda, asked: str | None) -> Agenda | None:
    pk = uuid_in(asked)
    return agenda.practice.agendas.exclude(pk=agenda.pk).filter(pk=pk).first() if pk else None


def _reasons(agenda: Agenda) -> list[VisitReason]:
    """Those offered there, and those that the week names though they are no longer offered."""
    named = VisitReason.objects.filter(pk__in=agenda.opening_hours.values("visit_reasons"))
    return list((agenda.visit_reasons.filter(is_active=True) | named.filter(practice=agenda.practice_id)).distinct())


def _page(
    request: HttpRequest,
    user: User,
    agenda: Agenda,
    sheet: WeekSheet,
    *,
    status: int = 200,
    seen: str = "",
    **shown: Any,
) -> HttpResponse:
    """`seen`: the version of the week that the user began with, while they work on it."""
    stored = week_of(agenda)
    outside = booked_outside(agenda, stored) if stored else []
    context = frame(
        request,
        user,
        "settings",
        practice=agenda.practice,
        agenda=agenda,
        sheet=sheet,
        days=sheet.days(),
        weekdays=list(Weekday),
        reasons=_reasons(agenda),
        others=agenda.practice.agendas.exclude(pk=agenda.pk).filter(opening_hours__isnull=False).distinct(),
        presets=PRESET_NAMES.items(),
        version=seen or version_of(stored),
        is_changed=request.method == "POST",
        has_errors=bool(sheet.faults) or "refused" in shown,
        outside=outside[:NAMED],
        unshown=max(len(outside) - NAMED, 0),
        **{"stored": None, **shown},
    )
    return render(request, "practitioner/cabinet/week.html", context, status=status)
