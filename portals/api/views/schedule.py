"""When a practice is open: its closings, the public holidays of its place, the week of each agenda."""

from __future__ import annotations

import uuid
from datetime import time
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from appointments.closings import close, open_again
from appointments.models import Agenda, Closing, VisitReason, Weekday
from appointments.opening_hours import Hours, set_opening_hours
from appointments.public_holidays import FIRST_YEAR, LAST_YEAR, holidays_of
from portals.api.idempotency import object_id
from portals.api.schedule_serializers import ClosingIn, ClosingOut, HolidayOut, HoursOut, WeekIn, WeekOut
from portals.api.schema import IDEMPOTENCY, answers, whole_list
from portals.api.views.base import StaffView, administered_practice
from practices.models import Practice

PRACTICE = OpenApiParameter("practice", uuid.UUID, description="Which, for staff of several")
YEAR = OpenApiParameter("year", int, required=True)


def asked_practice(view: StaffView, request: Request) -> Practice:
    """The one that the caller administers. Raises ValidationError, NotAllowed, Http404."""
    asked = request.query_params.get("practice")
    try:
        pk = uuid.UUID(asked) if asked else None
    except ValueError:
        raise ValidationError({"practice": _("Ceci n’est pas un identifiant.")}) from None
    return administered_practice(view.user, pk)


class Closings(StaffView):
    @answers(200, whole_list(ClosingOut), parameters=[PRACTICE], summary="List the closings to come of a practice")
    def get(self, request: Request) -> Response:
        found = Closing.objects.filter(practice=asked_practice(self, request)).to_come()
        found = found.select_related("practice").prefetch_related("agendas")
        return Response({"results": ClosingOut.of(list(found))})

    @answers(
        201,
        ClosingOut,
        request=ClosingIn,
        parameters=[PRACTICE, IDEMPOTENCY],
        summary="Close a practice, or some of its agendas",
    )
    def post(self, request: Request) -> Response:
        """Appointments that stand inside stay: `appointments` names them, to be moved or cancelled."""
        practice = asked_practice(self, request)
        if first := self.once(request, made=Closing.objects.filter(practice=practice)):
            return first
        body = ClosingIn(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        pk = object_id(request)
        made = Closing.objects.filter(pk=pk, practice=practice).first() if pk else None
        made = made or close(
            practice=practice,
            starts_at=asked["start"],
            ends_at=asked["end"],
            reason=asked["reason"],
            agendas=_agendas(practice, asked["agendas"]),
            by=self.user,
            pk=pk,
        )
        return Response(ClosingOut.of([made])[0], status=201)


class ClosingDetail(StaffView):
    @answers(204, summary="Open again: delete a closing")
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        open_again(closing=get_object_or_404(Closing.objects.of_staff(self.user), pk=pk), by=self.user)
        return Response(status=204)


class Holidays(StaffView):
    @answers(
        200,
        whole_list(HolidayOut),
        parameters=[PRACTICE, YEAR],
        summary="List the public holidays of the place of a practice",
    )
    def get(self, request: Request) -> Response:
        """Proposed: nothing is closed on them until somebody closes. Empty where the place is not in France."""
        practice = asked_practice(self, request)
        year = request.query_params.get("year", "")
        if not (year.isascii() and year.isdigit() and FIRST_YEAR <= int(year[:9]) <= LAST_YEAR):
            said = _("Donnez une année de %(first)d à %(last)d.") % {"first": FIRST_YEAR, "last": LAST_YEAR}
            raise ValidationError({"year": said})
        return Response({"results": HolidayOut(holidays_of(practice, int(year)), many=True).data})


class OpeningHoursOfAgenda(StaffView):
    @answers(200, WeekOut, summary="Read the opening hours of an agenda")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return _week(get_object_or_404(Agenda.objects.of_staff(self.user), pk=pk))

    @answers(200, WeekOut, request=WeekIn, summary="Set the opening hours of an agenda")
    def put(self, request: Request, pk: uuid.UUID) -> Response:
        """In place of those there were. `end` may be `24:00`. After midnight is the next day's, from `00:00`."""
        agenda = get_object_or_404(Agenda.objects.of_staff(self.user).select_related("practice"), pk=pk)
        body = WeekIn(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data["hours"]
        known = {one.pk: one for one in VisitReason.objects.filter(practice=agenda.practice_id)}
        if any(reason not in known for one in asked for reason in one["visit_reasons"]):
            raise ValidationError({"hours": _("Ce motif n’existe pas.")})
        set_opening_hours(agenda=agenda, hours=[_hours(one, known) for one in asked], by=self.user)
        return _week(agenda)


def _hours(asked: dict[str, Any], known: dict[uuid.UUID, VisitReason]) -> Hours:
    opens_at: time = asked["start"]
    reasons = [known[pk] for pk in dict.fromkeys(asked["visit_reasons"])]
    return Hours(Weekday(asked["weekday"] - 1), opens_at, asked["end"], reasons)


def _week(agenda: Agenda) -> Response:
    hours = agenda.opening_hours.prefetch_related("visit_reasons")
    return Response({"hours": HoursOut(hours, many=True).data})


def _agendas(practice: Practice, asked: list[uuid.UUID]) -> list[Agenda]:
    found = list(practice.agendas.filter(pk__in=asked))
    if len(found) < len(set(asked)):
        raise ValidationError({"agendas": _("Cet agenda n’existe pas.")})
    return found
