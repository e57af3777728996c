"""`manage.py who_opened`: who read a document between two times, even after it was deleted."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from documents.models import Category, ReadingMeans
from documents.sharing.reading import note_reading, note_reading_by_link
from documents.sharing.share import share_upload, take_back
from files.intake import Intake


def who_opened(*arguments: str) -> list[list[str]]:
    output = io.StringIO()
    call_command("who_opened", *arguments, stdout=output, stderr=io.StringIO())
    return [line.split("\t") for line in output.getvalue().splitlines()]


def test_every_opening_is_told_in_order_even_of_a_document_taken_back(
    appointment: Appointment, alice: User, bob: User, prescription: Category, receive: Callable[..., Intake]
) -> None:
    document = share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob
    )
    note_reading(documents=[document], by=alice, means=ReadingMeans.VIEWED)
    note_reading_by_link(document=document)
    pk = str(document.pk)
    take_back(document=document, by=bob)

    today = timezone.localdate()
    lines = who_opened(pk, "--from", today.isoformat(), "--to", today.isoformat())

    assert [line[1:] for line in lines] == [
        [f"alice@lilas.example ({alice.pk})", "staff", "viewed"],
        ["whoever had the link", "recipient", "by_link"],
    ]
    earlier = (timezone.now() - timedelta(minutes=5)).isoformat()
    assert who_opened(pk, "--from", (today - timedelta(days=9)).isoformat(), "--to", earlier) == []


def test_a_period_that_is_none_is_refused() -> None:
    with pytest.raises(CommandError, match="no day and no moment"):
        who_opened("5f3a2b1c-0d9e-4f8a-b7c6-123456789abc", "--from", "yesterday", "--to", "2026-11-24")
