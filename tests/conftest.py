"""The cast. Alice is a practitioner of Les Lilas, Bob its secretary, Carol its administrator, Rita only reads;
Charlie is a practitioner of another practice, without access to Les Lilas. Marie Durand is a patient with both
contacts; Hugo Martin has an account and books for others."""

from __future__ import annotations

import gc
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY, record_authentication
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import FileSystemStorage, storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.commands import flush
from django.db.backends.postgresql.base import DatabaseWrapper as PostgresqlWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper as SqliteWrapper
from django.db.backends.sqlite3.creation import DatabaseCreation as SqliteCreation
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone, translation
from hypothesis import HealthCheck

from accounts.models import User
from appointments.booking import place
from appointments.models import Agenda, Appointment, AppointmentKind, BookedFor, ReminderPolicy, VisitReason
from docshare.demo.letters import letter, signature
from documents.models import Category
from files import pieces, storage
from files.intake import Intake, accept
from files.models import StoredFile
from jobs.nudges import NUDGED
from patients.models import Patient
from practices.models import Membership, Practice
from signing.signatures import set_signature_image
from tests import sample_folder
from tests.migrated import copy_migrated
from tests.settings import STACK

PDF = letter("Ordonnance", ["Paracétamol 1 g, trois fois par jour."], heading="Cabinet des Lilas")

if TYPE_CHECKING:
    from tests.pki import Pki

PASSWORD = "lilas-sous-la-pluie"

# Whether a machine is busy is no property of what is tested.
hypothesis.settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.settings.load_profile("any machine")

# Their processes do not use DATABASE_URL or REDIS_URL, or open nothing there.
ON_THEIR_OWN = {
    *("test_backup.py", "test_backup_encrypted.py", "test_private_files.py", "test_taken_over.py"),
    *("test_confinement.py", "test_settings_page.py", "test_docs.py"),
}
# Their tests without a database may use the queue, or start an installation.
OF_INSTALLATIONS = {"docshare", "jobs", "platform", "upgrade"}
# In a browser: what stores and queues behind the pages is tested without one, on both.
WHOLE_WAYS = {"test_first_run.py", "test_patient_of_eighty.py"}

# Nearly half of the processor time of all tests: each commit runs a third of these, except in tests/security and
# tests/properties, which all run. Measured with --durations; one that became cheap leaves the list.
DEAR = {
    "accounts/test_tries.py",
    "clients/test_clients.py",
    "docshare/test_backup.py",
    "docshare/test_backup_encrypted.py",
    "docshare/test_backup_to_postgresql.py",
    "docshare/test_demo_rich.py",
    "docshare/test_rotation_at_once.py",
    "documents/consents/test_killed_while_signing.py",
    "documents/receiving/test_killed.py",
    "documents/receiving/test_plans_at_once.py",
    "documents/test_killed.py",
    "documents/test_what_is_read_last.py",
    "documents/to_sign/test_sign_tasks.py",
    "files/test_preview.py",
    "files/test_storage_s3.py",
    "imports/test_any_sequence.py",
    "imports/test_calendar_runs.py",
    "imports/test_costs.py",
    "patients/test_contact_faults.py",
    "personal_data/moving/test_claims.py",
    "personal_data/moving/test_installations.py",
    "personal_data/moving/test_opening_archives.py",
    "personal_data/test_at_once.py",
    "personal_data/test_data_exports.py",
    "personal_data/test_erase.py",
    "personal_data/test_export.py",
    "personal_data/test_practice_exports.py",
    "personal_data/test_whose.py",
    "platform/test_fresh_start.py",
    "platform/test_stopping.py",
    "portals/api/test_contract.py",
    "portals/api/test_language.py",
    "portals/test_bounded_pages.py",
    "portals/test_indexing.py",
    "practices/test_suspension.py",
    "upgrade/test_beside_the_last_release.py",
}

