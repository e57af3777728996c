"""Records of the practice's patients."""

from __future__ import annotations

import uuid

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Practice, User
from accounts.models.practice import SHARING_ROLES
from accounts.roles import NotAllowed, may_share
from patients.models import Patient
from patients.records import change_patient, create_patient
from portals.api.idempotency import object_id
from portals.api.pagination import NewestFirst
from portals.api.schema import IDEMPOTENCY, answers, page_of
from portals.api.serializers import PatientIn, PatientOut
from portals.api.views.base import StaffView


def practice_of(user: User, asked: uuid.UUID | None) -> Practice:
    """The practice a new object belongs to: the one asked for, or the only one where the user may write."""
    if asked is not None:
        return get_object_or_404(Practice.objects.of(user), pk=asked)
    practices = list(Practice.objects.of(user, *SHARING_ROLES)[:2]) or list(Practice.objects.of(user)[:2])
    if len(practices) != 1:
        raise ValidationError({"practice": _("Vous êtes dans plusieurs cabinets : dites lequel.")})
    return practices[0]


class Patients(StaffView):
    @answers(200, page_of(PatientOut), operation_id="patients_list")
    def get(self, request: Request) -> Response:
        paginator = NewestFirst()
        found = Patient.objects.of_staff(self.user).search(request.query_params.get("search", ""))
        page = paginator.paginate_queryset(found, request, view=self)
        return paginator.get_paginated_response(PatientOut(page, many=True).data)

    @answers(201, PatientOut, request=PatientIn, errors=(409,), parameters=[IDEMPOTENCY])
    def post(self, request: Request) -> Response:
        if first := self.once(request):
            return first
        body = PatientIn(data=request.data)
        body.is_valid(raise_exception=True)
        record = dict(body.validated_data)
        practice = practice_of(self.user, record.pop("practice", None))
        check_may_write(self.user, practice)
        pk = object_id(request)
        patient = Patient.objects.filter(pk=pk).first() if pk else None
        if patient is None:
            patient = create_patient(practice=practice, **record, by=self.user, pk=pk)
        return Response(PatientOut(patient).data, status=201)


class PatientDetail(StaffView):
    def _get(self, pk: uuid.UUID) -> Patient:
        return get_object_or_404(Patient.objects.of_staff(self.user).select_related("practice"), pk=pk)

    @answers(200, PatientOut)
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(PatientOut(self._get(pk)).data)

    @answers(200, PatientOut, request=PatientIn(partial=True))
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        patient = self._get(pk)
        check_may_write(self.user, patient.practice)
        body = PatientIn(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        changes = {name: value for name, value in body.validated_data.items() if name != "practice"}
        return Response(PatientOut(change_patient(patient=patient, by=self.user, **changes)).data)


def check_may_write(user: User, practice: Practice) -> None:
    if not may_share(user, practice):
        raise NotAllowed(_("Votre rôle permet de lire, pas d’écrire."))
