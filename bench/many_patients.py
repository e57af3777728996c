"""Processor time and statements of each page of staff with 100,000 records, on SQLite and on PostgreSQL.

`python -m bench.many_patients`, on servers of its own. Of the records 20,000 are born on one day, as an import that
knows no birth dates leaves them, and 5,000 of these have one name. PATIENTS: another number than 100,000. Exits with
1 if a page takes more than two seconds of processor.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

PATIENTS = int(os.environ.get("PATIENTS", "100000"))
BORN_ONE_DAY, OF_ONE_NAME = PATIENTS // 5, PATIENTS // 20
DAYS = 400  # over which appointments are spread, half of them to come
LONGEST = 2.0  # seconds of processor
FIRST_NAMES = ("Marie", "Léa", "Jean-Paul", "Hugo", "Zoé", "Amélie", "Noël", "Ana", "Louis", "Chloé")
LAST_NAMES = ("Durand", "Lefèvre", "Martin", "Le Goff", "N’Diaye", "Müller", "Petit", "Garcia", "Ménard", "Roux")


def run() -> None:
    """Each database in turn, in a process of its own with its own servers."""
    from tools.stack.stack import Stack

    failed = []
    with tempfile.TemporaryDirectory(prefix="docshare-bench-", dir="/tmp") as folder:
        stack = Stack(Path(folder))
        try:
            stack.start_servers()
            redis = stack.environment["REDIS_URL"]
            databases = {
                "PostgreSQL": (stack.places.secrets / "database_url").read_text(),
                "SQLite": f"sqlite:///{folder}/many.sqlite3",
            }
            for name, url in databases.items():
                servers = {
                    "DATABASE_URL": url,
                    "REDIS_URL": redis,
                    "DATA_DIR": str(stack.places.data),
                    "DJANGO_SETTINGS_MODULE": "docshare.settings",
                }
                print(name, flush=True)
                done = subprocess.run(
                    [sys.executable, "-m", "bench.many_patients", "here"], env={**os.environ, **servers}, check=False
                )
                failed += [name] if done.returncode else []
        finally:
            stack.stop()
    sys.exit(1 if failed else 0)


def here() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    call_command("demo", verbosity=0, stdout=io.StringIO())
    began = time.monotonic()
    grow()
    print(f"  {PATIENTS:,} records and appointments made in {time.monotonic() - began:.0f} s", flush=True)
    slow = []
    for name, call in questions():
        seconds, statements = measure(call)
        mark = "" if seconds <= LONGEST else "  TOO SLOW"
        print(f"  {name}: {seconds * 1000:.0f} ms of processor, {statements} statements{mark}", flush=True)
        slow += [name] if mark else []
    sys.exit(1 if slow else 0)


def grow() -> None:
    """Records and one appointment each, in the demo practice."""
    from django.db import connection
    from django.utils import timezone

    from appointments.models import Appointment
    from patients.models import Patient
    from practices.models import Practice

    practice = Practice.objects.get(name__contains="Lilas")
    agenda = practice.agendas.first()
    assert agenda is not None
    reason = agenda.visit_reasons.first()
    assert reason is not None
    records = [_record(number, practice) for number in range(PATIENTS)]
    for one in records:  # bulk_create does not call pre_save of every field on all versions
        one._meta.get_field("search_text").pre_save(one, True)
    Patient.objects.bulk_create(records, batch_size=2000)
    start = timezone.now() - timedelta(days=DAYS / 2)
    gap = timedelta(days=DAYS) / PATIENTS
    Appointment.objects.bulk_create(
        (
            Appointment(
                practice=practice,
                agenda=agenda,
                visit_reason=reason,
                patient=one,
                starts_at=start + number * gap,
                ends_at=start + number * gap + timedelta(minutes=15),
            )
            for number, one in enumerate(records)
        ),
        batch_size=2000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _record(number: int, practice: Any) -> Any:
    from patients.models import Patient

    one_name, one_day = number < OF_ONE_NAME, number < BORN_ONE_DAY
    first, last = FIRST_NAMES[number % 10], LAST_NAMES[number // 10 % 10]
    return Patient(
        practice=practice,
        first_name="Marie" if one_name else f"{first}{number % 97}",
        last_name="Durand" if one_name else f"{last}{number % 89}",
        birth_date=date(1970, 1, 1) if one_day else date(1930, 1, 1) + timedelta(days=number % 33_000),
        email=f"p{number}@courriel.example",
        mobile=f"+336{number:08d}",
    )


def questions() -> Iterator[tuple[str, Callable[[], Any]]]:
    """What staff and programs ask for."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from accounts.models import Scope, User
    from accounts.tokens import issue_token
    from appointments.models import Appointment
    from patients.models import Patient

    admin = User.objects.get(email="admin@lilas.example")
    doctor = User.objects.get(email="dr.bernard@lilas.example")
    browsers = {}
    for who in (admin, doctor):
        TOTP.activate(who, generate_totp_secret())
        browsers[who.pk] = Client(headers={"Host": "localhost"})
        browsers[who.pk].force_login(who, backend=settings.AUTHENTICATION_BACKENDS[0])
    staff, administrator = browsers[doctor.pk], browsers[admin.pk]
    secret = issue_token(user=doctor, name="bench", scopes=list(Scope), by=None)[1]
    program = Client(headers={"Host": "localhost", "Authorization": f"Bearer {secret}"})
    alike = Patient.objects.filter(email="p7@courriel.example").get()
    single = Patient.objects.filter(email=f"p{PATIENTS - 1}@courriel.example").get()
    day = timezone.localdate()
    at_alike = Appointment.objects.filter(patient=alike).first()
    at_single = Appointment.objects.filter(patient=single).first()
    assert at_alike is not None
    assert at_single is not None
    eight = "marie durand 1 2 3 4 5 courriel"
    asked = [
        ("records", staff, "/pro/patients/"),
        ("search, one word", staff, "/pro/patients/?q=durand"),
        ("search, eight words", staff, f"/pro/patients/?q={eight}"),
        ("search that finds nothing", staff, "/pro/patients/?q=xyzzy"),
        ("search by mobile", staff, "/pro/patients/?q=06 00 09 99 99"),
        ("search, 900 words", staff, "/pro/patients/?q=" + " ".join(["ma"] * 900)),
        ("a record", staff, f"/pro/patients/{single.pk}/"),
        ("a record with 20,000 born the same day", staff, f"/pro/patients/{alike.pk}/"),
        ("an appointment", staff, f"/pro/appointments/{at_single.pk}/"),
        ("an appointment, 20,000 born the same day", staff, f"/pro/appointments/{at_alike.pk}/"),
        ("share page", staff, f"/pro/appointments/{at_alike.pk}/share/"),
        ("agenda of a day", staff, f"/pro/?date={day}"),
        ("agenda of a week", staff, f"/pro/?date={day}&view=week"),
        ("new appointment", staff, "/pro/appointments/new/"),
        ("library", staff, "/pro/library/"),
        ("library, search", staff, "/pro/library/?q=plan"),
        ("deliveries", staff, "/pro/deliveries/"),
        ("deliveries, all", staff, "/pro/deliveries/?show=all"),
        ("rules", administrator, "/pro/rules/"),
        ("new rule, forecast", administrator, "/pro/rules/new/"),
        ("settings", administrator, "/pro/settings/"),
        ("API: patients", program, "/api/v1/patients/"),
        ("API: patients, search", program, f"/api/v1/patients/?search={eight}"),
        ("API: appointments", program, "/api/v1/appointments/"),
        ("API: appointments of a day", program, f"/api/v1/appointments/?date={day}"),
        ("API: appointments of a patient", program, f"/api/v1/appointments/?patient={alike.pk}"),
    ]
    for name, client, path in asked:
        yield name, lambda client=client, path=path: client.get(path)  # type: ignore[misc]
    typed = {"search": "1", "q": eight}
    yield "new appointment, search", lambda: staff.post("/pro/appointments/new/", typed)
    known = {"first_name": "Marie", "last_name": "Durand", "birth_date": "1970-01-01"}
    yield "new appointment, look-alikes", lambda: staff.post("/pro/appointments/new/", known)


def measure(call: Callable[[], Any]) -> tuple[float, int]:
    """The processor time of one call, PostgreSQL's own included as the time we wait for it, and its statements."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    answer = call()  # warm: templates, connections
    assert answer.status_code in (200, 400), (answer.status_code, answer.request["PATH_INFO"])
    with CaptureQueriesContext(connection) as queries:
        call()
    asked = len(queries)  # now: the next request forgets them
    own, whole = time.process_time(), time.perf_counter()
    call()
    own, whole = time.process_time() - own, time.perf_counter() - whole
    return (whole if connection.vendor == "postgresql" else own), asked


if __name__ == "__main__":
    here() if sys.argv[1:] == ["here"] else run()
