"""`manage.py demo --json`: the output that other programs rely on; a second run changes nothing."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiToken
from appointments.models import Appointment
from audit.models import AuditEvent
from files.models import StoredFile
from patients.models import Patient
from signing.models import SignatureImage


def demo() -> dict[str, Any]:
    output = io.StringIO()
    call_command("demo", "--json", stdout=output)
    return dict(json.loads(output.getvalue()))


@pytest.mark.django_db
def test_the_demo_practice_is_as_promised_and_loaded_once() -> None:
    first = demo()
    assert set(first) == {"practice", "staff", "agendas", "visit_reasons", "library", "holder", "patients"}
    roles = [person["roles"] for person in first["staff"]]
    assert roles == [["practitioner"], ["practitioner"], ["secretary"], ["admin"]]
    assert (len(first["agendas"]), len(first["visit_reasons"]), len(first["library"])) == (2, 3, 5)
    assert SignatureImage.objects.count() == 2
    counts = (Appointment.objects.count(), Patient.objects.count(), StoredFile.objects.count())
    lines = AuditEvent.objects.exclude(action__startswith="api_token").count()

    ApiToken.objects.filter(user__email=first["holder"]["email"]).update(
        created_at=timezone.now() - timedelta(days=1, minutes=1)
    )
    second = demo()

    assert counts == (Appointment.objects.count(), Patient.objects.count(), StoredFile.objects.count())
    assert lines == AuditEvent.objects.exclude(action__startswith="api_token").count()
    assert second["patients"] == first["patients"]
    for old, new in zip(first["staff"], second["staff"], strict=True):
        assert old["password"] == new["password"]
        assert old["token"] != new["token"]
        assert call(old["token"]).status_code == call(new["token"]).status_code == 200  # the first token still works
    assert call(first["holder"]["token"], "/api/v1/me/").status_code == 401
    assert call(second["holder"]["token"], "/api/v1/me/").json()["mobile"] == second["holder"]["mobile"]


def call(token: str, address: str = "/api/v1/agendas/") -> Any:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client.get(address)


@pytest.mark.django_db
def test_production_has_no_demo(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError):
        demo()
