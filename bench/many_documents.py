"""Measures pages and API with 1,000 and 5,000,000 shared documents: same number of queries, and durations.

`python -m bench.many_documents`, on a PostgreSQL and a Redis of its own. Rows are copies, by generate_series, of the
demo practice: 50 documents for each patient, 10 for each appointment. DOCUMENTS sets another number than five
million.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.installation import demo, on_servers, set_up

SMALL, LARGE = 1_000, int(os.environ.get("DOCUMENTS", "5000000"))
A_PATIENT, AN_APPOINTMENT = 50, 10
CALLS = 120


def compare() -> None:
    set_up()
    demo()
    template = make_template()
    calls = questions(template, browsers(template))
    grow(template, 0, SMALL)
    few = {name: measure(call) for name, call in calls.items()}
    start = time.monotonic()
    grow(template, SMALL, LARGE)
    print(f"{LARGE:,} documents made in {time.monotonic() - start:.0f} s", flush=True)
    many = {name: measure(call) for name, call in calls.items()}
    for name in calls:
        (queries, p95), (queries_many, p95_many) = few[name], many[name]
        print(
            f"{name}: {queries} and {queries_many} queries; "
            f"p95 {p95 * 1000:.1f} and {p95_many * 1000:.1f} ms, ratio {p95_many / p95:.2f}"
        )


def make_template() -> Any:
    """Create one real shared document of Marie Durand, which all others copy."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    from accounts.models import User
    from appointments.models import Appointment
    from docshare.demo.letters import letter
    from documents.models import Category
    from documents.sharing.share import share_upload
    from files.intake import accept

    doctor = User.objects.get(email="dr.bernard@lilas.example")
    pdf = letter("Compte rendu", ["x"], heading="Cabinet")
    appointment = Appointment.objects.filter(patient__last_name="Durand").latest("starts_at")
    return share_upload(
        appointment=appointment,
        intake=accept(SimpleUploadedFile("compte-rendu.pdf", pdf)),
        category=Category.objects.get(code="report"),
        title="Compte rendu",
        placement=None,
        by=doctor,
    )


def grow(template: Any, present: int, wanted: int) -> None:
    """Add patients, appointments and documents, up to `wanted` documents in all."""
    from appointments.models import Appointment
    from documents.models import SharedDocument
    from patients.models import Patient

    numbers = {Patient: A_PATIENT, Appointment: AN_APPOINTMENT, SharedDocument: 1}
    copied = {Patient: template.patient, Appointment: template.appointment, SharedDocument: template}
    ago = "now() - (n || ' seconds')::interval"
    # Ids are computed from the row's number, so that other rows can refer to them.
    made = {
        Patient: {
            "id": uuid_of("1", "n"),
            "last_name": "'Nom' || n",
            "email": "'p' || n || '@courriel.example'",
            "search_text": "'marie nom' || n || ' p' || n || ' courriel example'",
        },
        Appointment: {
            "id": uuid_of("2", "n"),
            "patient_id": uuid_of("1", f"n / {A_PATIENT // AN_APPOINTMENT}"),
            # At successive times, so that no agenda has two at once.
            "starts_at": "timestamptz '1990-01-01' + n * interval '20 minutes'",
            "ends_at": "timestamptz '1990-01-01' + n * interval '20 minutes' + interval '15 minutes'",
        },
        SharedDocument: {
            "id": uuid_of("3", "n"),
            "patient_id": uuid_of("1", f"n / {A_PATIENT}"),
            "appointment_id": uuid_of("2", f"n / {AN_APPOINTMENT}"),
            "shared_at": ago,
        },
    }
    for model, columns in made.items():
        copy(copied[model], columns, present // numbers[model], wanted // numbers[model])


def uuid_of(kind: str, number: str) -> str:
    return f"('{kind}0000000-0000-4000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


def copy(row: Any, columns: dict[str, str], first: int, last: int) -> None:
    from django.db import connection

    names = [field.column for field in row._meta.concrete_fields]
    values = ", ".join(columns.get(name, f't."{name}"') for name in names)
    table = row._meta.db_table
    into = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({into}) SELECT {values} FROM {table} t, generate_series(%s, %s) n WHERE t.id = %s",
            [first, last - 1, row.pk],
        )
        cursor.execute(f"VACUUM ANALYZE {table}")


def browsers(template: Any) -> dict[str, Any]:
    """Clients of a practitioner, of the patient (`staff`, `own`) and of their programs (`staff_api`, `own_api`)."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.conf import settings
    from django.test import Client

    from accounts.models import Scope, User
    from accounts.tokens import issue_token
    from patients.models import RecordTie

    doctor = User.objects.get(email="dr.bernard@lilas.example")
    TOTP.activate(doctor, generate_totp_secret())
    patient = template.patient
    user = User.objects.create_user(patient.email, "une phrase facile 42", mobile=patient.mobile)
    RecordTie.objects.create(
        user=user, patient=patient, relationship="self", proved_email=user.email, proved_mobile=patient.mobile
    )

    def browser(user: User) -> Client:
        client = Client(headers={"Host": "localhost"})
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        return client

    def program(user: User) -> Client:
        secret = issue_token(user=user, name="bench", scopes=list(Scope), by=None)[1]
        return Client(headers={"Host": "localhost", "Authorization": f"Bearer {secret}"})

    return {"staff": browser(doctor), "own": browser(user), "staff_api": program(doctor), "own_api": program(user)}


def questions(template: Any, clients: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """Requests of people and programs; each returns a response with status 200."""
    patient = template.patient
    appointment, day = template.appointment_id, template.appointment.local_start.date()
    requests = {
        "agenda of a day": ("staff", f"/pro/?date={day}"),
        "panel of an appointment": ("staff", f"/pro/appointments/{appointment}/"),
        "page that shares": ("staff", f"/pro/appointments/{appointment}/share/"),
        "a record": ("staff", f"/pro/patients/{patient.pk}/"),
        "search for a patient": ("staff", "/pro/patients/?q=Durand"),
        "my documents": ("own", "/documents/"),
        "my document": ("own", f"/documents/{template.pk}/"),
        "API: documents of an appointment": ("staff_api", f"/api/v1/appointments/{appointment}/documents/"),
        "API: a document": ("staff_api", f"/api/v1/documents/{template.pk}/"),
        "API: appointments": ("staff_api", "/api/v1/appointments/"),
        "API: patients": ("staff_api", "/api/v1/patients/"),
        "API: history": ("staff_api", f"/api/v1/appointments/{appointment}/history/"),
        "API: my documents": ("own_api", "/api/v1/me/documents/"),
    }
    return {name: partial(clients[who].get, path) for name, (who, path) in requests.items()}


def measure(call: Callable[[], Any]) -> tuple[int, float]:
    """The queries of one call, and the 95th percentile of CALLS calls, in seconds."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    response = call()
    assert response.status_code == 200, (response.status_code, response.request["PATH_INFO"])
    with CaptureQueriesContext(connection) as queries:
        call()
    query_count = len(queries)  # read now, because the next request resets them
    taken = []
    for _ in range(CALLS):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return query_count, statistics.quantiles(taken, n=20)[-1]


if __name__ == "__main__":
    compare() if sys.argv[1:] == ["here"] else on_servers("bench.many_documents")