USUAL_LIMIT = 180  # seconds, as in pyproject.toml
NEEDS_SERVERS = re.compile(r"\bmark\.servers\b|\bon_postgresql\b")  # in a file, of the tests that do
ON_POSTGRESQL = os.environ.get("DATABASE_URL", "").startswith("postgres")
ROOT = Path(__file__).resolve().parents[1]
SHARES = 8  # of the repeated parameters, one is run at each turn
DEAR_SHARES = 3  # of the tests of DEAR, and of the walks in a browser


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--turn", default="", help="run one repeated parameter in eight, chosen by this text: a commit")
    parser.addoption(
        "--half",
        choices=["servers", "embedded"],
        help="with --turn: the half of the tests that this commit runs there",
    )


def pytest_report_header() -> str:
    """The header of the run lists optional parts that are absent."""
    return sample_folder.header()


@pytest.hookimpl(wrapper=True)  # markers before -m selects tests; the order after pytest-django's
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Marks tests that open a database, and tests whose result cannot differ on other servers (.ci/run): those
    without database and queue, and those about pages alone. `lengthy` changes nothing of that. Tests that take
    minutes begin first: the last one would keep one process waiting for the other."""
    _mark_repeated(items)
    if turn := config.getoption("--turn"):
        half = config.getoption("--half")
        others = {item for item in items if not _is_run(item, turn, half)}
        config.hook.pytest_deselected(items=list(others))
        items[:] = [item for item in items if item not in others]
    for item in items:
        if needed := item.get_closest_marker("servers"):
            if not NEEDS_SERVERS.search(item.path.read_text()):
                raise pytest.UsageError(f"{item.path} does not show that it needs servers: a half passes over it.")
            if needed.args and not ON_POSTGRESQL:
                item.add_marker(pytest.mark.skip(reason=needed.args[0]))
        parts, name = set(item.path.parts), item.path.name
        fixtures = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
        no_database = not item.get_closest_marker("django_db") and not fixtures
        if not no_database:
            item.add_marker(pytest.mark.database)
        pages_alone = "e2e" in parts and name not in WHOLE_WAYS
        alone = not item.get_closest_marker("slow") and not OF_INSTALLATIONS & parts  # starts no process of ours
        if pages_alone or (no_database and (alone or {"signing", "files"} & parts or name in ON_THEIR_OWN)):
            item.add_marker(pytest.mark.ground)
    yield
    items.sort(key=lambda item: not _takes_minutes(item))


def _takes_minutes(item: pytest.Item) -> bool:
    """Those that open our database stay where they are: some delete what migrations loaded, so they come last."""
    marker = item.get_closest_marker("timeout")
    return marker is not None and marker.args[0] > USUAL_LIMIT and not item.get_closest_marker("database")


def pytest_collection() -> None:
    """Collect no garbage while tests are imported: there is none, and it takes a tenth of that time."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of garbage collection, which would read it again and again: a tenth
    of the processor time of tests."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _is_run(item: pytest.Item, turn: str, half: str | None) -> bool:
    """Of repeated parameters, each turn runs an eighth, with halves also a third of the DEAR tests; of the files of
    tests, each half its own (_is_half), and the servers every test that needs them."""
    if item.get_closest_marker("repeated") and _by_chance(f"{turn} {item.nodeid}") % SHARES:
        return False
    if half is None:
        return True
    if _name_of(item.path).removeprefix("tests/") in DEAR and _by_chance(f"{item.nodeid} of {turn}") % DEAR_SHARES:
        return False
    if item.get_closest_marker("servers"):
        return half == "servers"
    return _is_half(item.path, turn, half)


def _is_half(path: Path, turn: str, half: str) -> bool:
    """Whether this turn runs this file of tests on the servers, or on the embedded default.

    On the embedded default always if it starts that, on both if it is one of WHOLE_WAYS. Other walks in a browser
    differ by neither, and two thirds of them wait for other turns."""
    if path.name in WHOLE_WAYS:
        return True
    if "platform" in path.parts:
        return half == "embedded"
    chance = _by_chance(f"{_name_of(path)} {turn}")
    if "e2e" in path.parts:
        return half == "servers" and chance % DEAR_SHARES == 0
    return half == ("servers", "embedded")[chance % 2]


