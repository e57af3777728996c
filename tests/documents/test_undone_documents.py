"""What comes back, beside the document itself, when its sharing or its taking back is undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.models import Appointment
from documents.messages import end_sitting
from documents.models import FillingDraft, LibraryDocument, ShareBatchLine, SharedDocument, Task, UndoableAct
from documents.sharing.batch_sending import send_some
from documents.sharing.batches import draft, start
from documents.sharing.share import share_library_document
from documents.to_sign.sign_tasks import sign_task
from documents.undoing.acts import close_ended_acts
from documents.undoing.journal import MODELS
from documents.undoing.sharing import take_back_for_now, undo_take_back
from notifications.models import Channel, Message
from tests.documents.to_sign.conftest import *  # noqa: F403  # what Bob prepares for Alice
from tests.documents.to_sign.conftest import Prepare, looked_at
from tests.documents.ways import on_day

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
TYPED = {"blank_1": "2027-03-02", "title": "Arrêt de travail", "category": "certificate"}


@pytest.fixture(autouse=True)
def _thirty_seconds(settings: Settings) -> None:
    settings.UNDO_FOR = timedelta(seconds=30)


def test_a_document_of_a_batch_and_a_signed_one_are_theirs_again(
    appointment: Appointment, access_plan: LibraryDocument, prepare: Prepare, alice_signs: User
) -> None:
    day = appointment.local_start.date()
    one = [access_plan]
    batch = draft(practice=access_plan.practice, day=day, appointments=[appointment], documents=one, by=alice_signs)
    start(batch=batch, by=alice_signs)
    send_some()
    sign_task(task=looked_at(prepare(), alice_signs), by=alice_signs)
    assert SharedDocument.objects.count() == 2
    for document in SharedDocument.objects.all():
        act = take_back_for_now(document=document, by=alice_signs, session="s")
        assert act
        undo_take_back(act=act, by=alice_signs)
    assert ShareBatchLine.objects.get().shared
    assert Task.objects.get().document


def test_whatever_refers_to_a_document_is_in_the_journal() -> None:
    referring = {relation.related_model for relation in SharedDocument._meta.related_objects}
    assert referring
    assert referring <= set(MODELS)


def test_what_was_filled_in_is_a_draft_again_unless_another_was_begun(
    appointment: Appointment, template: LibraryDocument, bob: User, sign_in: SignIn
) -> None:
    address, browser = f"/pro/appointments/{appointment.pk}/fill/{template.current.pk}/", sign_in(bob)

    def shared_and_undone() -> str:
        assert browser.post(address, TYPED).status_code == 302
        act = UndoableAct.objects.get(closed_at=None)
        if begun:
            browser.post(address, {"blank_1": "2027-12-31", "keep": "1"})
        assert "2027-03-02" not in str(UndoableAct.objects.values("journal").get(pk=act.pk))  # sealed
        answer = browser.post(f"/pro/acts/{act.pk}/undo/")
        assert answer["Location"] == address
        assert UndoableAct.objects.get(pk=act.pk).journal == ""
        page: str = browser.get(address).content.decode()
        return page

    begun = False
    page = shared_and_undone()
    assert "Vous retrouvez ici ce que vous aviez écrit" in page
    assert 'value="2027-03-02"' in page
    begun = True
    assert 'value="2027-12-31"' in shared_and_undone()
    assert not SharedDocument.objects.exists()
    assert browser.post(address, TYPED).status_code == 302
    with on_day(timezone.now() + timedelta(seconds=31)):
        close_ended_acts()
    assert not FillingDraft.objects.exists()
    assert set(UndoableAct.objects.values_list("journal", flat=True)) == {""}


def test_who_leaves_the_page_sends_nothing_of_what_a_colleague_may_still_undo(
    appointment: Appointment, access_plan: LibraryDocument, alice: User, bob: User
) -> None:
    first = timezone.now()
    second = first + timedelta(seconds=20)
    for by, at in ((alice, first), (bob, second)):
        with on_day(at):
            share_library_document(appointment=appointment, library_document=access_plan, by=by, session=str(by.pk))
    with on_day(second):
        end_sitting(appointment, by=alice)
    assert Message.objects.get(channel=Channel.EMAIL).due_at == second + timedelta(seconds=30)
