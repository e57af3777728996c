"""Every model is in the registry: who owns its rows, how a person gets them, and what erasing does to them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from personal_data.registry import DECISIONS, models_of_practices, references_to_people
from practices.models import Practice
from sealing.columns import SealedTextField
from tests.personal_data.house import furnish

LABELS = [model._meta.label for model in apps.get_models(include_auto_created=True) if not model._meta.proxy]


def test_every_model_is_decided_and_nothing_else() -> None:
    assert set(LABELS) == set(DECISIONS)


@pytest.mark.parametrize("label", LABELS)
def test_every_reference_to_a_person_is_decided(label: str) -> None:
    assert references_to_people(apps.get_model(label)) == set(DECISIONS[label].references)


@pytest.mark.parametrize("label", LABELS)
def test_a_model_is_exported_or_says_why_not(label: str) -> None:
    decision = DECISIONS[label]
    assert bool(decision.exported) != bool(decision.why_not)


@pytest.mark.parametrize("label", LABELS)
def test_a_model_that_leads_to_a_practice_belongs_to_it(label: str) -> None:
    """By a chain of non-null references, or by a field with that name."""
    leads = _leads_to_practice(apps.get_model(label))
    if label in ("patients.Relative", "accounts.User"):
        assert not leads
    assert not leads or DECISIONS[label].practice, "say which practice its rows belong to"


def _leads_to_practice(model: type[models.Model], seen: frozenset[type[models.Model]] = frozenset()) -> bool:
    if model is Practice:
        return True
    try:
        model._meta.get_field("practice")
    except FieldDoesNotExist:
        pass
    else:
        return model._meta.label != "notifications.Message"  # only SMS have it; practice.py finds the others, too
    targets = [
        one.related_model
        for one in model._meta.get_fields()
        if isinstance(one, models.ForeignKey) and not one.null and one.related_model not in {model, *seen}
    ]
    return any(_leads_to_practice(one, seen | {model}) for one in targets)


OF_THE_RECORD = {"questionnaires.QuestionnaireResponse", "documents.Consent"}


@pytest.mark.parametrize("label", LABELS)
def test_what_is_sealed_in_a_row_goes_into_no_archive(label: str) -> None:
    """It gives access to something (a link, a webhook's secret), or nobody may be able to decrypt it any more.
    Answers to questionnaires, and why a patient refused to sign, are part of the record: they leave with it, in clear
    (docs/decisions/0046 and 0052)."""
    if label in OF_THE_RECORD or not DECISIONS[label].exported:
        return
    fields = apps.get_model(label)._meta.get_fields()
    sealed = {field.name for field in fields if isinstance(field, SealedTextField)}
    assert sealed <= DECISIONS[label].secret


@pytest.mark.django_db
def test_the_house_has_rows_of_every_model_of_a_practice() -> None:
    """The other tests of this folder depend on this: without rows they would pass vacuously."""
    house = furnish("lilas", mobile="+33612345678")
    empty = [
        model._meta.label
        for model, decision in models_of_practices()
        if not model._default_manager.filter(**{decision.practice: house.practice.pk}).exists()
    ]
    assert empty == ["signing.SigningCredential"]  # practitioners have credentials; practices rarely do


def test_the_documentation_names_every_model_that_holds_something() -> None:
    text = (Path(settings.BASE_DIR) / "docs" / "personal-data.md").read_text()
    named = set(re.findall(r"`([a-z_]+\.[A-Z]\w+)`", text))
    through = {model._meta.label for model in apps.get_models(include_auto_created=True) if model._meta.auto_created}
    assert named == set(DECISIONS) - through