def _name_of(path: Path) -> str:
    """The same in every clone."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even read files of the other half: collecting takes as long as a hundred tests."""
    turn, half = config.getoption("--turn"), config.getoption("--half")
    if not turn or half is None or not collection_path.match("test_*.py") or _is_half(collection_path, turn, half):
        return None
    return half == "embedded" or not NEEDS_SERVERS.search(collection_path.read_text())


def _by_chance(text: str) -> int:
    """A number that looks random, and is the same for the same text in every process."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])


def _mark_repeated(items: Iterable[pytest.Item]) -> None:
    """Marks all parameters of a test but the first, the last and each eighth: a second kind of database is asked the
    same question, not every instance of it again."""
    instances: dict[str, list[pytest.Item]] = {}
    for item in items:
        instances.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for same in instances.values():
        for number, item in enumerate(same):
            if number % 8 and number + 1 < len(same):
                item.add_marker(pytest.mark.repeated)


@pytest.fixture(scope="session", autouse=True)
def _installation() -> Iterator[None]:
    """DATA_DIR, and in the embedded default the private queue server that `make run` starts."""
    if STACK:  # a running stack has all of it, and is not ours to remove
        yield
        return
    Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True)
    if settings.REDIS_URL:
        yield
    else:
        from docshare.queue import private_valkey

        with private_valkey(settings.VALKEY_SOCKET.parent):
            yield
    shutil.rmtree(settings.DATA_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pki]:
    """Other certificate authorities, answering on loopback."""
    from tests.pki import Pki  # imports a web server

    pki = Pki(tmp_path_factory.mktemp("pki"))
    yield pki
    pki.stop()


@pytest.fixture(scope="session")
def django_db_keepdb(request: pytest.FixtureRequest) -> bool:
    """The database of a running stack is used as it is."""
    return bool(STACK or request.config.getvalue("reuse_db"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """Test processes on SQLite begin with a copy of a migrated database."""
    creation: Any = SqliteCreation
    create: Callable[..., str] = creation._create_test_db

    def create_migrated(self: SqliteCreation, *arguments: Any, **options: Any) -> str:
        name = create(self, *arguments, **options)
        copy_migrated(Path(name))
        return name

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteCreation, "_create_test_db", create_migrated)
        yield


@pytest.fixture(scope="session", autouse=True)
def _flush_deletes_rows() -> Iterator[None]:
    """After a test with real transactions, deletes the rows that are there, those of the trail too, which refuses it
    by triggers. Django would truncate every table (0.3 s in PostgreSQL) and make again what migrations make."""
    append_only = import_module("audit.migrations.0002_append_only")
    seals = import_module("audit.migrations.0010_seals")
    days = import_module("audit.migrations.0020_chains_of_practices")
    drop_rows, make_rows = append_only.UNDO["postgresql"][0], append_only.POSTGRESQL[1]
    drop_seals, make_seals = seals.UNDO["postgresql"][0], seals.POSTGRESQL[0]
    drop_days, make_days = days.UNDO["postgresql"][0], days.POSTGRESQL[0]
    around = {
        SqliteWrapper.ops_class: (
            [*append_only.UNDO["sqlite"], *seals.UNDO["sqlite"], *days.UNDO["sqlite"]],
            [*append_only.SQLITE, *seals.SQLITE, *days.SQLITE],
        ),
        PostgresqlWrapper.ops_class: (
            [drop_rows, drop_seals, drop_days],
            [
                "SET CONSTRAINTS ALL IMMEDIATE",
                make_rows,
                make_seals,
                make_days,
            ],  # no trigger is made while a check is due
        ),
    }
    with pytest.MonkeyPatch.context() as patch:
        for operations, (before, after) in around.items():
            patch.setattr(operations, "sql_flush", _deletions(before, after))
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_args, **_options: None)  # MADE_BY_MIGRATE stays
        yield


MADE_BY_MIGRATE = {"django_content_type", "auth_permission"}  # and never changed


def _deletions(before: list[str], after: list[str]) -> Callable[..., list[str]]:
    def sql_flush(self: Any, _style: object, tables: Iterable[str], **_options: object) -> list[str]:
        quote = self.connection.ops.quote_name
        names = sorted(set(tables) - MADE_BY_MIGRATE)
        with self.connection.cursor() as cursor:
            cursor.execute(
                " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {quote(name)})" for name in names)
            )
            filled = [name for (name,) in cursor.fetchall()]
        return [*before, *(f"DELETE FROM {quote(name)}" for name in filled), *after]

    return sql_flush


@pytest.fixture(autouse=True)
def _categories(request: pytest.FixtureRequest) -> None:
    """A test with real transactions deletes what migrations loaded: later ones load it again."""
    marker = request.node.get_closest_marker("django_db")
    if "transactional_db" in request.fixturenames or (marker and marker.kwargs.get("transaction")):
        request.getfixturevalue("transactional_db")
        import_module("documents.migrations.0002_categories").add_categories(apps, None)


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()
    NUDGED.clear()  # what this process knows of the queue


@pytest.fixture(autouse=True)
def _no_pieces_stay() -> Iterator[None]:
    """A test that is rolled back leaves the pieces of its uploads in storage, where fsck would find them later."""
    yield
    documents = storages["documents"]
    if not STACK and isinstance(documents, FileSystemStorage):
        shutil.rmtree(documents.path(pieces.FOLDER), ignore_errors=True)


@pytest.fixture(autouse=True)
def _never_night(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests pass at any time of day: a practice without its own quiet hours has none, except in tests marked
    `night`."""
    if request.node.get_closest_marker("night"):
        return
    usual = ReminderPolicy.of

    def of(practice: Practice) -> ReminderPolicy:
        policy = usual(practice)
        if policy._state.adding:
            policy.quiet_from = policy.quiet_until = time(0)
        return policy

    monkeypatch.setattr(ReminderPolicy, "of", of)


