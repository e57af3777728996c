"""The SMS about documents: one segment, which says for whom if the reader may not be the patient."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.authorisation import authorise_holder
from appointments.models import Appointment, BookedFor
from documents.models import LibraryDocument
from documents.sending.autosend import send_due
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import share_library_document
from notifications.gsm import ONE_SEGMENT, septets
from notifications.models import Channel, Message
from patients.models import Patient
from practices.models import Practice
from tests.conftest import BookFixture

pytestmark = pytest.mark.django_db
LONG = "Fédération hospitalière de Saint-Rémy-lès-Forêts, Pôle français de la Côte d’Émeraude"
READERS = {
    "the patient": (BookedFor.SELF, False, False),
    "a parent, at the record's contacts": (None, True, True),
    "a parent who booked": (BookedFor.MINOR_RELATIVE, True, True),
    "an adult relative who is asked by the practice": (BookedFor.ADULT_RELATIVE, False, True),
}


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("many", [1, 3])
@pytest.mark.parametrize("how", ["shared", "automatic"])
@pytest.mark.parametrize("practice_name", ["Lilas", LONG])
@pytest.mark.parametrize("reader", READERS)
def test_for_whom_it_is_where_the_reader_may_be_somebody_else(
    book_for: BookFixture, access_plan: LibraryDocument, marie: Patient, hugo: User, bob: User, carol: User,
    reader: str, practice_name: str, how: str, many: int, language: str,
) -> None:  # fmt: skip
    booked_for, minor, named = READERS[reader]
    if minor:
        Patient.objects.update(birth_date=timezone.localdate() - timedelta(days=900))
    if booked_for in (BookedFor.MINOR_RELATIVE, BookedFor.ADULT_RELATIVE):
        Patient.objects.update(email=None, mobile=None)
    Practice.objects.update(name=practice_name)
    User.objects.filter(pk=hugo.pk).update(language=language)
    Patient.objects.update(language=language)
    for one in (marie, hugo, access_plan.practice):
        one.refresh_from_db()
    marie.practice.refresh_from_db()
    if how == "automatic":
        save_rule(practice=access_plan.practice, content=RuleContent(name="P", documents=[access_plan]), by=carol)
    holder = hugo if booked_for is not None else None
    booked = book_for(marie, holder=holder, booked_for=booked_for or BookedFor.SELF)
    if booked_for is BookedFor.ADULT_RELATIVE:
        authorise_holder(appointment=booked, by=bob)
    if how == "automatic":
        send_due()
    else:
        shares(booked, access_plan, bob, many)
    for sms in Message.objects.filter(channel=Channel.SMS):
        assert ((", pour Marie" in sms.body) or (", for Marie" in sms.body)) is named, sms.body
        length = septets(sms.body)
        assert length is not None
        assert length <= ONE_SEGMENT, sms.body
    assert Message.objects.filter(channel=Channel.SMS).count() == 1


def shares(booked: Appointment, plan: LibraryDocument, by: User, many: int) -> None:
    for _time in range(many):
        share_library_document(appointment=booked, library_document=plan, by=by)
