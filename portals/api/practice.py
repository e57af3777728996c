"""The practice that an API call is about: that of the token, or `?practice=` if the account is staff of several."""

from __future__ import annotations

import uuid
from typing import cast

from django.http import Http404
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from accounts.models import User
from portals.api.views.base import asked_id, practice_asked_for
from portals.clock import set_clock
from practices.models import Practice, Role
from practices.roles import ADMINISTRATORS_CHANGE, NotAllowed, roles_in

PRACTICE = OpenApiParameter(
    "practice", uuid.UUID, description="Which practice the call is about; required for staff of several"
)


def practice_of_call(request: Request, *roles: Role, refusal: StrOrPromise = ADMINISTRATORS_CHANGE) -> Practice:
    """The practice of the call, where the caller has one of `roles` (any role if none is given). Activates its time
    zone.

    Calls about one object of the practice use it, too: look the object up in this practice alone, so that another
    practice's id is a 404. Raises Http404 if the caller is not staff of the practice asked for; ValidationError
    (code `required`) if the caller is staff of several and names none; NotAllowed with `refusal` without the role;
    PracticeSuspended.
    """
    user = cast("User", request.user)
    asked = asked_id(request, "practice")
    practices = list(Practice.objects.of(user)) if asked is None else [practice_asked_for(user, asked)]
    if not practices:
        raise Http404
    if len(practices) > 1:
        sentence = _("Vous êtes dans plusieurs cabinets : dites lequel.")
        raise ValidationError({"practice": sentence}, "required")
    practice = practices[0]
    if roles and not roles_in(user, practice).intersection(roles):
        raise NotAllowed(refusal)
    set_clock(practice)
    return practice