@pytest.fixture(autouse=True)
def _in_french() -> None:
    """A request leaves its language active on its thread, which tests share."""
    translation.activate("fr")


def make_user(email: str, first_name: str, last_name: str, **fields: object) -> User:
    return User.objects.create_user(email, PASSWORD, first_name=first_name, last_name=last_name, **fields)


@pytest.fixture
def practice(db: None) -> Practice:
    return Practice.objects.create(
        name="Cabinet des Lilas", telephone="+33140000000", email="cabinet@lilas.example", is_listed=True
    )


@pytest.fixture
def other_practice(db: None) -> Practice:
    return Practice.objects.create(name="Centre du Port", telephone="+33491000000")


@pytest.fixture
def alice(practice: Practice) -> User:
    user = make_user("alice@lilas.example", "Alice", "Morel", title="Dr", professional_number="10101010101")
    Membership.objects.create(user=user, practice=practice, is_practitioner=True)
    return user


@pytest.fixture
def bob(practice: Practice) -> User:
    user = make_user("bob@lilas.example", "Bob", "Petit")
    Membership.objects.create(user=user, practice=practice, is_secretary=True)
    return user


@pytest.fixture
def carol(practice: Practice) -> User:
    user = make_user("carol@lilas.example", "Carol", "Roux")
    Membership.objects.create(user=user, practice=practice, is_admin=True)
    return user


@pytest.fixture
def rita(practice: Practice) -> User:
    user = make_user("rita@lilas.example", "Rita", "Blanc")
    Membership.objects.create(user=user, practice=practice, is_reader=True)
    return user


@pytest.fixture
def charlie(other_practice: Practice) -> User:
    user = make_user("charlie@port.example", "Charlie", "Noir", title="Dr", professional_number="20202020202")
    Membership.objects.create(user=user, practice=other_practice, is_practitioner=True, is_admin=True)
    return user


