"""« État du système » at every width, all well and something ill, in both languages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from accounts.models import User
from jobs import heartbeat
from jobs.models import Heartbeat
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff
from tests.e2e.test_account import look

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_an_operator_finds_what_is_ill_and_what_to_do(site: str, browser: Browser) -> None:
    operator = User.objects.get(email="dr.martin@lilas.example")
    User.objects.filter(pk=operator.pk).update(is_staff=True, is_superuser=True)
    visitor = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(visitor, operator.email)
    for part in (heartbeat.WORKER, heartbeat.SCHEDULER):
        heartbeat.mark(part)
    visitor.page.get_by_role("link", name="État du système").click()
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("État du système")
    look(visitor, "/admin/system/", "system-well")
    Heartbeat.objects.update(at=timezone.now() - timedelta(hours=3))
    heartbeat.mark(heartbeat.SCHEDULER)
    look(visitor, "/admin/system/", "system-ill")
    visitor.page.get_by_role("link", name="Que faire\u00a0: Processus de travail").click()
    expect(visitor.page.get_by_role("heading", name="What to do")).to_be_visible()
    look(visitor, "/admin/system/workers/", "system-illness")
    User.objects.filter(pk=operator.pk).update(language="en")
    look(visitor, "/admin/system/", "system-english")
