"""Django's admin deletes nothing that other rows need: a sentence names them, and the command to use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import PROTECT, RESTRICT, Model
from django.test import Client

from accounts.admin import OnlyActs
from accounts.deletion import GuardedDeletion
from accounts.models import User
from appointments.models import Agenda, Appointment
from audit.models import AuditEvent
from patients.models import Patient
from practices.models import Practice
from tests.conftest import PASSWORD, BookFixture

SignIn = Callable[[User], Client]
HELD = [model for model in admin.site._registry if any(
    getattr(one, "on_delete", None) in (PROTECT, RESTRICT) for one in model._meta.get_fields(include_hidden=True)
)]  # fmt: skip


@pytest.fixture
def operator(db: None, sign_in: SignIn) -> Client:
    return sign_in(User.objects.create_superuser("root@docshare.example", PASSWORD))


def _never_deletes(model: type[Model]) -> bool:
    return isinstance(admin.site._registry[model], OnlyActs)


def test_every_model_that_something_may_hold_is_guarded() -> None:
    assert Practice in HELD
    assert all(
        isinstance(admin.site._registry[model], GuardedDeletion) for model in HELD if not _never_deletes(model)
    )


def address(obj: Model, page: str) -> str:
    return f"/admin/{obj._meta.app_label}/{obj._meta.model_name}/{obj.pk}/{page}/"


def test_what_holds_data_is_said_with_the_command_and_no_name(
    appointment: Appointment, alice: User, hugo: User, practice: Practice, operator: Client, marie: Patient
) -> None:
    Appointment.objects.update(holder=hugo)
    commands = {
        practice: f"manage.py delete_practice {practice.pk}",
    }
    for obj, command in commands.items():
        before = AuditEvent.objects.count()
        page = operator.get(address(obj, "delete")).content.decode()
        assert "des données en dépendent (1 × " in page
        assert command in page
        assert marie.last_name not in page
        assert operator.post(address(obj, "delete"), {"post": "yes"}).status_code == 200
        assert type(obj)._default_manager.filter(pk=obj.pk).exists()
        assert AuditEvent.objects.count() == before  # no line reports a deletion that did not happen


def test_chosen_in_the_list_the_same_is_said(
    appointment: Appointment, practice: Practice, operator: Client, marie: Patient
) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [str(practice.pk)]}
    page = operator.post("/admin/practices/practice/", chosen).content.decode()
    assert f"manage.py delete_practice {practice.pk}" in page
    assert marie.last_name not in page


@pytest.mark.parametrize("in_the_list", [False, True])
def test_what_came_to_hold_it_after_the_page_was_shown_is_a_sentence(
    practice: Practice, operator: Client, monkeypatch: pytest.MonkeyPatch, in_the_list: bool
) -> None:
    """A row is added between two clicks: the page shows none, and the deletion then meets it."""
    Agenda.objects.create(practice=practice, name="Dr Morel")
    nothing: Any = lambda *_args: ([], {}, set(), [])  # noqa: E731
    monkeypatch.setattr(GuardedDeletion, "get_deleted_objects", nothing)
    before = AuditEvent.objects.count()
    if in_the_list:
        path, typed = (
            "/admin/practices/practice/",
            {"action": "delete_selected", "_selected_action": [str(practice.pk)]},
        )
    else:
        path, typed = address(practice, "delete"), {}
    answer = operator.post(path, {**typed, "post": "yes"}, follow=False)
    assert answer.status_code == 302
    monkeypatch.undo()
    assert (
        "Rien n’a été supprimé\u00a0: des données en dépendent (1 × agenda)." in operator.get(path).content.decode()
    )
    assert Practice.objects.filter(pk=practice.pk).exists()
    assert AuditEvent.objects.count() == before


def test_what_holds_nothing_is_deleted_with_its_line(operator: Client, book_for: BookFixture) -> None:
    empty = Practice.objects.create(name="Ouvert par erreur")
    assert operator.post(address(empty, "delete"), {"post": "yes"}).status_code == 302
    assert not Practice.objects.filter(pk=empty.pk).exists()
    assert AuditEvent.objects.get(action="practice.deleted").practice_id == empty.pk
