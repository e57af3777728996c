"""Agendas, reasons, appointments, who receives, history."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from appointments.authorisation import authorise_holder
from appointments.booking import book, delete
from appointments.cancelling import cancel
from appointments.finding import found_by_staff
from appointments.history import history_of
from appointments.models import Agenda, Appointment, AppointmentKind, VisitReason
from appointments.moving import move
from appointments.recipients import Recipient, resolve
from appointments.reinstating import reinstate
from audit.models import AuditEvent
from patients.merges import record_that_stays
from patients.models import Patient
from patients.records import create_patient
from portals.api.schema import DOUBTS, answers, page_of
from portals.api.serializers.appointments import (
    AppointmentIn,
    AppointmentMove,
    AppointmentOut,
    CancelIn,
    HistoryOut,
    RecipientOut,
)
from portals.api.views.base import Listing, StaffView, asked_day, asked_ids, read
from portals.api.views.patients import check_may_write
from portals.clock import set_clock
from practices.models import SHARING_ROLES, Practice


def appointment_of(user: User, pk: uuid.UUID) -> Appointment:
    """Raises Http404."""
    found = found_by_staff(user, pk)
    if found is None:
        raise Http404
    return found


FILTERS = [
    OpenApiParameter("agenda", uuid.UUID),
    OpenApiParameter("date", date),
    OpenApiParameter("patient", uuid.UUID),
]


class Appointments(StaffView, Listing[Appointment]):
    serializer_class = AppointmentOut
    ordering = ("-starts_at", "-id")

    def get_queryset(self) -> QuerySet[Appointment]:
        appointments = Appointment.objects.of_staff(self.user).select_related("practice")
        appointments = appointments.filter(**asked_ids(self.request, "agenda", "patient"))
        if not self.request.query_params.get("date"):
            return appointments
        on, on_day = asked_day(self.request, "date"), Q(pk__in=[])
        for practice in Practice.objects.of(self.user):
            on_day |= Q(pk__in=Appointment.objects.on_day(on, practice).values("pk"))
        return appointments.filter(on_day)

    def makes(self) -> QuerySet[Appointment]:
        return Appointment.objects.of_staff(self.user, *SHARING_ROLES)

    @answers(
        200,
        page_of(AppointmentOut),
        operation_id="appointments_list",
        parameters=FILTERS,
        summary="List appointments, newest first",
    )
    def get(self, request: Request) -> Response:
        return self.list(request)

    @answers(
        201,
        AppointmentOut,
        request=AppointmentIn,
        summary="Book an appointment for a patient",
        refusals=DOUBTS,
    )
    def post(self, request: Request) -> Response:
        asked = read(AppointmentIn(data=request.data))
        return Response(AppointmentOut.just_placed(self.made_before() or self._book(asked)).data, status=201)

    @transaction.atomic
    def _book(self, asked: dict[str, Any]) -> Appointment:
        agenda = agenda_of(self.user, asked["agenda"])
        check_may_write(self.user, agenda.practice)
        return book(
            agenda=agenda,
            visit_reason=visit_reason_of(self.user, asked["visit_reason"]),
            patient=self._patient(asked["patient"], agenda.practice),
            starts_at=asked["start"],
            kind=_kind(asked),
            by=self.user,
            pk=self.object_id,
            accepted=None if asked["accept_doubts"] else (),
        )

    def _patient(self, asked: uuid.UUID | dict[str, Any], practice: Practice) -> Patient:
        if isinstance(asked, uuid.UUID):
            stays = record_that_stays(asked)
            patient = Patient.objects.of_staff(self.user).filter(pk=stays.pk if stays else asked).first()
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
        asked = read(AppointmentMove(data=request.data))
        moved = move(
            appointment=appointment,
            by=self.user,
            starts_at=asked.get("start"),
            agenda=agenda_of(self.user, asked["agenda"]) if "agenda" in asked else None,
            visit_reason=visit_reason_of(self.user, asked["visit_reason"]) if "visit_reason" in asked else None,
            kind=_kind(asked),
            accepted=None if asked["accept_doubts"] else (),
        )
        return Response(AppointmentOut.just_placed(moved).data)

    @answers(204, summary="Delete an appointment and what was shared from it")
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        delete(appointment=appointment_of(self.user, pk), by=self.user)
        return Response(status=204)


# A call about one appointment; its POST is for who may write in the practice, and makes no object unless it says so.
# (A docstring would be the description of every call in the OpenAPI.)
class OfAppointment(StaffView):
    @cached_property
    def appointment(self) -> Appointment:
        return appointment_of(self.user, self.kwargs["pk"])

    def makes(self) -> QuerySet[Any] | None:
        check_may_write(self.user, self.appointment.practice)
        return None


class CancelAppointment(OfAppointment):
    @answers(
        200,
        AppointmentOut,
        request=CancelIn,
        summary="Cancel an appointment",
        refusals=["appointment_cancelled"],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        asked = read(CancelIn(data=request.data))
        return Response(AppointmentOut(cancel(appointment=self.appointment, by=self.user, **asked)).data)


class ReinstateAppointment(OfAppointment):
    @answers(
        200,
        AppointmentOut,
        summary="Put a cancelled appointment back, if its place is free",
        refusals=["place_taken", "no_longer_ahead"],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(AppointmentOut(reinstate(appointment=self.appointment, by=self.user)).data)


class RecipientView(StaffView):
    @answers(200, RecipientOut, summary="See who will receive the documents of an appointment")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(_recipient(resolve(appointment_of(self.user, pk))))


class AuthoriseHolder(OfAppointment):
    @answers(
        200,
        RecipientOut,
        summary="Let whoever booked receive the documents of an appointment",
        refusals=["nothing_to_authorise"],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(_recipient(authorise_holder(appointment=self.appointment, by=self.user)))


class History(OfAppointment, Listing[AuditEvent]):
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[AuditEvent]:
        set_clock(self.appointment.practice)
        return history_of(self.appointment)

    def get_serializer(self, lines: list[AuditEvent], **shape: Any) -> HistoryOut:
        actors = User.objects.in_bulk({line.actor_id for line in lines if line.actor_id})
        return HistoryOut(lines, context={"actors": actors}, **shape)

    @answers(
        200,
        page_of(HistoryOut),
        operation_id="appointments_history_list",
        summary="Read the history of an appointment",
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return self.list(request)


def agenda_of(user: User, pk: uuid.UUID) -> Agenda:
    agenda = Agenda.objects.of_staff(user).select_related("practice").filter(pk=pk).first()
    if agenda is None:
        raise ValidationError({"agenda": _("Cet agenda n’existe pas.")})
    return agenda


def visit_reason_of(user: User, pk: uuid.UUID) -> VisitReason:
    reason = VisitReason.objects.of_staff(user).filter(pk=pk).first()
    if reason is None:
        raise ValidationError({"visit_reason": _("Ce motif n’existe pas.")})
    return reason


def _recipient(recipient: Recipient) -> dict[str, Any]:
    return {
        "state": recipient.state.value,
        "audience": recipient.audience.value if recipient.audience else None,
        "missing": list(recipient.missing),
    }
