"""When a practice is open: its closings, the public holidays of its place, the week of each agenda."""

from __future__ import annotations

import uuid
from datetime import time
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from appointments.closings import close, open_again
from appointments.models import Agenda, Closing, VisitReason, Weekday
from appointments.opening_hours import Hours, set_opening_hours
from appointments.public_holidays import FIRST_YEAR, LAST_YEAR, holidays_of
from portals.api.pagination import Whole
from portals.api.practice import PRACTICE, practice_of_call
from portals.api.schema import answers, whole_list
from portals.api.serializers.schedule import ClosingIn, ClosingOut, HolidayOut, HoursOut, WeekIn, WeekOut
from portals.api.views.base import Listing, StaffView, read
from practices.models import Practice, Role

YEAR = OpenApiParameter("year", int, required=True)


class Closings(StaffView, Listing[Closing]):
    pagination_class = Whole

    def get_queryset(self) -> QuerySet[Closing]:
        closings = Closing.objects.filter(practice=self.practice).to_come()
        return closings.select_related("practice").prefetch_related("agendas")

    def get_serializer(self, closings: list[Closing], **shape: Any) -> ClosingOut:
        return ClosingOut.of(closings, **shape)

    @cached_property
    def practice(self) -> Practice:
        return practice_of_call(self.request, Role.ADMIN)

    def makes(self) -> QuerySet[Closing]:
        return Closing.objects.filter(practice=self.practice)

    @answers(
        200,
        whole_list(ClosingOut),
        operation_id="closings_retrieve",
        parameters=[PRACTICE],
        summary="List the closings to come of a practice",
    )
    def get(self, request: Request) -> Response:
        return self.list(request)

    @answers(
        201,
        ClosingOut,
        request=ClosingIn,
        parameters=[PRACTICE],
        summary="Close a practice, or some of its agendas",
    )
    def post(self, request: Request) -> Response:
        """Appointments that stand inside stay: `appointments` names them, to be moved or cancelled."""
        asked = read(ClosingIn(data=request.data))
        made = self.made_before() or close(
            practice=self.practice,
            starts_at=asked["start"],
            ends_at=asked["end"],
            reason=asked["reason"],
            agendas=_agendas(self.practice, asked["agendas"]),
            by=self.user,
            pk=self.object_id,
        )
        return Response(self.get_serializer([made], many=True).data[0], status=201)


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
        practice = practice_of_call(request, Role.ADMIN)
        year = request.query_params.get("year", "")
        if not (year.isascii() and year.isdigit() and FIRST_YEAR <= int(year[:9]) <= LAST_YEAR):
            sentence = _("Donnez une année de %(first)d à %(last)d.") % {"first": FIRST_YEAR, "last": LAST_YEAR}
            raise ValidationError({"year": sentence})
        return Response({"results": HolidayOut(holidays_of(practice, int(year)), many=True).data})


class OpeningHoursOfAgenda(StaffView):
    @answers(200, WeekOut, summary="Read the opening hours of an agenda")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return _week(get_object_or_404(Agenda.objects.of_staff(self.user), pk=pk))

    @answers(200, WeekOut, request=WeekIn, summary="Set the opening hours of an agenda")
    def put(self, request: Request, pk: uuid.UUID) -> Response:
        """In place of those there were. `end` may be `24:00`. After midnight is the next day's, from `00:00`."""
        agenda = get_object_or_404(Agenda.objects.of_staff(self.user).select_related("practice"), pk=pk)
        asked = read(WeekIn(data=request.data))["hours"]
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
    agendas = list(practice.agendas.filter(pk__in=asked))
    if len(agendas) < len(set(asked)):
        raise ValidationError({"agendas": _("Cet agenda n’existe pas.")})
    return agendas