@pytest.fixture
def hugo(db: None) -> User:
    """An account holder with a proved email and mobile."""
    return make_user(
        "hugo.martin@courriel.example",
        "Hugo",
        "Martin",
        mobile="+33698765432",
        mobile_verified_at=timezone.now(),
    )


@pytest.fixture
def agenda(practice: Practice, alice: User) -> Agenda:
    return Agenda.objects.create(practice=practice, name="Dr Morel", practitioner=alice)


@pytest.fixture
def visit_reason(practice: Practice, agenda: Agenda) -> VisitReason:
    reason = VisitReason.objects.create(practice=practice, name="Consultation de suivi", duration_minutes=20)
    reason.agendas.add(agenda)
    return reason


@pytest.fixture
def marie(practice: Practice) -> Patient:
    return Patient.objects.create(
        practice=practice,
        first_name="Marie",
        last_name="Durand",
        birth_date=date(1941, 2, 3),
        email="marie.durand@courriel.example",
        mobile="+33612345678",
    )


@pytest.fixture
def stranger(other_practice: Practice) -> Patient:
    """A patient of the other practice."""
    return Patient.objects.create(
        practice=other_practice,
        first_name="Sophie",
        last_name="Leroy",
        birth_date=date(1980, 5, 6),
        email="sophie.leroy@courriel.example",
        mobile="+33611111111",
    )


BookFixture = Callable[..., Appointment]


@pytest.fixture
def book_for(agenda: Agenda, visit_reason: VisitReason, alice: User) -> BookFixture:
    """Books for a patient of Les Lilas; by the practice, or online by a holder."""

    def _book(
        patient: Patient,
        *,
        holder: User | None = None,
        booked_for: BookedFor = BookedFor.SELF,
        kind: AppointmentKind = AppointmentKind.IN_PERSON,
        starts_at: datetime | None = None,
    ) -> Appointment:
        return place(
            agenda=agenda,
            visit_reason=visit_reason,
            patient=patient,
            starts_at=starts_at or datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1),
            kind=kind,
            holder=holder,
            booked_for=booked_for,
            by=holder or alice,
        )

    return _book


@pytest.fixture
def appointment(book_for: BookFixture, marie: Patient) -> Appointment:
    """Marie's appointment, booked by the practice."""
    return book_for(marie)


@pytest.fixture
def prescription(db: None) -> Category:
    return Category.objects.get(code="prescription")


@pytest.fixture
def sign_in() -> Callable[..., Client]:
    """A browser in which the user signed in `minutes` ago, by default just now."""

    def _sign_in(user: User, minutes: float = 0) -> Client:
        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        request = HttpRequest()
        request.session = client.session
        record_authentication(request, user, method="password")
        request.session[AUTHENTICATION_METHODS_SESSION_KEY][-1]["at"] -= minutes * 60
        request.session.save()
        return client

    return _sign_in


@pytest.fixture
def receive() -> Callable[..., Intake]:
    """Passes an upload through intake."""

    def _receive(content: bytes = PDF, name: str = "ordonnance.pdf") -> Intake:
        return accept(SimpleUploadedFile(name, content))

    return _receive


@pytest.fixture
def keep(receive: Callable[..., Intake]) -> Callable[[bytes, str], StoredFile]:
    """Passes an upload through intake, and stores it."""

    def _keep(content: bytes, name: str) -> StoredFile:
        stored = storage.keep(receive(content, name), practice=None)
        stored.save()
        return stored

    return _keep


@pytest.fixture
def alice_signs(alice: User) -> User:
    """Alice, with her signature set up."""
    upload = SimpleUploadedFile("signature.png", signature(1), "image/png")
    set_signature_image(user=alice, upload=upload, by=alice)
    return alice


@pytest.fixture
def files_in_store() -> Callable[[], list[Path]]:
    def _files() -> list[Path]:
        folders = [settings.DOCUMENTS_DIR, Path(settings.FILE_UPLOAD_TEMP_DIR)]
        return [path for folder in folders for path in folder.rglob("*") if path.is_file()]

    return _files
