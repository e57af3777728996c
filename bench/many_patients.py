"""Processor time and statements of each page of staff with 100,000 records, on SQLite and on PostgreSQL.

`python -m bench.many_patients`, on servers of its own. Each record has five appointments, those of one day on eight
agendas. 20,000 of the records have the same birth date, as after an import without birth dates, and 5,000 of these
have the same name. PATIENTS sets another number than 100,000. Beside each page stands its ratio to the bare view of
the same run (bench/bare_view.py). Exits with 1 if a page takes more than two seconds of processor time.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bench import report
from bench.bare_view import behind_sessions_alone
from bench.installation import demo, on_servers, set_up

if TYPE_CHECKING:
    from django.test import Client

PATIENTS = int(os.environ.get("PATIENTS", "100000"))
BORN_ONE_DAY, OF_ONE_NAME = PATIENTS // 5, PATIENTS // 20
EACH = 5  # appointments of a record
DAYS = 400 * EACH  # over which appointments are spread, half of them to come
LONGEST = 2.0  # seconds of processor
CALLS = 7
PROCESSOR_GOAL, SIZE_GOAL = 200, 150  # ms, kB
FIRST_NAMES = ("Marie", "Léa", "Jean-Paul", "Hugo", "Zoé", "Amélie", "Noël", "Ana", "Louis", "Chloé")
LAST_NAMES = ("Durand", "Lefèvre", "Martin", "Le Goff", "N’Diaye", "Müller", "Petit", "Garcia", "Ménard", "Roux")


def here() -> None:
    set_up()
    demo()
    began = time.monotonic()
    grow()
    print(f"  {PATIENTS:,} records and appointments made in {time.monotonic() - began:.0f} s", flush=True)
    eight_agendas()
    # In a process that holds nothing of what was made: its garbage would be collected in the midst of pages.
    sys.exit(subprocess.run([sys.executable, "-m", "bench.many_patients", "pages"], check=False).returncode)


def pages() -> None:
    set_up()
    sys.exit(0 if measured() else 1)


def measured() -> bool:
    """Print what each page takes, beside the floor of the same run. Whether none takes too long."""
    floor, slow, taken, sizes = None, [], {}, {}
    for name, call in questions():
        seconds, statements = measure(call)
        floor = floor or seconds  # the first
        taken[name], sizes[name] = seconds, len(call().content)
        mark = "" if seconds <= LONGEST else "  TOO SLOW"
        print(
            f"  {name}: {seconds * 1000:.1f} ms of processor, {statements} statements, {seconds / floor:.1f} x the "
            f"bare view{mark}",
            flush=True,
        )
        slow += [name] if mark else []
    _report(taken, sizes)
    return not slow


def _report(taken: dict[str, float], sizes: dict[str, int]) -> None:
    """The dearest page and the largest; the agenda is not divided, so it is weighed as it is sent."""
    from django.db import connection

    whole_days = {name for name in sizes if name.startswith("agenda")}
    dearest = max(taken, key=lambda name: taken[name])
    largest = max(sizes.keys() - whole_days, key=lambda name: sizes[name])
    where = f"100,000 records on {connection.vendor}" if PATIENTS == 100_000 else f"{PATIENTS} records"
    report.at_most(
        f"{where}: dearest of {len(taken)} pages", taken[dearest] * 1000, PROCESSOR_GOAL, " ms", ours=dearest,
        beside=f"bare view {taken['bare view'] * 1000:.1f} ms",
    )  # fmt: skip
    report.at_most(f"{where}: largest page", sizes[largest] / 1000, SIZE_GOAL, " kB", ours=largest)


def eight_agendas() -> None:
    """Spread the appointments of today over eight agendas."""
    from django.utils import timezone

    from appointments.models import Agenda, Appointment
    from practices.models import Practice

    practice = Practice.objects.get(name__contains="Lilas")
    agenda = practice.agendas.first()
    assert agenda is not None
    others = [Agenda(practice=practice, name=f"Salle {number}") for number in range(2, 9)]
    Agenda.objects.bulk_create(others)
    day = timezone.localdate()
    today = Appointment.objects.between_days(day, day + timedelta(days=1), practice).filter(agenda=agenda)
    for number, pk in enumerate(today.values_list("pk", flat=True)):
        if number % 8:
            Appointment.objects.filter(pk=pk).update(agenda=others[number % 8 - 1])


def grow() -> None:
    """Add records with one appointment each to the demo practice."""
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
    for record in records:  # bulk_create does not call pre_save of every field on all versions
        record._meta.get_field("search_text").pre_save(record, True)
    Patient.objects.bulk_create(records, batch_size=2000)
    start = timezone.now() - timedelta(days=DAYS / 2)
    gap = timedelta(days=DAYS) / (PATIENTS * EACH)
    for turn in range(EACH):
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
                for number, one in enumerate(records, turn * PATIENTS)
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
    """Requests of staff and programs; first of the bare view, the floor."""
    from django.test import Client
    from django.utils import timezone

    from appointments.models import Appointment
    from patients.models import Patient

    staff, administrator, program = _browsers()
    alike = Patient.objects.filter(email="p7@courriel.example").get()
    single = Patient.objects.filter(email=f"p{PATIENTS - 1}@courriel.example").get()
    at_alike = Appointment.objects.filter(patient=alike).first()
    at_single = Appointment.objects.filter(patient=single).first()
    assert at_alike is not None
    assert at_single is not None
    eight = "marie durand 1 2 3 4 5 courriel"
    bare = behind_sessions_alone(Client(headers={"Host": "localhost"}))
    bare.cookies = staff.cookies
    yield "bare view", partial(bare.get, f"/bare/{at_single.pk}/")
    requests = [
        *((staff, *page) for page in _pages_of_patients(single.pk, alike.pk, at_single.pk, at_alike.pk, eight)),
        *((staff, *page) for page in _other_pages(timezone.localdate())),
        (administrator, "rules", "/pro/rules/"),
        (administrator, "new rule, forecast", "/pro/rules/new/"),
        (administrator, "settings", "/pro/settings/"),
        (program, "API: patients", "/api/v1/patients/"),
        (program, "API: patients, search", f"/api/v1/patients/?search={eight}"),
        (program, "API: appointments", "/api/v1/appointments/"),
        (program, "API: appointments of a day", f"/api/v1/appointments/?date={timezone.localdate()}"),
        (program, "API: appointments of a patient", f"/api/v1/appointments/?patient={alike.pk}"),
    ]
    for client, name, path in requests:
        yield name, partial(client.get, path)
    htmx = {"HX-Request": "true", "HX-Target": "panel"}
    for name, found in (("panel", at_single), ("panel, 20,000 born the same day", at_alike)):
        yield name, partial(staff.get, f"/pro/appointments/{found.pk}/", headers=htmx)
    typed = {"search": "1", "q": eight}
    yield "new appointment, search", lambda: staff.post("/pro/appointments/new/", typed)
    look_alike = {"first_name": "Marie", "last_name": "Durand", "birth_date": "1970-01-01"}
    yield "new appointment, look-alikes", lambda: staff.post("/pro/appointments/new/", look_alike)


def _browsers() -> tuple[Client, Client, Client]:
    """Signed in: a practitioner, an administrator, a program."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.conf import settings
    from django.test import Client

    from accounts.models import Scope, User
    from accounts.tokens import issue_token

    def browser(user: User) -> Client:
        TOTP.activate(user, generate_totp_secret())
        client = Client(headers={"Host": "localhost"})
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        return client

    doctor = User.objects.get(email="dr.bernard@lilas.example")
    secret = issue_token(user=doctor, name="bench", scopes=list(Scope), by=None)[1]
    program = Client(headers={"Host": "localhost", "Authorization": f"Bearer {secret}"})
    return browser(doctor), browser(User.objects.get(email="admin@lilas.example")), program


