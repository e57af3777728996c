"""Abuse of the open page (docs/security-cases.md, 49): anonymous work has few slots and tight limits, and takes
nothing from signed-in users."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from bench.slow_pdfs import SLOW, pages_full_of_text
from files import open_work, sandbox
from files.intake import accept
from tests.at_once import at_once
from tests.documents.conftest import PDF
from tests.security.addresses import address, routes
from tests.security.attempts import own_priority, spin, spin_at_most

pytestmark = pytest.mark.django_db
SENTENCE = "Trop de vérifications sont en cours. Réessayez dans quelques secondes."


def upload(content: bytes = PDF) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("a.pdf", content)}


def by_page(content: bytes = PDF) -> Any:
    return Client().post("/verify/", upload(content))


def by_api(content: bytes = PDF) -> Any:
    return Client().post("/api/v1/verify/", upload(content))


DOORS = [by_page, by_api]


@pytest.fixture
def all_taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(open_work, "PATIENCE", 0.1)
    with ExitStack() as places:
        for _ in range(settings.SANDBOX_OPEN_PLACES):
            places.enter_context(open_work.open_work())
        yield


def test_a_page_that_is_full_says_when_to_come_again(all_taken: None) -> None:
    answer = by_page()
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert SENTENCE in answer.content.decode()


def test_an_api_that_is_full_says_when_to_come_again(all_taken: None) -> None:
    answer = by_api()
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    (error,) = answer.json()["errors"]
    assert (error["code"], error["detail"]) == ("busy", SENTENCE)


@pytest.mark.parametrize("address", ["/verify/", "/api/v1/verify/"])
def test_above_what_is_let_in_no_file_is_received(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Receiving forty files at once delays pages as much as parsing them."""
    received: list[str] = []
    monkeypatch.setattr(
        "files.upload_handlers.BoundedTemporaryFileUploadHandler.new_file",
        lambda *_args, **_more: received.append("file"),
    )
    with ExitStack() as others:
        for _ in range(2 * settings.SANDBOX_OPEN_PLACES):
            others.enter_context(open_work.admitted())
        answer = Client(enforce_csrf_checks=True).post(address, upload())
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert received == []


def test_the_form_still_needs_its_token() -> None:
    assert Client(enforce_csrf_checks=True).post("/verify/", upload()).status_code == 403


@pytest.mark.parametrize("door", DOORS)
def test_a_place_is_free_again_whatever_came_of_it(door: Callable[[bytes], Any]) -> None:
    for content in (PDF, b"%PDF-1.7 broken", b"no PDF at all", b""):
        for _ in range(settings.SANDBOX_OPEN_PLACES + 1):
            assert door(content).status_code in (200, 400)


def test_a_full_page_keeps_nobody_from_sharing(all_taken: None) -> None:
    """In a thread of its own: the test's thread does open work."""
    with ThreadPoolExecutor(1) as pool, pool.submit(lambda: accept(SimpleUploadedFile("a.pdf", PDF))).result(20):
        pass


def test_the_places_of_signing_are_not_for_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """With all of them taken, the open page still answers, with slots of its own."""
    for _ in range(settings.SANDBOX_CONCURRENCY):
        sandbox._places().acquire()
    try:
        assert [answer.status_code for answer in at_once(lambda _: by_api(), 1)] == [200]
    finally:
        for _ in range(settings.SANDBOX_CONCURRENCY):
            sandbox._places().release()


def test_forty_at_once_are_answered_at_once() -> None:
    """Few are verified, the others are asked to come again; nobody waits for all the others."""
    content = pages_full_of_text()
    start = time.monotonic()
    codes = [answer.status_code for answer in at_once(lambda _: by_api(content))]
    assert set(codes) == {200, 503}
    assert codes.count(200) >= settings.SANDBOX_OPEN_PLACES
    assert time.monotonic() - start < 25


