"""Each practice's lines are chained among themselves, and one digest a day covers the chains of all."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import threading
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from audit import chain, days
from audit.models import AuditEvent, AuditSeal, DailySeal
from audit.tasks import note_anchor
from audit.trail import record
from personal_data.practice import trail_of
from practices.models import Practice
from tests.audit.test_chain import tamper

TODAY = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def other() -> Practice:
    return Practice.objects.create(name="Cabinet des Tilleuls")


def write(practice: Practice | None, by: User, count: int = 1) -> list[int]:
    return [record("document.shared", by=by, on=by, practice=practice, detail={"line": n}).pk for n in range(count)]


def numbers(of: uuid.UUID) -> list[int | None]:
    return list(AuditSeal.objects.filter(chain=of).order_by("position").values_list("number", flat=True))


def key(value: uuid.UUID) -> str:
    """As the database stores it."""
    return str(value) if connection.vendor == "postgresql" else value.hex


def test_each_practice_has_a_chain_and_lines_without_one_share_theirs(
    practice: Practice, other: Practice, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "BATCH", 2)
    before = {pk: AuditEvent.objects.filter(practice_id=pk).count() for pk in (practice.pk, None)}
    for _ in range(3):
        write(practice, alice), write(other, alice, 2), write(None, alice)
    chain.seal()
    assert numbers(practice.pk) == list(range(1, before[practice.pk] + 4))
    assert numbers(other.pk) == [1, 2, 3, 4, 5, 6]
    assert numbers(chain.NO_PRACTICE) == list(range(1, before[None] + 4))
    assert list(chain.faults()) == []
    for each in (practice.pk, other.pk, None):
        assert list(chain.faults_of(each)) == []


def test_what_is_changed_in_one_chain_is_a_fault_of_this_one_alone(
    practice: Practice, other: Practice, alice: User
) -> None:
    _first, second, third, _last = write(practice, alice, 4)
    write(other, alice, 2)
    chain.seal()
    tamper("UPDATE audit_auditevent SET action = 'document.read' WHERE id = %s", second)
    tamper("DELETE FROM audit_auditevent WHERE id = %s", third)
    found = [
        f"audit line {second}: changed since it was sealed",
        f"audit line {third}: missing, though it was sealed",
    ]
    assert list(chain.faults_of(practice.pk)) == found
    assert list(chain.faults()) == found
    assert list(chain.faults_of(other.pk)) == []


def test_a_seal_that_is_gone_leaves_a_gap_in_its_chain(practice: Practice, other: Practice, alice: User) -> None:
    _first, second, _third = write(other, alice, 3)
    chain.seal()
    tamper("DELETE FROM audit_auditseal WHERE event_id = %s", second)
    assert list(chain.faults_of(other.pk)) == [f"audit chain of {other.pk}: seals 2 to 2 are missing"]


def test_a_seal_in_another_practices_chain_is_a_fault(practice: Practice, other: Practice, alice: User) -> None:
    [line] = write(other, alice)
    chain.seal()
    tamper("UPDATE audit_auditseal SET chain = %s, number = 1000 WHERE event_id = %s", key(practice.pk), line)
    fault = f"audit line {line}: sealed in the chain of {practice.pk}, which is not its practice"
    assert list(chain.faults()) == [fault]
    assert fault in list(chain.faults_of(practice.pk))


def test_lines_that_the_previous_release_sealed_stay_verifiable(practice: Practice, alice: User) -> None:
    """It seals in the one chain alone, also beside this version."""
    chain.seal()
    known = len(numbers(practice.pk))
    for pk in write(practice, alice, 2):
        as_the_previous_release(AuditEvent.objects.get(pk=pk))
    write(practice, alice, 2)
    assert chain.seal() == 2
    assert numbers(practice.pk) == list(range(1, known + 3))
    assert list(chain.faults()) == []
    first = AuditSeal.objects.filter(chain=None).order_by("position")[0]
    tamper("UPDATE audit_auditevent SET action = 'document.read' WHERE id = %s", first.event_id)
    assert list(chain.faults()) == [f"audit line {first.event_id}: changed since it was sealed"]


def as_the_previous_release(line: AuditEvent) -> None:
    last = AuditSeal.objects.order_by("-position")[:1]
    position, before = (last[0].position, last[0].digest) if last else (0, "")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_auditseal (position, event_id, digest) VALUES (%s, %s, %s)",
            [position + 1, line.pk, chain.digest_of(line, before)],
        )


def test_the_day_is_sealed_once_and_covers_what_grew_since_the_day_before(
    practice: Practice, other: Practice, alice: User
) -> None:
    assert days.seal_day(now=TODAY) is None  # nothing is sealed yet
    write(practice, alice), write(other, alice)
    chain.seal()
    first = days.seal_day(now=TODAY)
    write(practice, alice)
    chain.seal()
    assert days.seal_day(now=TODAY + timedelta(hours=11)) == first
    second = days.seal_day(now=TODAY + timedelta(days=1))
    assert second is not None
    assert first is not None
    newest, end = AuditSeal.objects.latest("position"), AuditSeal.objects.filter(chain=practice.pk).latest("number")
    text = f"{first.digest}\n{newest.position}:{newest.digest}\n{practice.pk}:{end.number}:{end.chain_digest}\n"
    assert second.digest == hashlib.sha256(text.encode()).hexdigest()
    assert days.seal_day(now=TODAY + timedelta(days=2)) == second  # nothing grew
    assert DailySeal.objects.count() == 2
    assert list(chain.faults()) == []


def test_a_chain_computed_anew_contradicts_the_day(practice: Practice, other: Practice, alice: User) -> None:
    write(practice, alice)
    [line] = write(other, alice)
    chain.seal()
    anchor = days.seal_day(now=TODAY)
    assert fsck("--anchor", str(anchor)) == []
    tamper("UPDATE audit_auditevent SET action = 'document.read' WHERE id = %s", line)
    tamper("DELETE FROM audit_auditseal")
    chain.seal()
    assert list(chain.faults()) == ["audit day 2026-11-30: the chains are not as they were then"]
    tamper("DELETE FROM audit_dailyseal")
    days.seal_day(now=TODAY)
    assert list(chain.faults()) == []
    assert fsck("--anchor", str(anchor)) == ["audit anchor 2026-11-30: the chain was computed anew, or cut"]


def test_a_trail_that_was_cut_contradicts_the_day(practice: Practice, alice: User) -> None:
    write(practice, alice)
    chain.seal()
    days.seal_day(now=TODAY)
    newest = AuditSeal.objects.latest("position")
    tamper("DELETE FROM audit_auditseal WHERE position = %s", newest.position)
    tamper("DELETE FROM audit_auditevent WHERE id = %s", newest.event_id)
    assert list(chain.faults()) == ["audit day 2026-11-30: the chains are not as they were then"]


def fsck(*options: str) -> list[str]:
    output = io.StringIO()
    with suppress(SystemExit):  # its status: there are faults
        call_command("fsck", "--only", "audit", *options, stdout=output, stderr=io.StringIO())
    return output.getvalue().splitlines()


def test_one_practices_chain_is_checked_by_itself(practice: Practice, other: Practice, alice: User) -> None:
    [line] = write(practice, alice)
    write(other, alice)
    chain.seal()
    tamper("UPDATE audit_auditevent SET action = 'document.read' WHERE id = %s", line)
    assert fsck("--chain-of", str(other.pk)) == []
    assert fsck("--chain-of", str(practice.pk)) == [f"audit line {line}: changed since it was sealed"]


def test_the_log_gets_the_anchor_of_the_day(
    practice: Practice, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    write(practice, alice)
    chain.seal()
    with caplog.at_level(logging.INFO, logger="audit.tasks"):
        note_anchor()
        note_anchor()
    day = DailySeal.objects.get()
    assert [str(day) in message for message in caplog.messages] == [True, False, True, False]


def test_an_archive_proves_its_practices_chain_without_the_others(
    practice: Practice, other: Practice, alice: User
) -> None:
    write(practice, alice, 2), write(other, alice), write(practice, alice)
    chain.seal()
    rows = [json.loads(json.dumps(row)) for row in trail_of(practice)]
    before = ""
    for number, row in enumerate(rows, start=1):
        place = {name: row.pop(name) for name in ("position", "digest", "number", "chain_digest")}
        written = json.dumps(row, sort_keys=True, separators=(",", ":"))
        before = hashlib.sha256(f"{before}\n{written}".encode()).hexdigest()
        assert (place["number"], place["chain_digest"]) == (number, before)
    assert len(rows) >= 3


@pytest.mark.parametrize("statement", ["UPDATE audit_dailyseal SET digest = 'x'", "DELETE FROM audit_dailyseal"])
def test_the_database_refuses_to_change_a_day(statement: str, practice: Practice, alice: User) -> None:
    write(practice, alice)
    chain.seal()
    days.seal_day(now=timezone.now())
    with pytest.raises(Exception, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.servers("SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_writers_of_two_practices_and_the_sealer_never_wait_for_each_other(practice: Practice, alice: User) -> None:
    """All of them are within their transactions at the same moment, each with lines written."""
    other = Practice.objects.create(name="Cabinet des Tilleuls")
    write_in = (practice, other, practice)
    together = threading.Barrier(len(write_in) + 1, timeout=20)
    failed: list[BaseException] = []

    def lines_of(one: Practice) -> None:
        try:
            with transaction.atomic():
                write(one, alice, 3)
                together.wait()  # everybody has written, nobody has committed
                together.wait()  # the sealer has sealed meanwhile
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=lines_of, args=(one,)) for one in write_in]
    for thread in threads:
        thread.start()
    together.wait()
    chain.seal()
    together.wait()
    for thread in threads:
        thread.join()
    assert failed == []
    chain.seal()
    assert numbers(practice.pk) == list(range(1, len(numbers(practice.pk)) + 1))
    assert len(numbers(practice.pk)) >= 6
    assert numbers(other.pk) == [1, 2, 3]
    assert list(chain.faults()) == []
