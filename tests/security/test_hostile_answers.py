"""For any answer of a sandbox child, in any job, the caller refuses the file with the proper sentence, or continues
with values of the right types."""

from __future__ import annotations

import ast
import copy
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from bench.doctors import NAME, NUMBER, PASSPHRASE, Authority
from docshare.demo.letters import signature
from documents.library.writing.printing import CannotWrite, print_body
from files import preview, sandbox, storage
from files.intake import Intake, Refused, accept, inspect
from files.logos import clean_logo
from files.models import StoredFile
from practices.models import Practice
from signing.pdf import kept_images, sign_each
from signing.pdf.credentials import private_key_of
from signing.pdf.examination import Known, Trust, examine
from signing.pdf.images import clean_signature_image
from signing.pdf.imported import CertificateRefused, read_pkcs12
from signing.pdf.placement import Placement
from signing.pdf.sign import CannotSign, sign, stamp_of
from signing.pdf.stamp import StampContent
from signing.pdf.stamp_image import StampImage
from signing.pdf.trust import TRUST_CODES
from signing.pdf.verify import CannotVerify, verify
from tests.documents.conftest import PDF

pytestmark = pytest.mark.django_db
CHILD_MODULES = {
    "decoding",
    "metadata",
    "pkcs12_child",
    "verifying_child",
    "signing_child",
    "stamp_image",
    "rendering",
}
LIES: list[Any] = [
    *(None, True, False, -1, 0, 1, 10**30, 1.5, "", "x", "\0", "\ud800", "A" * 100_000, [], [1], [[]], {}, {"a": 1}),
    *("2026-01-01", "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "QUFB", "AAA"),
]
WHOLE: list[Any] = [*LIES, {"refused": 1}, {"refused": None}, {"refused": []}, {"refused": "no such code"}]

PHOTOGRAPH = Path(settings.BASE_DIR) / "tests" / "files" / "photograph.heic"


def picture(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((64, 48)).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


def taken(content: bytes, name: str) -> None:
    with accept(SimpleUploadedFile(name, content)) as intake:
        storable(intake.opening_text, intake.page_count, intake.signature_count, list(intake.notices))


def looked_at() -> None:
    with inspect(SimpleUploadedFile("a.pdf", PDF)):
        pass


def storable(*values: Any) -> None:
    """Checks that a database accepts it: PostgreSQL's text and JSON allow no NUL and no lone surrogate."""
    text = json.dumps(values, ensure_ascii=False)
    assert "\0" not in text
    assert "\\u0000" not in text
    text.encode()


def kept() -> StoredFile:
    return storage.keep(accept(SimpleUploadedFile("a.pdf", PDF)), practice=None)


def drawn() -> None:
    assert preview.page_image(kept(), page=1, width=60).startswith(preview.PNG)


def read() -> None:
    (text,) = preview.page_texts(kept(), pages=1)
    storable(text)


def signature_cleaned() -> None:
    assert clean_signature_image(SimpleUploadedFile("a.png", signature(1), "image/png")).startswith(b"\x89PNG")


def logo_cleaned() -> None:
    assert clean_logo(SimpleUploadedFile("a.png", signature(1), "image/png")).startswith(b"\x89PNG")


def container(authority: Authority) -> bytes:
    issued = authority.issue()
    return pkcs12.serialize_key_and_certificates(
        b"doctor",
        private_key_of(issued.private_key, PASSPHRASE),
        x509.load_der_x509_certificate(issued.certificate),
        [x509.load_der_x509_certificate(authority.certificate)],
        BestAvailableEncryption(b"essai"),
    )


AUTHORITY = Authority()
DOCTOR = AUTHORITY.doctor()
CONTAINER = container(AUTHORITY)


def opened() -> None:
    imported = read_pkcs12(CONTAINER, "essai", passphrase=PASSPHRASE)
    for der in (imported.certificate, *imported.chain):
        x509.load_der_x509_certificate(der)


@contextmanager
def signed() -> Iterator[Intake]:
    with accept(SimpleUploadedFile("a.pdf", PDF)) as intake:
        done = sign(
            intake,
            placement=Placement(page=1, x=0.5, y=0.5),
            credential=DOCTOR,
            appearance=StampContent(image_png=None, signer_name=NAME, professional_number=NUMBER),
            signing_time=timezone.now(),
        )
        assert done.intake.size == done.intake.path.stat().st_size
        storable(done.repaired, *(each.as_json() for each in done.signatures))
        assert done.signatures[-1].judgement == "valid"
        yield done.intake


class NotTogether(Exception):
    """Their signatures were not accepted; each file would be signed alone."""


def signed_together() -> None:
    with accept(SimpleUploadedFile("a.pdf", PDF)) as one, accept(SimpleUploadedFile("b.pdf", PDF)) as other:
        papers = [(each, Placement(page=1, x=0.5, y=0.5)) for each in (one, other)]
        stamp = stamp_of(StampContent(image_png=None, signer_name=NAME, professional_number=NUMBER), timezone.now())
        for done in sign_each._signed_together(papers, DOCTOR, stamp, NAME):
            if done is None:
                raise NotTogether
            storable(done.repaired, *(each.as_json() for each in done.signatures))
            assert done.signatures[-1].judgement == "valid"


def signed_and_forgotten() -> None:
    with signed():
        pass


def verified() -> None:
    path = settings.DATA_DIR / "hostile-answers.pdf"
    if not path.exists():
        with signed() as intake:
            path.write_bytes(intake.path.read_bytes())
    storable(*(each.as_json() for each in verify(path, roots=[AUTHORITY.certificate])))
    revoked = {"": datetime(2026, 1, 1, tzinfo=UTC)}
    for one in examine(path, Known(own=[AUTHORITY.certificate], revoked=revoked)):
        storable(one.signer, one.number, one.issuer, one.level, one.integrity, one.trust, one.judgement)
        for moment in (one.signed_at, one.timestamped_at):
            storable(timezone.localtime(moment).isoformat() if moment else None)


def printed() -> None:
    practice = Practice(name="Lilas")
    with print_body("<p>Bonjour</p>", practice=practice, title="Titre", values={}, language="fr") as intake:
        assert type(intake.page_count) is int


def stamp_converted() -> None:
    kept_images._converted.cache_clear()
    image = kept_images.image_for_stamps(picture("PNG"))
    assert isinstance(image, StampImage)
    assert all(type(value) is int for value in (image.width, image.height))


@dataclass(frozen=True)
class Job:
    function: str
    use: Callable[[], object]
    refuses: type[Exception]


JOBS = [
    Job("decoding.look_at_pdf", looked_at, Refused),
    Job("decoding.check_pdf", lambda: taken(PDF, "a.pdf"), Refused),
    Job("decoding.check_picture", lambda: taken(picture("JPEG"), "a.jpg"), Refused),
    Job("decoding.to_jpeg", lambda: taken(PHOTOGRAPH.read_bytes(), "a.heic"), Refused),
    Job("decoding.render_page", drawn, preview.NoPreview),
    Job("decoding.page_texts", read, preview.NoPreview),
    Job("decoding.clean_signature", signature_cleaned, Refused),
    Job("decoding.clean_logo", logo_cleaned, Refused),
    Job("metadata.strip_file", lambda: taken(picture("JPEG"), "a.jpg"), Refused),
    Job("metadata.has_position", lambda: taken(picture("TIFF"), "a.tiff"), Refused),
    Job("pkcs12_child.open_pkcs12", opened, CertificateRefused),
    Job("signing_child.sign_file", signed_and_forgotten, CannotSign),
    Job("signing_child.sign_files", signed_together, NotTogether),
    Job("stamp_image.convert", stamp_converted, sandbox.SandboxError),
    Job("verifying_child.verify_file", verified, CannotVerify),
    Job("rendering.render", printed, CannotWrite),
]


TELL_LITTLE = ("decoding.check_pdf", "decoding.page_texts", "metadata.has_position", "decoding.to_jpeg")
WRITE_PICTURES = (
    *("decoding.to_jpeg", "decoding.render_page", "decoding.clean_signature", "decoding.clean_logo"),
    "metadata.strip_file",
)


class Children:
    """The first child of each kind is a real one. Later ones repeat its answers and files, except the kind that is
    taken over: `lie` replaces its answer, and `fill` is what it writes into its output file."""

    def __init__(self, taken_over: str) -> None:
        self.lie: Callable[[Any], Any] = copy.deepcopy
        self.fill: bytes | None = None
        self.honest: Any = None
        self._taken_over = taken_over
        self._run = sandbox._run
        self._known: dict[str, tuple[Any, list[Any], list[bytes]]] = {}

    def __call__(self, job: Any, wall_seconds: float) -> tuple[Any, float]:
        name = f"{job.function.__module__.rpartition('.')[2]}.{job.function.__name__}"
        if name not in self._known:
            self._known[name] = self._real(job, wall_seconds)
        answer, questions, written = self._known[name]
        for question in questions:
            if name not in (
                "signing_child.sign_file",
                "signing_child.sign_files",
            ):  # its signature is in its output file
                job.answering(copy.deepcopy(question))
        for path, content in zip(job.access.writes, written, strict=True):
            Path(path).write_bytes(content)
        if name != self._taken_over:
            return copy.deepcopy(answer), 0.0
        self.honest = answer
        if self.fill is not None:
            for path in job.access.writes:
                Path(path).write_bytes(self.fill)
        return self.lie(answer), 0.0

    def _real(self, job: Any, wall_seconds: float) -> tuple[Any, list[Any], list[bytes]]:
        questions: list[Any] = []

        def answering(question: Any) -> Any:
            questions.append(question)
            return job.answering(question)

        heard = replace(job, answering=answering if job.answering else None)
        answer, _seconds = self._run(heard, wall_seconds)
        return answer, questions, [Path(path).read_bytes() for path in job.access.writes]


@pytest.fixture(params=JOBS, ids=lambda job: job.function)
def job(request: pytest.FixtureRequest) -> Job:
    found: Job = request.param
    return found


@pytest.fixture
def children(job: Job, monkeypatch: pytest.MonkeyPatch) -> Children:
    found = Children(job.function)
    monkeypatch.setattr(sandbox, "_run", found)
    job.use()
    assert found.honest is not None
    return found


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every value within."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield (*way, key)
        yield from places(below, (*way, key))


def instead(_answer: Any, lie: Any) -> Any:
    return lie


def with_at(value: Any, way: tuple[Any, ...], lie: Any) -> Any:
    spoiled = copy.deepcopy(value)
    *before, last = way
    inner = spoiled
    for key in before:
        inner = inner[key]
    inner[last] = lie
    return spoiled


def refused_or_right(job: Job) -> bool:
    """Whether the caller refused it with its own refusal. Any other exception fails the test."""
    try:
        job.use()
    except job.refuses:
        return True
    return False


def test_an_answer_of_another_form_is_refused_whatever_the_job(job: Job, children: Children) -> None:
    refused = 0
    for lie in WHOLE:
        children.lie = partial(instead, lie=lie)
        refused += refused_or_right(job)
    assert refused >= len(WHOLE) - 3 or job.function in TELL_LITTLE


def test_each_value_of_an_answer_has_its_type_and_its_bounds(job: Job, children: Children) -> None:
    for way in places(children.honest):
        for lie in LIES:
            children.lie = partial(with_at, way=way, lie=lie)
            refused_or_right(job)


def test_an_answer_that_lacks_a_value_is_refused_or_needs_it_not(job: Job, children: Children) -> None:
    for way in places(children.honest):
        children.lie = partial(without, way=way)
        refused_or_right(job)


@pytest.mark.parametrize("job", [job for job in JOBS if job.function in WRITE_PICTURES], indirect=True)
@pytest.mark.parametrize("fill", [b"", b"<script>alert(1)</script>", b"MZ" + bytes(100), bytes(64 << 20)], ids=len)
def test_a_picture_that_a_child_writes_is_one(job: Job, children: Children, fill: bytes) -> None:
    children.fill = fill
    assert refused_or_right(job) or (not fill and job.function == "metadata.strip_file")


def without(value: Any, way: tuple[Any, ...]) -> Any:
    spoiled = copy.deepcopy(value)
    *before, last = way
    inner = spoiled
    for key in before:
        inner = inner[key]
    del inner[last]
    return spoiled


def test_every_kind_of_child_is_among_these() -> None:
    """Every function of the child's modules that our code passes on without calling it."""
    passed: set[str] = set()
    rooms = (settings.BASE_DIR / room for room in ("documents", "files", "signing"))
    for path in (path for room in rooms for path in room.rglob("*.py")):
        passed |= set(functions_passed_on(ast.parse(path.read_text())))
    assert passed == {job.function for job in JOBS}


def functions_passed_on(module: ast.Module) -> Iterator[str]:
    """`decoding.check_pdf` for each function of a child's module that `module` imports and passes on uncalled, not
    for a local variable of such a name."""
    nodes = list(ast.walk(module))
    imported = {name.asname or name.name for node in nodes if isinstance(node, ast.ImportFrom) for name in node.names}
    children = CHILD_MODULES & imported
    for each in (argument for call in nodes if isinstance(call, ast.Call) for argument in call.args):
        match each:
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name in children and attr.islower():
                yield f"{name}.{attr}"


def test_every_word_for_trust_is_known_on_both_sides() -> None:
    assert set(TRUST_CODES) == set(Trust) - {Trust.NOT_ISSUED}  # concluded here, from what the child names
