"""The cast. Alice is a practitioner of Les Lilas, Bob its secretary, Carol its administrator, Rita only reads;
Charlie is a practitioner of another practice, a stranger to all of it. Marie Durand is a patient with both
contacts; Hugo Martin holds an account and books for others.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY, record_authentication
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.backends.postgresql.base import DatabaseWrapper as PostgresqlWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper as SqliteWrapper
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone, translation

from accounts.models import User
from appointments.booking import place
from appointments.models import Agenda, Appointment, AppointmentKind, BookedFor, ReminderPolicy, VisitReason
from docshare.demo.letters import letter, signature
from documents.models import Category
from files.intake import Intake, accept
from patients.models import Patient
from practices.models import Membership, Practice
from signing.signatures import set_signature_image
from tests.settings import STACK

PDF = letter("Ordonnance", ["Paracétamol 1 g, trois fois par jour."], heading="Cabinet des Lilas")

if TYPE_CHECKING:
    from tests.pki import Pki

PASSWORD = "lilas-sous-la-pluie"
CORPUS = Path(settings.BASE_DIR).parent / "shared" / "corpus"

# Their processes get neither DATABASE_URL nor REDIS_URL, or open nothing of either.
ON_THEIR_OWN = {"test_backup.py", "test_backup_encrypted.py", "test_private_files.py", "test_taken_over.py"}
WHOLE_WAYS = {"test_one_document.py", "test_the_right_person.py", "test_automatic_documents.py"}  # in a browser


@pytest.hookimpl(tryfirst=True)  # before -m chooses among them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what would show the same again with other servers (.ci/run): what knows neither database nor queue, and
    what is about the pages alone."""
    for item in items:
        parts, name = set(item.path.parts), item.path.name
        fixtures = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
        no_database = not item.get_closest_marker("django_db") and not fixtures
        pages_alone = "e2e" in parts and name not in WHOLE_WAYS
        if pages_alone or (
            no_database and ({"signing", "files"} & parts or name in {"test_texts.py", *ON_THEIR_OWN})
        ):
            item.add_marker(pytest.mark.ground)


@pytest.fixture(scope="session", autouse=True)
def _installation() -> Iterator[None]:
    """DATA_DIR, and on the embedded default the private queue server that `make run` starts."""
    if STACK:  # it has everything, and is not ours to remove
        yield
        return
    Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True)
    server = None
    if not settings.REDIS_URL:
        from docshare.queue import start_private_valkey

        server = start_private_valkey(settings.VALKEY_SOCKET.parent)
    yield
    if server:
        server.terminate()
        server.wait(10)
    shutil.rmtree(settings.DATA_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pki]:
    """Somebody else's authorities, answering on loopback."""
    from tests.pki import Pki  # loads a web server

    pki = Pki(tmp_path_factory.mktemp("pki"))
    yield pki
    pki.stop()


@pytest.fixture(scope="session")
def django_db_keepdb(request: pytest.FixtureRequest) -> bool:
    """The database of a running stack is used as it is."""
    return bool(STACK or request.config.getvalue("reuse_db"))


@pytest.fixture(scope="session", autouse=True)
def _flush_empties_the_trail_too() -> Iterator[None]:
    """Tests with real transactions empty every table afterwards, which the trail refuses."""
    append_only = import_module("audit.migrations.0002_append_only")
    no_truncate = import_module("audit.migrations.0003_no_truncate")
    seals = import_module("audit.migrations.0010_seals")
    around = {
        SqliteWrapper.ops_class: (
            [*append_only.UNDO["sqlite"], *seals.UNDO["sqlite"]],
            [*append_only.SQLITE, *seals.SQLITE],
        ),
        PostgresqlWrapper.ops_class: (
            [no_truncate.UNDO, *seals.UNDO["postgresql"]],
            [no_truncate.REFUSE, *seals.POSTGRESQL],
        ),
    }
    with pytest.MonkeyPatch.context() as patch:
        for operations, (before, after) in around.items():
            patch.setattr(operations, "sql_flush", _between(operations.sql_flush, before, after))
        yield


def _between(plain: Callable[..., list[str]], before: list[str], after: list[str]) -> Callable[..., list[str]]:
    def sql_flush(self: Any, *args: Any, **kwargs: Any) -> list[str]:
        return [*before, *plain(self, *args, **kwargs), *after]

    return sql_flush


@pytest.fixture(autouse=True)
def _categories(request: pytest.FixtureRequest) -> None:
    """What migrations loaded is gone once a test with real transactions has run: such tests load it again."""
    marker = request.node.get_closest_marker("django_db")
    if "transactional_db" in request.fixturenames or (marker and marker.kwargs.get("transaction")):
        request.getfixturevalue("transactional_db")
        import_module("documents.migrations.0002_categories").add_categories(apps, None)


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _never_night(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests pass at every hour: a practice that has set no quiet hours has none, except where `night` is marked."""
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
    """A request leaves its language on its thread, which tests share."""
    translation.activate("fr")


def make_user(email: str, first_name: str, last_name: str, **fields: object) -> User:
    return User.objects.create_user(email, PASSWORD, first_name=first_name, last_name=last_name, **fields)


@pytest.fixture
def practice(db: None) -> Practice:
    return Practice.objects.create(name="Cabinet des Lilas", telephone="+33140000000", email="cabinet@lilas.example")


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
    """An account holder: email and mobile proved."""
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
    """Book for a patient of Les Lilas; by the practice, or online by a holder."""

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
    """Marie's, booked by the practice."""
    return book_for(marie)


@pytest.fixture
def prescription(db: None) -> Category:
    return Category.objects.get(code="prescription")


@pytest.fixture
def sign_in() -> Callable[..., Client]:
    """A browser in which the user has signed in, a moment ago or `minutes` ago."""

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
    """What the server makes of an upload."""

    def _receive(content: bytes = PDF, name: str = "ordonnance.pdf") -> Intake:
        return accept(SimpleUploadedFile(name, content))

    return _receive


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
