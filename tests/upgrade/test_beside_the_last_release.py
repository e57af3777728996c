"""The previous release works while this version migrates its database, beside this version, and after going back."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bench.ports import free_port
from docshare.queue import server_binary
from tests.faults.installation import wait_until
from tests.upgrade.conftest import ROOT, environment, on_postgresql
from tests.upgrade.version import Version, write_settings
from tests.upgrade.work import Practice
from tools.last_release import last_release, unpack

UNDER_WAY = """
SELECT (SELECT count(*) FROM notifications_message WHERE state = 'queued' AND due_at < now() + interval '1 minute')
     + (SELECT count(*) FROM documents_autosend WHERE state = 'planned' AND due_at < now())
"""


@pytest.fixture
def queue() -> Iterator[str]:
    port = free_port()
    command = [server_binary(), "--port", str(port), "--save", "", "--appendonly", "no", "--dir", "/tmp"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        yield f"redis://127.0.0.1:{port}/0"
        server.send_signal(signal.SIGTERM)


@pytest.fixture
def versions(tmp_path: Path, database: str, queue: str) -> Iterator[tuple[Version, Version]]:
    """The previous release and this one, on one database, one queue and one folder of documents."""
    release = tmp_path / "release"
    unpack(release)
    (tmp_path / "logs").mkdir()
    settings = environment(
        tmp_path / "data",
        database,
        REDIS_URL=queue,
        DJANGO_SETTINGS_MODULE="upgrade_settings",
        PYTHONPATH=write_settings(tmp_path / "settings"),
        SECRET_KEY="of the upgrade test, fifty characters or more, and no other",
        SIGNING_PASSPHRASE="of the upgrade test, and no other",
        SHARE_NOTICE_DELAY_SECONDS="1",
        WEB_CONCURRENCY="1",
        WEB_THREADS="6",
        **dict.fromkeys(("SMS_PER_ACCOUNT", "SMS_PER_STAFF", "SMS_PER_NUMBER", "SMS_PER_PRACTICE"), "100000,100000"),
    )
    found = tuple(
        Version(name, folder, settings, tmp_path / "logs") for name, folder in (("old", release), ("new", ROOT))
    )
    try:
        yield found[0], found[1]
    finally:
        for one in found:
            one.kill()


def open_practice(old: Version) -> Practice:
    old.manage("migrate", "--no-input")
    demo = json.loads(old.manage("demo", "--json"))
    old.start(beat=True)
    practice = Practice([old.base], demo, Path(old.environment["DATA_DIR"]) / "outbox", "before")
    admin = practice.staff["admin"]
    rule: dict[str, Any] = {"name": "Avant de venir", "documents": [demo["library"][1]["id"]], "moment": "booking"}
    rule |= {"channels": ["email", "sms"], "visit_reasons": [], "agendas": [], "offset_hours": 0, "active": True}
    practice.call("POST", "/api/v1/auto-send-rules/", 201, json=rule, token=admin)
    practice.book_online()
    return practice


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("_", [pytest.param("", marks=on_postgresql, id="postgresql")])
def test_nothing_is_refused_and_nothing_lost_on_the_way_there_and_back(
    _: str, versions: tuple[Version, Version], database: str
) -> None:
    old, new = versions
    practice = open_practice(old)
    with practice.at_work():
        practice.go_on("before")
        practice.phase = "while migrating"
        began = time.monotonic()
        new.manage("migrate", "--no-input")
        print(f"migrate: {time.monotonic() - began:.1f} s")
        practice.go_on("alone on the new tables")
        practice.phase = "while starting"
        new.start(beat=False)
        practice.phase, practice.bases = "side by side", [old.base, new.base]
        practice.book_online()
        practice.go_on("side by side")
        practice.phase, practice.bases = "going back", [old.base]
        time.sleep(1)  # for calls in progress
        new.stop()
        practice.go_on("back")
    print(dict(practice.calls))
    assert practice.refused == []

    with closing(psycopg.connect(database, autocommit=True)) as server:
        wait_until(lambda: server.execute(UNDER_WAY).fetchone() == (0,), 90, "everything is sent")
        failed = server.execute("SELECT channel, cause, last_error FROM notifications_message WHERE state = 'failed'")
        assert failed.fetchall() == []
        lost = server.execute("SELECT state, count(*) FROM documents_autosend WHERE state <> 'sent' GROUP BY state")
        assert lost.fetchall() == []
    nothing_is_lost(practice)
    for version in versions:
        assert version.manage("fsck", "--repair") == ""


def nothing_is_lost(practice: Practice) -> None:
    """Checks with the version that was returned to."""
    for appointment, documents in practice.shared.items():
        there = practice.call("GET", f"/api/v1/appointments/{appointment}/documents/", 200, params={"page_size": 100})
        assert documents.keys() <= {one["id"] for one in there["results"]}
    for document, sha256 in practice.held.items():
        practice.read(f"/api/v1/documents/{document}/content/", sha256)
    assert len(practice.shared) > 10


def test_no_migration_of_the_release_was_edited(tmp_path: Path) -> None:
    """An installation that has applied it would never get the later change."""
    release = tmp_path / "release"
    unpack(release)
    edited = [
        str(path.relative_to(release))
        for path in release.glob("*/migrations/*.py")
        if path.read_text() != (ROOT / path.relative_to(release)).read_text()
    ]
    assert edited == []


def test_the_release_before_is_the_one_in_the_changelog() -> None:
    """Else this version would be tested beside an older one, and the migrations of two releases taken for one's."""
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    if headings[0] == "Next":  # else this is the commit of a release, or the one that records it
        assert headings[1] == last_release().version
