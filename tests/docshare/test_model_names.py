"""Every table has a correct name in French and English, singular and plural."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import Field, Model
from django.test import RequestFactory
from django.utils.text import camel_case_to_spaces
from django.utils.translation import override

from accounts.models import User
from docshare import model_names

# Words that are equal in both languages.
SAME = {
    "absence", "absences", "agenda", "agendas", "cause", "code", "invitation", "invitations", "message", "messages",
    "mobile", "permission", "permissions", "questionnaire", "questionnaires",
    "session", "sessions", "webhook", "webhooks",
}  # fmt: skip
NOT_COUNTED = {"webhooks.WebhookProgress", "appointments.OpeningHours", "appointments.BookingPolicy",
               "notifications.SmsPolicy"}  # fmt: skip  # one name for one and several, in one of the languages
MODELS = sorted(apps.get_models(), key=lambda model: model._meta.label)


def names(model: type[Model], language: str) -> tuple[str, str]:
    with override(language):
        return str(model._meta.verbose_name), str(model._meta.verbose_name_plural)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_table_has_its_own_name_in_each_language(model: type[Model]) -> None:
    french, english = names(model, "fr"), names(model, "en")
    for one, other in zip(french, english, strict=True):
        assert one != other or one in SAME, f"{one} is one language's"
    invented = camel_case_to_spaces(model._meta.object_name or "")
    assert french[0] != invented or invented in SAME, "name it in docshare/model_names.py"


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_several_rows_are_called_as_the_language_does(model: type[Model], language: str) -> None:
    one, several = names(model, language)
    # Otherwise Django appends an s: categorys, progresss, règle d’envoi automatiques.
    assert "verbose_name_plural" in model._meta.original_attrs or model._meta.label in model_names.MODELS
    assert one != several or model._meta.label in NOT_COUNTED or model._meta.app_label == "auth", (one, several)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_two_tables_have_one_name(language: str) -> None:
    """In the list of deletions and of permissions, only the name identifies the table."""
    called = [names(model, language)[0] for model in MODELS]
    assert sorted(called) == sorted(set(called))


def shown(model: type[Model]) -> Iterator[Field[object, object]]:
    """The fields in its list, on its page and in its inline rows."""
    page = admin.site._registry[model]
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_staff=True, is_active=True)
    for one in (page, *(inline for inline in page.get_inline_instances(request))):
        listed = set(one.get_list_display(request)) if one is page else set()
        on_page = set(flatten_fieldsets(one.get_fieldsets(request)))
        for field in one.model._meta.get_fields():
            if isinstance(field, Field) and field.name in listed | on_page | set(one.get_readonly_fields(request)):
                yield field


@pytest.mark.parametrize("model", sorted(admin.site._registry, key=str), ids=lambda model: model._meta.label)
def test_a_field_of_the_administration_has_a_name_in_each_language(model: type[Model]) -> None:
    for field in shown(model):
        with override("fr"):
            french = str(field.verbose_name)
        with override("en"):
            english = str(field.verbose_name)
        assert french != english or french.lower() in SAME | {"id"}, f"{field}: {french}"
