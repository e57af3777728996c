"""No title and no name that others read has an invisible character: after U+202E "exe.fdp" would read "pdf.exe"."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Scope, User
from accounts.tokens import issue_token
from appointments.agendas import AgendaFacts, make_agenda
from appointments.cancelling import cancel
from appointments.models import Appointment
from documents.library.catalogue import change_library_document
from documents.models import LibraryDocument
from documents.models.autosend import Moment
from documents.receiving.asking import Question, ask
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import share_library_document
from files.names import composed
from practices.models import Practice
from questionnaires.catalogue import change_draft, create_questionnaire
from tests.documents.conftest import *  # noqa: F403  # a document of the library

pytestmark = pytest.mark.django_db
TYPED, SHOWN = "Compte\u202e \u2066rendu\u200b", "Compte rendu"


def test_titles_of_documents(
    appointment: Appointment, access_plan: LibraryDocument, alice: User, carol: User, practice: Practice
) -> None:
    assert (
        share_library_document(
            appointment=appointment, library_document=access_plan, by=alice, title=TYPED
        ).title
        == SHOWN
    )  # fmt: skip
    change_library_document(document=access_plan, title=TYPED, by=carol)
    access_plan.refresh_from_db()
    assert access_plan.title == SHOWN
    content = RuleContent(name=TYPED, documents=[access_plan], moment=Moment.BOOKING)
    assert save_rule(practice=practice, content=content, by=carol).name == SHOWN
    until = timezone.now() + timedelta(hours=1)
    assert ask(appointment=appointment, question=Question(TYPED, TYPED, until), by=alice).details == SHOWN


def test_titles_of_questionnaires(practice: Practice, carol: User) -> None:
    made = create_questionnaire(practice=practice, title=TYPED, by=carol)
    assert made.title == SHOWN
    renamed = change_draft(questionnaire=made, change=lambda draft: {**draft, "title": TYPED + " 2"}, by=carol)
    assert renamed.title == f"{SHOWN} 2"
    assert "\u202e" not in renamed.draft


def test_names_of_agendas_and_tokens_and_notes(practice: Practice, appointment: Appointment, carol: User) -> None:
    assert make_agenda(practice=practice, facts=AgendaFacts(TYPED), by=carol).name == SHOWN
    token, _secret = issue_token(user=carol, name=TYPED, scopes=[Scope.READ], by=carol)
    assert token.name == SHOWN
    assert cancel(appointment=appointment, by=carol, note=TYPED).cancelled_note == SHOWN


def test_what_joins_letters_of_persian_and_of_emoji_stays() -> None:
    for written in ("می‌خواهم", "👩‍⚕️ ordonnance"):
        assert composed(written) == written
