"""A practice with many patients, two rules of three documents each, and appointments for all of them."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from datetime import time as time_of_day
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from appointments.booking import book
from appointments.models import Agenda, Appointment, ReminderPolicy, VisitReason
from docshare.demo import load as demo
from documents.models import AutoSend, AutoSendRule, LibraryDocument, SharedDocument
from documents.sending.rules import RuleContent, save_rule
from notifications.models import Message
from patients.models import Patient
from practices.models import Practice

DOCUMENTS, RULES = 3, 2


def load(count: int) -> None:
    demo.load()
    practice, admin = _practice(), User.objects.get(email="admin@lilas.example")
    # SMS leave at any hour; only the two rules below apply.
    ReminderPolicy.objects.update_or_create(
        practice=practice, defaults={"quiet_from": time_of_day(0), "quiet_until": time_of_day(0)}
    )
    AutoSendRule.objects.update(is_active=False)
    Patient.objects.bulk_create(
        [
            Patient(
                practice=practice, first_name="Patient", last_name=f"Numéro {number}", birth_date=date(1970, 1, 1),
                email=f"patient{number}@courriel.example", mobile=f"+336{number:08}",
            )
            for number in range(count)
        ],
        batch_size=1000,
    )  # fmt: skip
    library = list(LibraryDocument.objects.filter(practice=practice).order_by("created_at"))
    for number in range(RULES):
        documents = library[number : number + DOCUMENTS]
        content = RuleContent(name=f"Règle {number}", documents=documents)
        save_rule(practice=practice, content=content, by=admin, to_booked=False)
    for agenda in Agenda.objects.filter(practice=practice):  # only reminders and messages of the rules
        agenda.visit_reasons.set(practice.visit_reasons.all())


def book_all() -> list[float]:
    """Book one appointment for each patient; returns the duration of each booking in seconds."""
    return [_timed(**asked) for asked in _bookings()]


def book_steadily(rate: int) -> tuple[dict[UUID, float], float]:
    """Book for each patient, `rate` a second.

    Returns when each appointment was to be booked (seconds since the epoch), and how late the last one was."""
    begun, asked_at = time.time(), {}
    for number, asked in enumerate(_bookings()):
        due = begun + number / rate
        time.sleep(max(0, due - time.time()))
        asked_at[book(**asked).pk] = due
    return asked_at, time.time() - due


def moments_of_messages(asked_at: dict[UUID, float]) -> dict[str, float]:
    """For each message about these appointments, when its booking was asked for."""
    sent = Message.objects.filter(state="sent", about__in=asked_at).values_list("pk", "about")
    return {str(pk): asked_at[about] for pk, about in sent if about}


def _bookings() -> Iterator[dict[str, Any]]:
    secretary = User.objects.get(email="secretariat@lilas.example")
    agendas = list(Agenda.objects.filter(practice=_practice()).select_related("practice"))
    reason = _practice().visit_reasons.get(name="Consultation de suivi")
    first = timezone.now() + timedelta(days=30)
    patients = Patient.objects.filter(last_name__startswith="Numéro ").select_related("practice")
    for number, patient in enumerate(patients):
        yield {
            "agenda": agendas[number % len(agendas)],
            "visit_reason": reason,
            "patient": patient,
            "starts_at": first + timedelta(minutes=number),
            "by": secretary,
        }


def rules_that_do_not_match() -> None:
    """The time and queries that 2 and 200 rules that do not match add to one booking."""
    load(1)
    practice, patient = _practice(), Patient.objects.get(last_name="Numéro 0")
    AutoSendRule.objects.update(is_active=False)
    agenda, reason = practice.agendas.all()[0], practice.visit_reasons.get(name="Consultation de suivi")
    other = practice.visit_reasons.get(name="Première consultation")
    secretary = User.objects.get(email="secretariat@lilas.example")

    def measure() -> tuple[float, int]:
        asked: dict[str, Any] = {"agenda": agenda, "visit_reason": reason, "patient": patient, "by": secretary}
        asked["starts_at"] = timezone.now() + timedelta(days=30)
        for _ in range(20):
            _timed(**asked)
        with CaptureQueriesContext(connection) as queries_run:
            _timed(**asked)
        # The fastest tenth, to leave out delays by other processes of the machine.
        times = [_timed(**asked) for _ in range(200)]
        return statistics.quantiles(times, n=10)[0], len(queries_run)

    without, fewest = measure()
    print(f"booking, no rule: {without * 1000:.2f} ms, {fewest} queries")
    for count in (2, 200):
        _fill_up(practice, other, count)
        seconds, queries = measure()
        print(f"  {count} rules that don't match: {(seconds - without) * 1000:+.2f} ms, {queries - fewest:+} queries")


def _fill_up(practice: Practice, reason: VisitReason, count: int) -> None:
    document = LibraryDocument.objects.filter(practice=practice)[0]
    there = AutoSendRule.objects.filter(practice=practice, is_active=True).count()
    rules = AutoSendRule.objects.bulk_create(
        [AutoSendRule(practice=practice, name=f"Autre {number}") for number in range(there, count)]
    )
    reasons, documents = AutoSendRule.visit_reasons.through, AutoSendRule.documents.through
    reasons.objects.bulk_create([reasons(autosendrule=rule, visitreason=reason) for rule in rules])
    documents.objects.bulk_create([documents(autosendrule=rule, librarydocument=document) for rule in rules])


def _timed(**asked: Any) -> float:
    start = time.perf_counter()
    book(**asked)
    return time.perf_counter() - start


def _practice() -> Practice:
    return Practice.objects.get(pk=demo.PRACTICE_ID)


def verdict(taken: dict[str, set[str]]) -> None:
    """Check that everything happened once for each rule and appointment, and no other message was sent. Exits
    otherwise."""
    booked = Appointment.objects.filter(patient__last_name__startswith="Numéro ")
    wanted = RULES * DOCUMENTS
    sent = AutoSend.objects.filter(appointment__in=booked, state="sent", shared__isnull=False)
    faults = {
        "sendings": sent.count() - wanted * booked.count(),
        "documents": SharedDocument.objects.filter(appointment__in=booked).count() - wanted * booked.count(),
        "links more than one": booked.annotate(count=Count("document_links")).exclude(count=1).count(),
    }
    for kind, ids in taken.items():
        messages = Message.objects.filter(channel=kind, state="sent")  # the demo practice sends others
        known, about = _ids(messages), _ids(messages.filter(about__in=booked.values("pk")))
        faults |= {
            f"{kind} rows": len(about) - booked.count(),
            f"{kind} lost": len(about - ids),
            f"{kind} unknown": len(ids - known),
        }
    _report(faults.items(), booked.count())


def _ids(messages: QuerySet[Message]) -> set[str]:
    return {str(pk) for pk in messages.values_list("pk", flat=True)}


def _report(faults: Iterable[tuple[str, int]], appointments: int) -> None:
    wrong = [f"{name}: {count:+}" for name, count in faults if count]
    if wrong:
        sys.exit("NOT exactly once: " + ", ".join(wrong))
    print(f"  {appointments} appointments, {RULES * DOCUMENTS} documents each: every one sent once, none lost")
