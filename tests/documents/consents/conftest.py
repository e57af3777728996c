"""A document of two pages that asks for the patient's signature, and the steps to it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pikepdf
import pytest

from accounts.models import User
from appointments.models import Appointment
from documents.consents.access import all_consents, consent_of, signer_of
from documents.consents.drafts import fill_in, note_pages_read, sentences_for
from documents.consents.forms import Asked, set_form
from documents.consents.proving import begin_by_sms, pass_by_code
from documents.consents.signing import sign
from documents.library.catalogue import import_document
from documents.models import Category, Consent, ConsentChallenge, LibraryDocument, SharedDocument
from documents.sharing.share import share_library_document
from files.intake import Intake
from notifications.models import Channel, Message
from practices.models import Practice
from tests.conftest import PDF
from tests.documents.bookings import *  # noqa: F403  # accounts that book online or own a record
from tests.documents.conftest import *  # noqa: F403  # the same documents

AskOf = Callable[..., Consent]
SENTENCES = ("J’ai lu les risques de l’intervention.", "J’ai pu poser mes questions.")


def pages(count: int) -> bytes:
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        for _ in range(count - 1):
            pdf.pages.append(pdf.pages[0])
        written = io.BytesIO()
        pdf.save(written)
    return written.getvalue()


def again(consent: Consent) -> Consent:
    """As the database has it now."""
    return all_consents().get(pk=consent.pk)


def code_sent(to: str) -> str:
    """The digits of the last SMS to this number."""
    message = Message.objects.filter(channel=Channel.SMS, to=to, body__isnull=False).order_by("created_at").last()
    assert message is not None
    found = re.match(r"\d{6}", message.body)
    assert found
    return found.group()


def read_and_tick(consent: Consent, user: User, name: str) -> None:
    consent = again(consent)
    signer = signer_of(user, consent)
    assert signer is not None
    note_pages_read(consent=consent, pages=range(1, (consent.document.page_count or 1) + 1), by=user)
    fill_in(consent=consent, ticked=sentences_for(consent, signer), name=name, drawn=None, by=user)


def proved(consent: Consent, user: User, name: str) -> ConsentChallenge:
    read_and_tick(consent, user, name)
    challenge = begin_by_sms(consent=again(consent), by=user)
    pass_by_code(challenge=challenge, digits=code_sent(user.mobile or ""), by=user)
    return challenge


def sign_as(consent: Consent, user: User, name: str) -> Consent:
    return sign(consent=consent, challenge=proved(consent, user, name), by=user)


@pytest.fixture
def consent_paper(practice: Practice, carol: User, receive: Callable[..., Intake]) -> LibraryDocument:
    """Imported; asks for the patient's signature alone."""
    document = import_document(
        practice=practice,
        intake=receive(pages(2), "consentement.pdf"),
        title="Consentement à l’intervention",
        category=Category.objects.get(code="information"),
        by=carol,
    )
    set_form(document=document, asked=Asked(SENTENCES), by=carol)
    return document


@pytest.fixture
def ask_of(consent_paper: LibraryDocument, alice: User) -> AskOf:
    """Shares the document around an appointment."""

    def _ask(appointment: Appointment) -> Consent:
        found = Appointment.objects.select_related("practice", "patient__practice", "holder").get(pk=appointment.pk)
        shared = share_library_document(appointment=found, library_document=consent_paper, by=alice)
        consent = consent_of(SharedDocument.objects.get(pk=shared.pk))
        assert consent is not None
        return consent

    return _ask
