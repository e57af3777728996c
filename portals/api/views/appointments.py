"""Agendas, reasons, appointments, who receives, history."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from appointments.authorisation import authorise_holder
from appointments.booking import book, cancel, delete, move
from appointments.history import history_of
from appointments.models import Agenda, Appointment, AppointmentKind, VisitReason
from appointments.recipients import Recipient, resolve
from patients.models import Patient
from patients.records import create_patient
from portals.api.idempotency import object_id
from portals.api.pagination import AppointmentsNewestFirst, HistoryNewestFirst
from portals.api.schema import DOUBTS, IDEMPOTENCY, answers, page_of, whole_list
from portals.api.serializers import (
    AgendaOut,
    AppointmentIn,
    AppointmentMove,
    AppointmentOut,
    HistoryOut,
    RecipientOut,
    VisitReasonOut,
)
from portals.api.views.base import StaffView, asked_day
from portals.api.views.patients import check_may_write
from portals.clock import set_clock
from practices.models import SHARING_ROLES, Practice


def appointment_of(user: User, pk: uuid.UUID) -> Appointment:
    found = Appointment.objects.of_staff(user).select_related(
        "practice", "patient", "agenda", "visit_reason", "holder"
    )
    return get_object_or_404(found, pk=pk)


class Agendas(StaffView):
    @answers(200, whole_list(AgendaOut), operation_id="agendas_list", summary="List the agendas of your practices")
    def get(self, request: Request) -> Response:
        return Response({"results": AgendaOut(Agenda.objects.of_staff(self.user), many=True).data})


class VisitReasons(StaffView):
    @answers(
        200,
        whole_list(VisitReasonOut),
        operation_id="visit_reasons_list",
        summary="List the visit reasons of your practices",
    )
    def get(self, request: Request) -> Response:
        reasons = VisitReason.objects.of_staff(self.user).prefetch_related("agendas")
        return Response({"results": VisitReasonOut(reasons, many=True).data})


FILTERS = [
    OpenApiParameter("agenda", uuid.UUID),
    OpenApiParameter("date", date),
    OpenApiParameter("patient", uuid.UUID),
]


class Appointments(StaffView):
    @answers(
        200,
        page_of(AppointmentOut),
        operation_id="appointments_list",
        parameters=FILTERS,
        summary="List appointments, newest first",
    )
    def get(self, request: Request) -> Response:
        found = Appointment.objects.of_staff(self.user).select_related("practice").order_by("-starts_at", "-id")
        for name in ("agenda", "patient"):
            if asked := request.query_params.get(name):
                found = found.filter(**{f"{name}_id": _uuid(asked, name)})
        if request.query_params.get("date"):
            on, on_day = asked_day(request, "date"), Q(pk__in=[])
            for practice in Practice.objects.of(self.user):
                on_day |= Q(pk__in=Appointment.objects.on_day(on, practice).values("pk"))
            found = found.filter(on_day)
        paginator = AppointmentsNewestFirst()
        page = paginator.paginate_queryset(found, request, view=self)
        return paginator.get_paginated_response([AppointmentOut(one).data for one in page])

    @answers(
        201,
        AppointmentOut,
        request=AppointmentIn,
        parameters=[IDEMPOTENCY],
        summary="Book an appointment for a patient",
        refusals=DOUBTS,
    )
    def post(self, request: Request) -> Response:
        if first := self.once(request, made=Appointment.objects.of_staff(self.user, *SHARING_ROLES)):
            return first
        body = AppointmentIn(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        pk = object_id(request)
        made = Appointment.objects.of_staff(self.user).filter(pk=pk).first() if pk else None
        return Response(AppointmentOut(made or self._book(asked, pk)).data, status=201)

    @transaction.atomic
    def _book(self, asked: dict[str, Any], pk: uuid.UUID | None) -> Appointment:
        agenda = agenda_of(self.user, asked["agenda"])
        check_may_write(self.user, agenda.practice)
        return book(
            agenda=agenda,
            visit_reason=visit_reason_of(self.user, asked["visit_reason"]),
            patient=self._patient(asked["patient"], agenda.practice),
            starts_at=asked["start"],
            kind=_kind(asked),
            by=self.user,
            pk=pk,
            accepted=None if asked["accept_doubts"] else (),
        )

    def _patient(self, asked: uuid.UUID | dict[str, Any], practice: Practice) -> Patient:
        if isinstance(asked, uuid.UUID):
            patient = Patient.objects.of_staff(self.user).filter(pk=asked).first()
            if patient is None:
                raise ValidationError({"patient": _("Cette fiche patient n’existe pas.")})
            return patient
        record = {name: value for name, value in asked.items() if name != "practice"}
        return create_patient(practice=practice, **record, by=self.user)


def _kind(asked: dict[str, Any]) -> AppointmentKind | None:
    return AppointmentKind(asked["kind"]) if "kind" in asked else None


class AppointmentDetail(StaffView):
    @answers(200, AppointmentOut, summary="Read an appointment")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(AppointmentOut(appointment_of(self.user, pk)).data)

    @answers(
        200,
        AppointmentOut,
        request=AppointmentMove,
        summary="Move an appointment",
        refusals=["appointment_cancelled", *DOUBTS],
    )
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        appointment = appointment_of(self.user, pk)
        body = AppointmentMove(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        moved = move(
            appointment=appointment,
            by=self.user,
            starts_at=asked.get("start"),
            agenda=agenda_of(self.user, asked["agenda"]) if "agenda" in asked else None,
            visit_reason=visit_reason_of(self.user, asked["visit_reason"]) if "visit_reason" in asked else None,
            kind=_kind(asked),
            accepted=None if asked["accept_doubts"] else (),
        )
        return Response(AppointmentOut(moved).data)

    @answers(204, summary="Delete an appointment and what was shared from it")
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        delete(appointment=appointment_of(self.user, pk), by=self.user)
        return Response(status=204)


class CancelAppointment(StaffView):
    @answers(
        200,
        AppointmentOut,
        parameters=[IDEMPOTENCY],
        summary="Cancel an appointment",
        refusals=["appointment_cancelled"],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        appointment = appointment_of(self.user, pk)
        check_may_write(self.user, appointment.practice)
        if first := self.once(request, made=None):
            return first
        return Response(AppointmentOut(cancel(appointment=appointment, by=self.user)).data)


class RecipientView(StaffView):
    @answers(200, RecipientOut, summary="See who will receive the documents of an appointment")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(_recipient(resolve(appointment_of(self.user, pk))))


class AuthoriseHolder(StaffView):
    @answers(
        200,
        RecipientOut,
        parameters=[IDEMPOTENCY],
        summary="Let whoever booked receive the documents of an appointment",
        refusals=["nothing_to_authorise"],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        appointment = appointment_of(self.user, pk)
        check_may_write(self.user, appointment.practice)
        if first := self.once(request, made=None):
            return first
        return Response(_recipient(authorise_holder(appointment=appointment, by=self.user)))


class History(StaffView):
    @answers(
        200,
        page_of(HistoryOut),
        operation_id="appointments_history_list",
        summary="Read the history of an appointment",
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        appointment = appointment_of(self.user, pk)
        set_clock(appointment.practice)
        paginator = HistoryNewestFirst()
        lines = paginator.paginate_queryset(history_of(appointment), request, view=self)
        actors = User.objects.in_bulk({line.actor_id for line in lines if line.actor_id})
        return paginator.get_paginated_response(HistoryOut(lines, many=True, context={"actors": actors}).data)


def agenda_of(user: User, pk: uuid.UUID) -> Agenda:
    found = Agenda.objects.of_staff(user).select_related("practice").filter(pk=pk).first()
    if found is None:
        raise ValidationError({"agenda": _("Cet agenda n’existe pas.")})
    return found


def visit_reason_of(user: User, pk: uuid.UUID) -> VisitReason:
    found = VisitReason.objects.of_staff(user).filter(pk=pk).first()
    if found is None:
        raise ValidationError({"visit_reason": _("Ce motif n’existe pas.")})
    return found


def _recipient(recipient: Recipient) -> dict[str, Any]:
    return {
        "state": recipient.state.value,
        "audience": recipient.audience.value if recipient.audience else None,
        "missing": list(recipient.missing),
    }


def _uuid(text: str, attr: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise ValidationError({attr: _("Ceci n’est pas un identifiant.")}) from None
