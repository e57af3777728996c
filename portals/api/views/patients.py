"""Records of the practice's patients."""

from __future__ import annotations

import uuid

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from documents.sharing.accesses import accesses_to, end_access
from patients.models import Patient
from patients.names import MAX_SEARCH_LENGTH, MAX_SEARCH_WORDS
from patients.records import FormerContacts, change_patient, confirm_contacts, create_patient
from portals.api.idempotency import object_id
from portals.api.pagination import NewestFirst
from portals.api.schema import IDEMPOTENCY, answers, page_of, whole_list
from portals.api.serializers import AccessOut, PatientChangeIn, PatientIn, PatientOut
from portals.api.views.base import StaffView
from portals.clock import set_clock
from practices.models import SHARING_ROLES, Practice
from practices.roles import require_sharer


def practice_of(user: User, asked: uuid.UUID | None) -> Practice:
    """The practice a new object belongs to: the one asked for, or the only one where the user may write."""
    if asked is not None:
        return get_object_or_404(Practice.objects.of(user), pk=asked)
    practices = list(Practice.objects.of(user, *SHARING_ROLES)[:2]) or list(Practice.objects.of(user)[:2])
    if len(practices) != 1:
        raise ValidationError({"practice": _("Vous êtes dans plusieurs cabinets : dites lequel.")})
    return practices[0]


SEARCH = OpenApiParameter(
    "search",
    {"type": "string", "maxLength": MAX_SEARCH_LENGTH},
    description=f"Every word is found in the name, the email or the mobile; at most {MAX_SEARCH_WORDS} words",
)


class Patients(StaffView):
    @answers(
        200,
        page_of(PatientOut),
        operation_id="patients_list",
        parameters=[SEARCH],
        summary="List and search patients, newest first",
    )
    def get(self, request: Request) -> Response:
        paginator = NewestFirst()
        found = Patient.objects.of_staff(self.user).search(request.query_params.get("search", ""))
        page = paginator.paginate_queryset(found, request, view=self)
        return paginator.get_paginated_response(PatientOut(page, many=True).data)

    @answers(201, PatientOut, request=PatientIn, parameters=[IDEMPOTENCY], summary="Make a patient's record")
    def post(self, request: Request) -> Response:
        if first := self.once(request, made=Patient.objects.of_staff(self.user, *SHARING_ROLES)):
            return first
        body = PatientIn(data=request.data)
        body.is_valid(raise_exception=True)
        record = dict(body.validated_data)
        practice = practice_of(self.user, record.pop("practice", None))
        check_may_write(self.user, practice)
        pk = object_id(request)
        patient = Patient.objects.filter(pk=pk, practice=practice).first() if pk else None
        if patient is None:
            patient = create_patient(practice=practice, **record, by=self.user, pk=pk)
        return Response(PatientOut(patient).data, status=201)


class PatientDetail(StaffView):
    @answers(200, PatientOut, summary="Read a patient's record")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(PatientOut(_of_staff(self.user, pk)).data)

    @answers(
        200,
        PatientOut,
        request=PatientChangeIn(partial=True),
        summary="Change a patient's record",
        refusals=["say_whose_contacts"],
    )
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        patient = _of_staff(self.user, pk)
        check_may_write(self.user, patient.practice)
        body = PatientChangeIn(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        changes = {name: value for name, value in body.validated_data.items() if name != "practice"}
        whose = changes.pop("former_contacts", None)
        former_contacts = FormerContacts(whose) if whose else None
        changed = change_patient(patient=patient, by=self.user, former_contacts=former_contacts, **changes)
        return Response(PatientOut(changed).data)


class ConfirmContacts(StaffView):
    """Staff made sure that the record's contacts are the patient's own."""

    @answers(200, PatientOut, parameters=[IDEMPOTENCY], summary="Confirm that the contacts are the patient's own")
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        patient = _of_staff(self.user, pk)
        check_may_write(self.user, patient.practice)
        if first := self.once(request, made=None):
            return first
        return Response(PatientOut(confirm_contacts(patient=patient, by=self.user)).data)


class Accesses(StaffView):
    """Every live way to something of the record."""

    @answers(
        200,
        whole_list(AccessOut),
        operation_id="patients_accesses_list",
        summary="List who has access to a patient's record",
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        patient = _of_staff(self.user, pk)
        set_clock(patient.practice)
        found = accesses_to(patient)
        return Response({"results": AccessOut(found, many=True).data})


class AccessDetail(StaffView):
    @answers(204, summary="End an access to a patient's record")
    def delete(self, request: Request, pk: uuid.UUID, access_id: uuid.UUID) -> Response:
        if not end_access(patient=_of_staff(self.user, pk), access_id=access_id, by=self.user):
            raise Http404
        return Response(status=204)


def _of_staff(user: User, pk: uuid.UUID) -> Patient:
    return get_object_or_404(Patient.objects.of_staff(user).select_related("practice"), pk=pk)


def check_may_write(user: User, practice: Practice) -> None:
    require_sharer(user, practice, _("Votre rôle permet de lire, pas d’écrire."))
