"""Each refusal has all its parts, and each door answers every kind."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.contrib.messages.storage.base import BaseStorage
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import Http404, HttpRequest
from django.test import RequestFactory
from django.utils import translation

from portals.answers import OF_PAGES, STATUS, refusals_shown
from portals.api import errors as api
from portals.form_errors import refusals_in
from portals.public.errors import FindingsMiddleware
from practices.roles import NotAllowed
from refusals import Kind, Refusal
from tests.portals.refusals import classes, every_refusal

# The published codes of the API: programs rely on them.
PUBLISHED = {
    "too_large": 413, "empty": 400, "too_complex": 400, "invalid_placement": 400, "no_signature": 409,
    "recipient_not_ready": 409, "say_whose_contacts": 409, "reauthentication_required": 403, "permission_denied": 403,
    "nothing_to_authorise": 409, "appointment_cancelled": 409, "too_many": 429, "country": 400, "slot_taken": 409,
    "too_many_appointments": 409, "overlapping_appointment": 409, "too_late": 409, "identity_incomplete": 409,
    "cannot_write": 400, "unavailable": 409, "wrong_patient_suspected": 409, "scanner_unavailable": 503, "busy": 503,
}  # fmt: skip


class OneField(forms.Form):
    file = forms.CharField()


class OfKind(Refusal):
    """A refusal of any kind, for use cases to come."""

    code = "of_kind"
    words = "Rien de tel."

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        super().__init__()


def a_request(path: str = "/documents/") -> HttpRequest:
    return RequestFactory().post(path)


def with_messages() -> tuple[HttpRequest, BaseStorage]:
    request = a_request()
    storage = CookieStorage(request)
    vars(request)["_messages"] = storage
    return request, storage


def test_every_refusal_has_a_code_a_kind_and_a_sentence_in_both_languages() -> None:
    with translation.override("fr"):
        french = [(one.code, one.kind, one.sentence) for one in every_refusal()]
    with translation.override("en"):
        english = [(one.code, one.kind, one.sentence) for one in every_refusal()]
    assert len(french) > 30
    for (code, kind, sentence), (_code, _kind, translated) in zip(french, english, strict=True):
        assert re.fullmatch(r"[a-z_0-9]+", code)
        assert isinstance(kind, Kind)
        assert sentence
        assert translated
        assert sentence != translated, f"{code}: translate its words (docs/developing.md, a text)"


def test_words_of_a_class_are_read_in_the_language_of_whoever_reads() -> None:
    refusals = [one() for one in classes() if hasattr(one, "words") and one.__init__ is Refusal.__init__]
    assert len(refusals) > 10
    for refusal in refusals:
        with translation.override("fr"):
            french = refusal.sentence
        with translation.override("en"):
            assert refusal.sentence != french, f"{refusal.code}: its words are no gettext_lazy, or not translated"


def test_every_reason_of_a_refusal_is_told_to_programs() -> None:
    for refusal in every_refusal():
        answer = api.exception_handler(refusal, {})
        assert answer is not None
        assert [(one["code"], one["detail"], one["attr"]) for one in answer.data["errors"]] == refusal.errors()
        assert answer.status_code == PUBLISHED.get(refusal.code, answer.status_code)
        assert answer.get("Retry-After") == (str(refusal.retry_after) if refusal.retry_after else None)


@pytest.mark.parametrize("kind", Kind)
def test_the_api_answers_each_kind(kind: Kind) -> None:
    answer = api.exception_handler(OfKind(kind), {})
    assert answer is not None
    assert answer.status_code == api.STATUS[kind]
    assert answer.data["errors"] == [{"code": "of_kind", "detail": "Rien de tel.", "attr": None}]


@pytest.mark.parametrize("kind", Kind)
def test_a_page_answers_each_kind(kind: Kind) -> None:
    answer = FindingsMiddleware(lambda request: pytest.fail("no view")).process_exception(a_request(), OfKind(kind))
    assert answer is not None
    assert answer.status_code == STATUS[kind]
    if kind != Kind.NOT_FOUND:  # a missing page has no other sentence
        assert "Rien de tel." in answer.content.decode()


@pytest.mark.parametrize("kind", Kind)
def test_a_form_says_each_kind_or_lets_a_page_say_it(kind: Kind) -> None:
    form = OneField({"file": "a"})
    if kind in OF_PAGES:
        with pytest.raises(OfKind), refusals_in(form):
            raise OfKind(kind)
        return
    with refusals_in(form):
        raise OfKind(kind)
    assert form.non_field_errors() == ["Rien de tel."]


@pytest.mark.parametrize("kind", Kind)
def test_a_message_says_each_kind_or_lets_a_page_say_it(kind: Kind) -> None:
    request, kept = with_messages()
    if kind in OF_PAGES:
        with pytest.raises(OfKind), refusals_shown(request):
            raise OfKind(kind)
        return
    with refusals_shown(request) as told:
        raise OfKind(kind)
    assert isinstance(told.refusal, OfKind)
    assert [one.message for one in kept] == ["Rien de tel."]


def test_a_refusal_stands_beside_the_field_that_it_is_about() -> None:
    form = OneField({"file": "a"})
    with refusals_in(form):
        raise next(one for one in every_refusal() if one.code == "empty")
    assert list(form.errors) == ["file"]


def test_faults_of_ours_are_no_refusals() -> None:
    request, kept = with_messages()
    for fault in (ValueError(), Http404(), KeyError()):
        with pytest.raises(type(fault)), refusals_shown(request), refusals_in(OneField({"file": "a"})):
            raise fault
    assert list(kept) == []


def test_no_sentence_of_a_role_stands_twice_in_the_code() -> None:
    paths = (path for room in settings.ROOMS for path in Path(settings.BASE_DIR, room).rglob("*.py"))
    code = [re.sub(r'"\s*\n\s*"', "", path.read_text()) for path in paths]
    said = Counter(
        found for text in code for found in re.findall(r'"((?:Votre rôle|Seule?s? une? |Seul le )[^"]+)"', text)
    )
    assert len(said) > 12
    assert [sentence for sentence, times in said.items() if times > 1] == []


def test_who_may_not_is_told_which_role_may() -> None:
    answer = FindingsMiddleware(lambda request: pytest.fail("no view")).process_exception(
        a_request("/pro/"), NotAllowed("Seul un administrateur le peut.")
    )
    assert answer is not None
    assert answer.status_code == 403
    assert "Seul un administrateur le peut." in answer.content.decode()
