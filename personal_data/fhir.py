"""The few elements of FHIR R4 that an export uses."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from practices.models import Membership, Practice

Resource = dict[str, Any]
RPPS = "https://rpps.esante.gouv.fr"


def resource(kind: str, pk: uuid.UUID | str, **elements: object) -> Resource:
    """A resource without empty elements, which FHIR does not allow."""
    filled = {name: value for name, value in elements.items() if value not in (None, "", [], {})}
    return {"resourceType": kind, "id": str(pk), **filled}


def derived_id(*parts: object) -> str:
    """A stable id for a row without a UUID."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, ":".join(map(str, parts))))


def instant(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def period(start: datetime | None, end: datetime | None = None) -> dict[str, str]:
    return {name: text for name, text in (("start", instant(start)), ("end", instant(end))) if text}


def text(words: object) -> dict[str, str]:
    """A CodeableConcept in words."""
    return {"text": str(words)}


def reference(kind: str, pk: object, display: object = "") -> dict[str, str]:
    reference = {"reference": f"urn:uuid:{pk}", "type": kind}
    return {**reference, "display": str(display)} if display else reference


def name(family: str, given: str, prefix: str = "") -> list[dict[str, Any]]:
    parts = {"family": family, "given": [given] if given else [], "prefix": [prefix] if prefix else []}
    human_name = {key: value for key, value in parts.items() if value}
    return [human_name] if human_name else []


def telecom(contacts: Iterable[tuple[str, str | None, str]]) -> list[dict[str, str]]:
    """From (email or mobile, value, use): `old` is a former one, `temp` one that staff were asked to adopt."""
    systems = {"email": "email", "mobile": "phone"}
    return [{"system": systems[contact], "value": value, "use": use} for contact, value, use in contacts if value]


def staff(user: User | None, practice: Practice | None, *, named: bool) -> str:
    """Who acted for a practice: the role, with the name where the person's own pages give it too."""
    role = _role(user, practice)
    whose = f"{role}, {practice}" if practice else role
    return f"{user.get_full_name()} ({whose})" if named and user and user.get_full_name() else whose


def _role(user: User | None, practice: Practice | None) -> str:
    if user is None:
        return _("envoi automatique")
    membership = Membership.objects.filter(user=user, practice=practice).first() if practice else None
    if membership is None:
        return _("membre du cabinet")
    return ", ".join(str(role.label) for role in sorted(membership.roles)).lower()