def _pages_of_patients(
    single: UUID, alike: UUID, at_single: UUID, at_alike: UUID, eight: str
) -> list[tuple[str, str]]:
    return [
        ("records", "/pro/patients/"),
        ("search, one word", "/pro/patients/?q=durand"),
        ("search, eight words", f"/pro/patients/?q={eight}"),
        ("search that finds nothing", "/pro/patients/?q=xyzzy"),
        ("search by mobile", "/pro/patients/?q=06 00 09 99 99"),
        ("search, 900 words", "/pro/patients/?q=" + " ".join(["ma"] * 900)),
        ("a record", f"/pro/patients/{single}/"),
        ("a record with 20,000 born the same day", f"/pro/patients/{alike}/"),
        ("an appointment", f"/pro/appointments/{at_single}/"),
        ("an appointment, 20,000 born the same day", f"/pro/appointments/{at_alike}/"),
        ("share page", f"/pro/appointments/{at_alike}/share/"),
    ]


def _other_pages(day: date) -> list[tuple[str, str]]:
    return [
        ("agenda of a day", f"/pro/?date={day}"),
        ("agenda of a week", f"/pro/?date={day}&view=week"),
        ("new appointment", "/pro/appointments/new/"),
        ("library", "/pro/library/"),
        ("library, search", "/pro/library/?q=plan"),
        ("deliveries", "/pro/deliveries/"),
        ("deliveries, all", "/pro/deliveries/?show=all"),
        ("to sign", "/pro/to-sign/"),
        ("received", "/pro/received/"),
    ]


def measure(call: Callable[[], Any]) -> tuple[float, int]:
    """The processor time of a call, the median of CALLS, and its number of statements. Waiting for PostgreSQL counts
    as its processor time."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    response = call()  # warm: templates, connections
    assert response.status_code in (200, 400), (response.status_code, response.request["PATH_INFO"])
    with CaptureQueriesContext(connection) as queries:
        call()
    asked = len(queries)  # read now, because the next request resets them
    taken = []
    for _ in range(CALLS):
        own, whole = time.process_time(), time.perf_counter()
        call()
        own, whole = time.process_time() - own, time.perf_counter() - whole
        taken.append(whole if connection.vendor == "postgresql" else own)
    return statistics.median(taken), asked


if __name__ == "__main__":
    run = partial(on_servers, "bench.many_patients", sqlite=True)
    {"here": here, "pages": pages}.get("".join(sys.argv[1:]), run)()