def test_places_are_counted_over_all_processes() -> None:
    """gunicorn has several; a killed one frees its slot."""
    holds = textwrap.dedent(
        """
        import sys, django; django.setup()
        from files.open_work import open_work
        with open_work():
            print("taken", flush=True)
            sys.stdin.read()
        """
    )
    environment = {**os.environ, "DATA_DIR": str(settings.DATA_DIR), "DJANGO_SETTINGS_MODULE": "docshare.settings"}
    others = [
        subprocess.Popen(
            [sys.executable, "-c", holds], cwd=settings.BASE_DIR, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(settings.SANDBOX_OPEN_PLACES)
    ]  # fmt: skip
    try:
        assert [other.stdout.readline() for other in others if other.stdout] == ["taken\n"] * len(others)
        assert by_api().status_code == 503
        others[0].kill()
        others[0].wait()
        assert by_api().status_code == 200
    finally:
        for other in others:
            other.kill()
            other.communicate()


def test_bounds_are_shared_by_all_children_of_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_work.open_work() as work:
        with pytest.raises(sandbox.SandboxTimeout):
            sandbox.run(spin)
        assert work.wall_seconds < open_work.WALL_SECONDS
    monkeypatch.setattr(open_work, "WALL_SECONDS", 60.0)  # low priority, beside other tests
    with open_work.open_work() as work:
        sandbox.run(spin_at_most, 1.5)
        assert 3 < work.cpu_seconds < 3.6
        assert sandbox.run(own_priority) == 19
        with pytest.raises(sandbox.SandboxMemoryExceeded):
            sandbox.run(bytearray, 600 << 20)
    assert sandbox.run(own_priority) == os.getpriority(os.PRIO_PROCESS, 0)


@pytest.fixture
def spent(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Processor seconds of each child; the whole limit if it was stopped."""
    seconds: list[float] = []
    run = sandbox._run

    def measured(job: Any, wall_seconds: float) -> tuple[Any, float]:
        seconds.append(float(job.bounds.cpu_seconds))
        value, seconds[-1] = run(job, wall_seconds)
        return value, seconds[-1]

    monkeypatch.setattr(sandbox, "_run", measured)
    return seconds


@pytest.mark.parametrize("kind", SLOW)
def test_whatever_the_file_it_is_answered_within_five_seconds_of_a_child(kind: str, spent: list[float]) -> None:
    assert by_api(SLOW[kind]()).status_code in (200, 400)
    assert spent
    assert sum(spent) <= open_work.CPU_SECONDS + 1  # the kernel's limit is in whole seconds


@pytest.mark.parametrize("kind", ["pages_full_of_text", "forms_within_forms"])
def test_pages_that_hold_their_reader_are_not_read_to_verify(kind: str, spent: list[float]) -> None:
    """Signatures are not on pages: reading 27 kB of pages took the child three seconds each."""
    assert by_api(SLOW[kind]()).status_code == 200
    assert sum(spent) < 1


@pytest.mark.parametrize("kind", ["pages_full_of_text", "forms_within_forms"])
def test_such_a_document_is_taken_and_its_text_not_read(kind: str) -> None:
    """Accepted like a scan: a staff upload must not take minutes either."""
    with accept(SimpleUploadedFile("a.pdf", SLOW[kind]())) as intake:
        assert intake.page_count in (1, 3)
        assert intake.opening_text == ""


def test_a_picture_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_run", lambda *_args: pytest.fail("a child was started"))
    content = b"\x89PNG\r\n\x1a\n" + bytes(100)
    answer = Client().post("/verify/", {"file": SimpleUploadedFile("photo.png", content)})
    assert answer.status_code == 400
    assert "une image ne porte pas de signature" in answer.content.decode()


def test_no_other_open_address_starts_a_child_outside_the_places(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sends a file to every open address, under the names that forms use."""
    started: list[str] = []
    run = sandbox._run

    def noted(function: Any, *args: Any) -> Any:
        if open_work.current() is None:
            started.append(function.__name__)
        return run(function, *args)

    monkeypatch.setattr(sandbox, "_run", noted)
    ids: dict[str, Any] = defaultdict(uuid.uuid4)
    for route in routes():
        for name in ("file", "files", "image", "document"):
            Client().post(address(route, ids), {name: SimpleUploadedFile("a.pdf", PDF)})
    assert started == []


def test_sixty_a_minute_from_a_whole_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as before, and an IPv6 /64 counts as one address in any notation."""
    monkeypatch.setattr("portals.public.verification.VERIFICATIONS_A_MINUTE", 2)
    monkeypatch.setattr("portals.api.throttling.Verifications.calls_a_minute", 2)

    def page(address: str) -> int:
        return Client().post("/verify/", {}, REMOTE_ADDR=address).status_code

    def api(address: str) -> int:
        return Client().post("/api/v1/verify/", {}, REMOTE_ADDR=address).status_code

    assert [page("2001:db8:1:2::1"), api("2001:db8:1:2:ffff::7")] == [400, 400]
    assert [page("2001:db8:1:2:a:b:c:d"), api("2001:DB8:0001:2::9")] == [429, 429]
    assert page("2001:db8:1:3::1") == 400
    assert [page("192.0.2.1"), api("::ffff:192.0.2.1"), page("::ffff:c000:201")] == [400, 400, 429]
    assert page("192.0.2.2") == 400


@pytest.fixture(autouse=True)
def _unbounded_calls(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the test of the limit uses it."""
    if "sixty" not in request.node.name:
        monkeypatch.setattr("portals.api.throttling.Verifications.calls_a_minute", 10_000)
        monkeypatch.setattr("portals.public.verification.VERIFICATIONS_A_MINUTE", 10_000)


def test_the_folder_of_places_is_private() -> None:
    with open_work.open_work():
        folder = Path(settings.DATA_DIR) / "places"
        assert folder.stat().st_mode & 0o077 == 0
