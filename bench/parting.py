"""Measures the pages of a small practice alone, beside 100,000 others with few rows, and beside one with a million
documents besides; and asks PostgreSQL how it finds the rows of each statement of these pages.

`python -m bench.parting`, on a PostgreSQL and a Redis of its own. PRACTICES and DOCUMENTS set other numbers. Exits
with status 1 if a page takes more than 1.2 times as long, or if a statement reads a growing table from end to end, or
rows by the thousand that it leaves out.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache, partial
from typing import Any, NamedTuple

from bench import report
from bench.installation import demo, on_servers, set_up
from bench.many_documents import browsers, copy, make_template, questions, uuid_of

PRACTICES, DOCUMENTS = int(os.environ.get("PRACTICES", "100000")), int(os.environ.get("DOCUMENTS", "1000000"))
AN_APPOINTMENT, A_RECORD = 10, 5  # of the giant: documents of an appointment, appointments of a record
FAILURES = 10  # one appointment of so many has a failure of each kind
MOST_LEFT_OUT = 2_000  # rows that a statement may read and leave out
GOAL = 1.2
CALLS = int(os.environ.get("CALLS", "60"))
ASKED = (
    *("agenda of a day", "panel of an appointment", "a record", "search for a patient", "my documents"),
    *("API: appointments", "API: patients", "API: history"),
)
Calls = dict[str, Callable[[], Any]]


def compare() -> int:
    """Returns how many pages and statements miss what the module promises."""
    set_up()
    demo()
    template = make_template()
    calls = pages(template)
    templates = Templates.around(template)
    alone = measured(calls)
    grow(templates, SMALL)
    beside_small = measured(calls)
    grow(templates, GIANT)
    beside_giant = measured(calls)
    missed = 0
    for name, before in alone.items():
        small, giant = beside_small[name], beside_giant[name]
        missed += giant.p95 > GOAL * before.p95
        print(
            f"{name}: {before.queries} queries; p95 {before.p95:.1f} ms alone, {small.p95:.1f} beside practices "
            f"({small.p95 / before.p95:.2f}), {giant.p95:.1f} beside the giant too ({giant.p95 / before.p95:.2f}); "
            f"in PostgreSQL {before.database:.1f}, {small.database:.1f}, {giant.database:.1f} ms",
            flush=True,
        )
    worst = max(alone, key=lambda name: beside_giant[name].p95 / alone[name].p95)
    report.at_most(
        f"a practice beside {PRACTICES:,} and a giant of {DOCUMENTS:,} documents: p95, worst of {len(alone)} pages",
        beside_giant[worst].p95 / alone[worst].p95, GOAL, " × alone",
        ours=f"{worst}, {beside_giant[worst].p95:.1f} ms",
        beside=f"alone {alone[worst].p95:.1f} ms", still="all rows of the others are there",
    )  # fmt: skip
    for name, call in calls.items():
        for fault in ill_found(call):
            missed += 1
            print(f"{name}: {fault}")
    return missed


class Figures(NamedTuple):
    """Milliseconds: the 95th percentile of CALLS calls, and what PostgreSQL takes for the statements of one."""

    queries: int
    p95: float
    database: float


def measured(calls: Calls) -> dict[str, Figures]:
    found = {}
    for name, call in calls.items():
        response = call()
        assert response.status_code == 200, (name, response.status_code)
        plans = [list(plans_of(call)) for _ in range(3)]
        taken = []
        for _ in range(CALLS):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
        database = min(sum(plan["Planning Time"] + plan["Execution Time"] for _sql, plan in each) for each in plans)
        found[name] = Figures(len(plans[0]), statistics.quantiles(taken, n=20)[-1] * 1000, database)
    return found


def pages(template: Any) -> Calls:
    clients = browsers(template)
    more = {
        "records": ("staff", "/pro/patients/"),
        "library": ("staff", "/pro/library/"),
        "deliveries": ("staff", "/pro/deliveries/"),
        "received": ("staff", "/pro/received/"),
        "to sign": ("staff", "/pro/to-sign/"),
    }
    every = questions(template, clients)
    return {name: every[name] for name in ASKED} | {
        name: partial(clients[who].get, path) for name, (who, path) in more.items()
    }


class Templates(NamedTuple):
    """One real row of each model, which all others copy."""

    document: Any
    sending: Any
    message: Any
    told: Any
    proposal: Any
    reading: Any
    event: Any

    @classmethod
    def around(cls, document: Any) -> Templates:
        from django.utils import timezone

        from audit.models import AuditEvent
        from documents.models import AutoSend, AutoSendRule, DocumentReading, LibraryDocument, SharedDocument
        from notifications.models import Message
        from patients.models import ContactProposal

        library = LibraryDocument.objects.create(
            practice=document.practice,
            title="Consignes",
            category=document.category,
            archived_at=timezone.now(),  # it has no version
        )
        rule = AutoSendRule.objects.create(practice=document.practice, name="Consignes", is_active=False)
        now = timezone.now() - timedelta(days=1)
        message = Message.objects.create(
            channel="email", to="x@courriel.example", state="failed", cause="refused", due_at=now, created_at=now,
            about=document.appointment_id, topic="documents", practice=document.practice_id,
        )  # fmt: skip
        sending = AutoSend.objects.create(
            appointment=document.appointment, rule=rule, document=library, due_at=now, state="cancelled"
        )
        told = SharedDocument.messages.through.objects.create(shareddocument=document, message=message)
        proposal = ContactProposal.objects.create(
            patient=document.patient, user=document.shared_by, contact="mobile", value="+33600000000"
        )
        reading = DocumentReading.objects.create(
            document=document, reader=document.shared_by, means="viewed", as_staff=True
        )
        event = AuditEvent.objects.filter(object_id=document.pk).first()
        return cls(document, sending, message, told, proposal, reading, event)


class Size(NamedTuple):
    """`kind`: a hexadecimal digit that begins all ids; `records` and so on in all, `documents` of an appointment."""

    kind: str
    practices: int
    records: int
    appointments: int
    documents: int


SMALL = Size("4", PRACTICES, PRACTICES * 2, PRACTICES * 2, 2)
GIANT = Size("d", 1, DOCUMENTS // AN_APPOINTMENT // A_RECORD, DOCUMENTS // AN_APPOINTMENT, AN_APPOINTMENT)


def grow(templates: Templates, size: Size) -> None:
    """Make the practices, each with an agenda and a reason, and what is around their appointments."""
    start = time.monotonic()
    appointment = templates.document.appointment

    def key(part: int, number: str = "n") -> str:
        return uuid_of(size.kind, f"{part} * 16777216 + {number}")

    def of(part: int, all_of_it: int, each: int) -> str:
        """The row of `part`, of which there are `all_of_it`, to which the n-th of `each` belongs."""
        return key(part, f"n / {max(1, each // all_of_it)}")

    def practice(each: int) -> str:
        return of(0, size.practices, each)

    number = size.appointments
    copy(appointment.practice, {"id": key(0), "name": "'Cabinet ' || n"}, 0, size.practices)
    for part, row in ((1, appointment.agenda), (2, appointment.visit_reason)):
        copy(row, {"id": key(part), "practice_id": key(0)}, 0, size.practices)
    record = {"id": key(3), "practice_id": practice(size.records), "email": "'p' || n || '@courriel.example'"}
    copy(appointment.patient, record, 0, size.records)
    times = "timestamptz '2016-01-01' + n * interval '20 minutes'"
    booked = {
        "id": key(4),
        "practice_id": practice(number),
        "agenda_id": of(1, size.practices, number),
        "visit_reason_id": of(2, size.practices, number),
        "patient_id": of(3, size.records, number),
        "starts_at": times,
        "ends_at": f"{times} + interval '15 minutes'",
    }
    copy(appointment, booked, 0, number)
    documents = number * size.documents
    shared = {
        "id": key(5),
        "practice_id": practice(documents),
        "patient_id": of(3, size.records, documents),
        "appointment_id": of(4, number, documents),
        "shared_at": "now() - (mod(n, 40000) || ' minutes')::interval",
    }
    copy(templates.document, shared, 0, documents)
    note(templates, {"practice_id": practice(documents), "record_id": of(4, number, documents)}, key(5), documents)
    fail(templates, size, key, practice(number))
    print(
        f"{size.practices:,} practices, {documents:,} documents made in {time.monotonic() - start:.0f} s", flush=True
    )


def note(templates: Templates, around: dict[str, str], document: str, number: int) -> None:
    """One reading and one line of the trail for each document."""
    read = {**around, "id": numbered("documents_documentreading"), "document_id": document}
    copy(templates.reading, read, 0, number)
    copy(templates.event, {**around, "id": numbered("audit_auditevent"), "object_id": document}, 0, number)


def fail(templates: Templates, size: Size, key: Callable[..., str], practice: str) -> None:
    """One appointment of FAILURES has a sending and a message that failed, and its record a contact to accept."""
    number, nth = size.appointments // FAILURES, f"(n * {FAILURES})"
    practice, appointment = practice.replace("n /", f"{nth} /"), key(4, nth)
    yesterday = "now() - interval '1 day' - (mod(n, 20) || ' days')::interval"
    document = key(5, f"{nth} * {size.documents}")
    failed = {
        "id": key(6), "practice_id": practice, "appointment_id": appointment, "state": "'failed'",
        "due_at": yesterday, "shared_id": "NULL", "link_id": "NULL", "sent_at": "NULL",
    }  # fmt: skip
    copy(templates.sending, failed, 0, number)
    message = {"id": key(7), "practice": practice, "about": appointment, "created_at": yesterday}
    copy(templates.message, message, 0, number)
    told = {
        "id": numbered("documents_shareddocument_messages"), "shareddocument_id": document, "message_id": key(7)
    }  # fmt: skip
    copy(templates.told, told, 0, number)
    record = key(3, f"{nth} / {max(1, size.appointments // size.records)}")
    copy(templates.proposal, {"id": key(8), "practice_id": practice, "patient_id": record}, 0, number)


def numbered(table: str) -> str:
    return f"nextval(pg_get_serial_sequence('{table}', 'id'))"


def ill_found(call: Callable[[], Any]) -> Iterator[str]:
    """A sentence for each statement of the page that reads a growing table from end to end, or many rows in vain."""
    for statement, plan in plans_of(call):
        for node in nodes(plan["Plan"]):
            if fault := fault_of(node):
                yield f"{fault}: {statement[:2000]}"


def plans_of(call: Callable[[], Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each statement that the page reads with, and how PostgreSQL did it."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        call()
    for query in queries.captured_queries:
        if query["sql"].startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query["sql"])
                plan = cursor.fetchone()[0]
            yield query["sql"], (json.loads(plan) if isinstance(plan, str) else plan)[0]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)


def fault_of(node: dict[str, Any]) -> str | None:
    table, loops = node.get("Relation Name"), node["Actual Loops"]
    left_out = sum(count for name, count in node.items() if name.startswith("Rows Removed")) * loops
    if table in grown_tables() and node["Node Type"].endswith("Seq Scan") and loops:
        return f"reads all of {table}"
    if left_out > MOST_LEFT_OUT:
        return f"leaves out {left_out:,} rows of {table or node['Node Type']}"
    read = node["Actual Rows"] * loops
    return f"reads {read:,} rows of {table}" if table and read > MOST_LEFT_OUT else None


@cache
def grown_tables() -> set[str]:
    """Growing tables in which the bench made rows: PostgreSQL rightly reads a table of a few rows from end to end."""
    from django.apps import apps
    from django.db import connection

    from personal_data.growth import TABLES, Growth

    growing = (Growth.WITH_A_PRACTICE, Growth.OF_ITS_PARENT)
    names = [apps.get_model(label)._meta.db_table for label, table in TABLES.items() if table.growth in growing]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND reltuples > %s", [names, MOST_LEFT_OUT]
        )
        return {name for (name,) in cursor.fetchall()}


if __name__ == "__main__":
    if sys.argv[1:] == ["here"]:
        sys.exit(min(1, compare()))
    on_servers("bench.parting")
