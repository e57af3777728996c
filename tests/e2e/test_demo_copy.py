"""The copy of the demo practice is what the command loads."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.files.storage import storages
from django.core.management import call_command

from docshare.demo import load
from files.models import StoredFile
from tests.e2e import demo_copy

pytestmark = pytest.mark.django_db(transaction=True)


def everything() -> dict[str, list[dict[str, Any]]]:
    return {
        model._meta.label: sorted(model._base_manager.values(), key=repr)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
    }


def test_the_copy_has_every_row_and_every_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_copy, "_copies", {})
    demo_copy.load_demo()
    loaded = everything()
    assert loaded["appointments.Appointment"]
    store = storages["documents"]
    keys = list(StoredFile.objects.values_list("key", flat=True))
    contents = {key: store.open(key).read() for key in keys}
    call_command("flush", interactive=False, verbosity=0)
    import_module("documents.migrations.0002_categories").add_categories(apps, None)
    for key in keys:
        store.delete(key)
    monkeypatch.setattr(load, "load", None)  # not called again
    demo_copy.load_demo()
    there = everything()
    filled_anew = {"contenttypes.ContentType", "auth.Permission"}
    for label in loaded.keys() - filled_anew:
        assert there[label] == loaded[label], label
    assert {key: store.open(key).read() for key in keys} == contents
