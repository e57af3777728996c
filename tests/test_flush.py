"""A test with real transactions leaves nothing to the next one (tests/conftest.py)."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import DatabaseError, transaction

from appointments.models import Appointment
from audit import chain
from audit.models import AuditEvent, AuditSeal
from tests.conftest import MADE_BY_MIGRATE

pytestmark = pytest.mark.django_db(transaction=True)


def filled() -> set[str]:
    models = [one for one in apps.get_models(include_auto_created=True) if one._meta.managed and not one._meta.proxy]
    return {one._meta.db_table for one in models if one._base_manager.exists()} - MADE_BY_MIGRATE


def test_every_row_goes_and_what_migrations_made_stays(appointment: Appointment) -> None:
    chain.seal()
    assert {"audit_auditevent", "audit_auditseal", "appointments_appointment", "documents_category"} <= filled()
    made = Permission.objects.count(), ContentType.objects.count()
    assert all(made)
    call_command("flush", interactive=False, verbosity=0)
    assert filled() == set()
    assert (Permission.objects.count(), ContentType.objects.count()) == made


def test_the_trail_is_append_only_after_a_flush(request: pytest.FixtureRequest) -> None:
    call_command("flush", interactive=False, verbosity=0)
    request.getfixturevalue("appointment")
    chain.seal()
    for model in (AuditEvent, AuditSeal):
        assert model._base_manager.exists()
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            model._base_manager.all().delete()
