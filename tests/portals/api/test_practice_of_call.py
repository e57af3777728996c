"""The practice of an API call: the only one of the caller, or the one that `?practice=` names."""

from __future__ import annotations

import pytest
from django.http import Http404
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from accounts.models import User
from portals.api.practice import practice_of_call
from practices.models import Membership, Practice, Role
from practices.roles import NotAllowed

pytestmark = pytest.mark.django_db


def call(user: User, **query: str) -> Request:
    request = Request(APIRequestFactory().get("/", query))
    request.user = user
    return request


def test_staff_of_one_need_not_name_it(carol: User, practice: Practice) -> None:
    Practice.objects.filter(pk=practice.pk).update(time_zone="Indian/Reunion")
    with timezone.override("UTC"):
        assert practice_of_call(call(carol), Role.ADMIN) == practice
        assert timezone.get_current_timezone_name() == "Indian/Reunion"


def test_staff_of_several_name_one(carol: User, practice: Practice, other_practice: Practice) -> None:
    Membership.objects.create(user=carol, practice=other_practice, is_secretary=True)
    for asked in (call(carol), call(carol, practice="")):
        with pytest.raises(ValidationError) as refused:
            practice_of_call(asked, Role.ADMIN)
        assert refused.value.get_codes() == {"practice": "required"}
    assert practice_of_call(call(carol, practice=str(practice.pk)), Role.ADMIN) == practice
    with pytest.raises(NotAllowed):
        practice_of_call(call(carol, practice=str(other_practice.pk)), Role.ADMIN)
    assert practice_of_call(call(carol, practice=str(other_practice.pk))) == other_practice


def test_another_role_is_refused_and_another_practice_is_not_there(
    bob: User, charlie: User, hugo: User, practice: Practice
) -> None:
    with pytest.raises(NotAllowed):
        practice_of_call(call(bob), Role.ADMIN)
    assert practice_of_call(call(bob), Role.ADMIN, Role.SECRETARY) == practice
    for asked in (call(charlie, practice=str(practice.pk)), call(hugo), call(hugo, practice=str(practice.pk))):
        with pytest.raises(Http404):
            practice_of_call(asked)


def test_what_is_no_id_is_named(carol: User) -> None:
    with pytest.raises(ValidationError) as refused:
        practice_of_call(call(carol, practice="lilas"))
    assert refused.value.get_codes() == {"practice": "invalid"}
