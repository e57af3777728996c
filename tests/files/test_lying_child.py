"""The answer of a sandbox child must have the right form, or the document is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from files import decoding
from files.intake import Intake, Refused, inspect
from tests.documents.conftest import PDF
from tests.security import taken_over

Receive = Callable[..., Intake]
FOUND = {"page_count": 1, "signature_count": 0, "contains": []}
LIES: list[Any] = [
    *(
        None,
        1,
        "ok",
        [],
        [1],
        {},
        {"page_count": None},
        {"page_count": "1"},
        {"page_count": -1},
        {"page_count": True},
    ),
    *({"page_count": 10**30}, {"page_count": 1.5}, {"page_count": [1]}, {"refused": 1}, {"refused": "no such code"}),
    *({"refused": []}, {"refused": {}}, FOUND | {"signature_count": "x"}, FOUND | {"signature_count": -1}),
    *(FOUND | {"text": 1}, FOUND | {"text": ["x"]}, FOUND | {"contains": "launch"}, FOUND | {"contains": [1]}),
    *(FOUND | {"contains": ["no such code"]}, FOUND | {"contains": [["launch"]]}, FOUND | {"contains": None}),
]


def document_of_liar(*lies: Any) -> bytes:
    return PDF + taken_over.LIES + json.dumps(lies).encode()


@pytest.fixture(autouse=True)
def _taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("look_at_pdf", "check_pdf"):
        monkeypatch.setattr(decoding, name, taken_over.lie)


@pytest.mark.parametrize("lie", LIES, ids=repr)
def test_an_answer_about_a_document_has_its_form(lie: Any, receive: Receive) -> None:
    with pytest.raises(Refused) as caught:
        receive(document_of_liar(lie))
    assert caught.value.code == "unreadable"
    with pytest.raises(Refused):
        inspect(SimpleUploadedFile("a.pdf", document_of_liar(lie)))


@pytest.mark.parametrize("lie", LIES, ids=repr)
def test_so_has_what_it_says_before(lie: Any, receive: Receive) -> None:
    with pytest.raises(Refused) as caught:
        receive(document_of_liar(lie, {"text": ""}))
    assert caught.value.code == "unreadable"


def test_the_last_word_takes_back_nothing_of_what_was_found(receive: Receive) -> None:
    """The text is read last; a page that takes over its reader could otherwise have earlier findings withdrawn."""
    with pytest.raises(Refused) as caught:
        receive(document_of_liar(FOUND | {"contains": ["launch"]}, FOUND))
    assert caught.value.code == "active_content"
    with pytest.raises(Refused) as caught:
        receive(document_of_liar(FOUND | {"contains": ["launch"]}, FOUND, FOUND))
    assert caught.value.code == "active_content"


def test_a_true_answer_is_taken(receive: Receive) -> None:
    assert receive(document_of_liar(FOUND, {"text": "Ordonnance"})).opening_text == "Ordonnance"
