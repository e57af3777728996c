"""Processes that plan, send and answer what a rule asks at the same moment: each appointment is asked once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from documents.models import AutoSend, DocumentLink, DocumentRequest
from documents.sending.autosend import send_due
from documents.sending.rules import Asks, RuleContent, save_rule
from notifications.models import Message
from patients.models import Patient
from practices.models import Practice
from tests.conftest import BookFixture
from tests.prepared_process import start

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
APPOINTMENTS, PROCESSES = 12, 4
LABELS = ["Bilan", "Carnet", "Ordonnance", "Photo"]
PLANS = """
import sys
import django; django.setup()
from django.db import transaction
from documents.models import AutoSendRule
from documents.sending.autosend import send_due
from documents.sending.planning import follow_rule
list(AutoSendRule.objects.all())  # connected
print("ready", flush=True)
sys.stdin.readline()  # all of them begin together
with transaction.atomic():
    for rule in AutoSendRule.objects.order_by("pk"):
        follow_rule(rule, to_booked=True)
send_due()
"""


def test_several_processes_that_plan_and_send_ask_each_appointment_once_in_one_message(
    practice: Practice, carol: User, book_for: BookFixture, marie: Patient
) -> None:
    for number in range(APPOINTMENTS):
        book_for(marie, starts_at=timezone.now() + timedelta(days=10 + number))
    for name, labels in (("Avant", LABELS[:2]), ("Encore", LABELS[2:])):
        content = RuleContent(name=name, documents=[], questions=[Asks(label) for label in labels])
        save_rule(practice=practice, content=content, by=carol, to_booked=False)
    Message.objects.all().delete()
    assert not AutoSend.objects.exists()

    processes = [start("-c", PLANS) for _ in range(PROCESSES)]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n", process.communicate()
    for process in processes:  # before the first is waited for: communicate() would run one after another
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES, ended
    left = AutoSend.objects.filter(state="planned").count()
    send_due(now=timezone.now() + timedelta(hours=1))  # the next sweep: what one process left to another's lease

    asked: dict[object, list[str]] = {}
    for appointment, label in DocumentRequest.objects.order_by("label").values_list("appointment", "label"):
        asked.setdefault(appointment, []).append(label)
    assert list(asked.values()) == [LABELS] * APPOINTMENTS, (left, ended)
    assert set(AutoSend.objects.values_list("state", flat=True)) == {"sent"}
    assert DocumentLink.objects.count() == APPOINTMENTS
    assert Counter(Message.objects.values_list("channel", flat=True)) == {"email": APPOINTMENTS, "sms": APPOINTMENTS}
    assert AuditEvent.objects.filter(action="request.asked").count() == len(LABELS) * APPOINTMENTS
