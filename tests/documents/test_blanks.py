"""Blanks of written documents: cleaned, printed, and never sent unfilled."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from appointments.models import Appointment
from documents.library.catalogue import preview_body, rewrite_document, write_document
from documents.library.writing.blanks import Blank, BlankKind, blanks_of
from documents.library.writing.body import clean, fill
from documents.library.writing.copies import BlanksUnfilled
from documents.models import AutoSend, Category, LibraryDocument, SharedDocument
from documents.sending.autosend import send_due
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import share_library_document
from practices.models import Practice
from tests.pdfs import text_of_pdf

BODY = "<p>Arrêt de {{ patient_name }} jusqu’au {{ ? Date de reprise | date }}.</p>"


@pytest.fixture
def template(practice: Practice, carol: User) -> LibraryDocument:
    return write_document(
        practice=practice, body=BODY, title="Certificat", category=Category.objects.get(code="certificate"), by=carol
    )


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("{{ ? Côté | choice: droit, gauche | optional }}",
         '<span data-blank="Côté" data-kind="choice" data-choices="droit|gauche" data-optional="1"></span>'),
        ("{{?Motif|long}}", '<span data-blank="Motif" data-kind="long"></span>'),
        ("{{ ? Nom d’usage }}", '<span data-blank="Nom d’usage" data-kind="short"></span>'),
        ('<span data-kind="date" data-blank=" Date  de<br> fin " class="blank-gap" onclick="x">texte</span>',
         '<span data-blank="Date de&lt;br&gt; fin" data-kind="date"></span>'),
        ('<span data-kind="date">texte</span>', "<span>texte</span>"),
        ('<span data-blank="Âge" data-kind="short" data-choices="a|b"></span>',
         '<span data-blank="Âge" data-kind="short"></span>'),
    ],
)  # fmt: skip
def test_a_blank_is_stored_as_one_element_with_known_attributes(typed: str, kept: str) -> None:
    stored = clean(f"<p>{typed}</p>")
    assert stored == f"<p>{kept}</p>"
    assert clean(stored) == stored


def test_blanks_are_read_back_each_once_in_the_order_of_the_text() -> None:
    body = clean("<p>{{ ? Fin | date }} {{ ? Côté | choice: droit, gauche }} {{ ? Fin | date }}</p>")
    assert blanks_of(body) == [
        Blank("Fin", BlankKind.DATE),
        Blank("Côté", BlankKind.CHOICE, ("droit", "gauche")),
    ]


@pytest.mark.parametrize(
    "typed",
    [
        "{{ ? | date }}",
        "{{ ? Âge | number }}",
        "{{ ? Côté | choice: droit }}",
        "{{ ? Fin | date }} {{ ? Fin | long }}",
        '<span data-blank="Fin" data-kind="script"></span>',
        '<span data-blank="' + "a" * 121 + '" data-kind="date"></span>',
        "".join(f"{{{{ ? Blanc {number} }}}}" for number in range(41)),
    ],
)
def test_an_impossible_blank_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        clean(f"<p>{typed}</p>")
    assert refused.value.message_dict["body"][0].endswith((".", ")."))


def test_what_fills_a_blank_is_text_and_never_read_again() -> None:
    body = clean("<p>{{ ? Motif | long }} {{ patient_name }}</p>")
    typed = '<b>x</b>\n<span data-field="patient_name"></span>'
    filled = fill(body, {"patient_name": "Marie Durand"}, {"Motif": typed})
    assert filled.count("Marie Durand") == 1
    assert "&lt;b&gt;x&lt;/b&gt;<br>&lt;span" in filled


@pytest.mark.django_db
def test_a_specimen_shows_what_is_asked(practice: Practice) -> None:
    assert "Date de reprise" in text_of_pdf(preview_body(practice=practice, title="Certificat", body=BODY))


@pytest.mark.django_db
def test_a_document_with_blanks_is_never_shared_as_it_is(
    template: LibraryDocument, appointment: Appointment, alice: User
) -> None:
    with pytest.raises(BlanksUnfilled):
        share_library_document(appointment=appointment, library_document=template, by=alice)
    assert not SharedDocument.objects.exists()


@pytest.mark.django_db
def test_no_rule_sends_a_document_with_blanks(template: LibraryDocument, practice: Practice, carol: User) -> None:
    with pytest.raises(ValidationError) as refused:
        save_rule(practice=practice, content=RuleContent(name="Certificats", documents=[template]), by=carol)
    assert "Certificat" in refused.value.message_dict["documents"][0]


@pytest.mark.django_db
def test_a_document_that_a_rule_sends_gets_no_blank(practice: Practice, carol: User) -> None:
    information = Category.objects.get(code="information")
    plan = write_document(practice=practice, body="<p>Plan</p>", title="Plan", category=information, by=carol)
    save_rule(practice=practice, content=RuleContent(name="À la réservation", documents=[plan]), by=carol)
    with pytest.raises(ValidationError) as refused:
        rewrite_document(document=plan, title="Plan", category=information, body=BODY, by=carol)
    assert "À la réservation" in refused.value.message_dict["body"][0]
    assert plan.current.number == 1


@pytest.mark.django_db
def test_a_rule_that_was_given_blanks_all_the_same_sends_nothing_and_shows_it(
    template: LibraryDocument, practice: Practice, carol: User, appointment: Appointment
) -> None:
    """By a restored database, or a previous version at work beside this one."""
    information = Category.objects.get(code="information")
    plan = write_document(practice=practice, body="<p>Plan</p>", title="Plan", category=information, by=carol)
    save_rule(practice=practice, content=RuleContent(name="Plan", documents=[plan]), by=carol, to_booked=True)
    plan.versions.update(body=template.current.body)
    send_due()
    assert [one.state for one in AutoSend.objects.all()] == ["failed"]
    assert not SharedDocument.objects.exists()
