"""`make run` starts everything, keeps it running, and prints its address."""

from __future__ import annotations

import re
from collections import Counter

import psutil
import pytest

from tests.platform.conftest import Installation, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("make run")]

PARTS = {
    "queue": ("-server ", "unixsocket"),
    "web": ("docshare-web",),
    "worker": ("docshare-worker",),
    "beat": ("docshare-beat",),
}


def test_it_prints_addresses_and_logins(site: Installation) -> None:
    demo = site.demo()
    for place in ("/pro/", "/documents/", "/outbox/", "/admin/"):
        assert f"http://localhost:{site.port}{place}" in site.output
    for person in [*demo["staff"], demo["holder"]]:
        assert person["email"] in site.output
        assert person["password"] in site.output


def test_without_the_demo_nothing_is_loaded(
    site: Installation, fresh: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO", "0")
    fresh.begin_migrated()
    fresh.start()
    assert "Nothing is loaded (DEMO=0)." in fresh.output
    link = re.search(rf"http://localhost:{fresh.port}(/start/\S+/)", fresh.output)
    assert link
    assert fresh.get(link[1])[0] == 200
    assert fresh.get(link[1])[0] == 200  # looking uses nothing up
    assert "lilas" not in fresh.output
    assert fresh.get("/healthz") == (200, "ok\n")
    printed = fresh.manage("shell", "-v", "0", "-c", "from accounts.models import User; print(User.objects.count())")
    assert printed.strip() == "0"


def test_it_answers(site: Installation) -> None:
    assert site.get("/healthz") == (200, "ok\n")
    assert site.ready()


def test_a_message_reaches_the_outbox_page(site: Installation) -> None:
    message = site.plan_email()
    wait_for(lambda: any(message in path.name for path in site.emails()), 30, "the email is in the outbox")
    assert "a@b.example" in site.get("/outbox/")[1]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_dies_is_started_again(site: Installation, part: str) -> None:
    dead: psutil.Process = wait_for(lambda: site.part(*PARTS[part]), 90, f"{part} runs")
    dead.kill()

    def replaced() -> psutil.Process | None:
        found = site.part(*PARTS[part])
        return found if found and found.pid != dead.pid else None

    wait_for(replaced, 90, f"{part} runs again")
    wait_for(site.ready, 90, "the site is ready again")


def test_a_worker_killed_as_a_message_is_planned_sends_it_once(site: Installation) -> None:
    worker: psutil.Process = wait_for(lambda: site.part(*PARTS["worker"]), 90, "the worker runs")
    message = site.plan_email()
    worker.kill()
    wait_for(lambda: any(message in path.name for path in site.emails()), 90, "the email goes out all the same")
    wait_for(lambda: site.part(*PARTS["worker"]), 90, "the worker runs again")
    site.manage("shell", "-v", "0", "-c", "from notifications.tasks import sweep; sweep()")
    sent = Counter(path.stem.partition("-")[2] for path in site.emails())  # the demo's own messages leave meanwhile
    assert sent[message] == 1
    assert set(sent.values()) == {1}


def test_a_taken_port_is_told_in_a_sentence(site: Installation, fresh: Installation) -> None:
    fresh.port = site.port
    fresh.launch()
    assert fresh.make is not None
    assert fresh.make.wait(60) != 0
    assert f"Port {site.port} cannot be used" in fresh.output
    assert "Traceback" not in fresh.output


def test_a_second_start_on_the_same_data_is_told_in_a_sentence(site: Installation) -> None:
    second = Installation(site.data_dir)
    first_output = site.output
    second.launch()
    assert second.make is not None
    assert second.make.wait(60) != 0
    assert "is running on" in second.output
    (site.data_dir.parent / "output.txt").write_text(first_output)
    assert site.ready()
