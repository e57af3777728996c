"""Requests and files of a record that becomes part of another, and is separated again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from appointments.models import Appointment, BookedFor
from documents import invariants
from documents.merging.merge import merge_records
from documents.merging.unmerge import unmerge_records
from documents.receiving.access import all_requests, received_seen_by, requests_of
from documents.receiving.asking import Question, ask
from documents.receiving.sending import send_files
from documents.timeline import EntryKind, timeline
from files.intake import Intake
from patients.models import Patient
from tests.documents.ways import account, claim

pytestmark = pytest.mark.django_db


def test_a_merge_shows_nobody_anything_new_and_separating_gives_each_record_its_own(
    marie: Patient,
    double: Patient,
    own: User,
    book_for: Callable[..., Appointment],
    receive: Callable[..., Intake],
    bob: User,
) -> None:
    claim(marie, own)
    hugo = account("hugo.martin@gmail.com", "+33698765400")
    visits = book_for(marie), book_for(double, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    hers, other = (ask(appointment=one, question=Question("Ordonnance"), by=bob) for one in visits)
    (sent,) = send_files(request=all_requests().get(pk=hers.pk), intakes=[receive()], by=own)
    (his,) = send_files(request=all_requests().get(pk=other.pk), intakes=[receive(name="bilan.pdf")], by=hugo)
    merge_records(kept=marie, other=double, by=bob)
    entries = timeline(Patient.objects.get(pk=marie.pk)).entries
    kinds = [one.kind for one in entries]
    assert (kinds.count(EntryKind.REQUEST), kinds.count(EntryKind.RECEIVED)) == (2, 2)
    assert [one.pk for one in received_seen_by(own)] == [sent.pk]
    assert [one.pk for one in received_seen_by(hugo)] == [his.pk]
    assert [one.pk for one in requests_of(own)] == [hers.pk]
    unmerge_records(kept=Patient.objects.get(pk=marie.pk), by=bob)
    for patient, file in ((marie, sent), (double, his)):
        apart = timeline(Patient.objects.get(pk=patient.pk)).entries
        assert [one.what.pk for one in apart if one.kind is EntryKind.RECEIVED] == [file.pk]
    assert [one.pk for one in received_seen_by(own)] == [sent.pk]
    assert [one.pk for one in received_seen_by(hugo)] == [his.pk]
    assert list(invariants.files_are_named()) == []
