"""A person closes their account: nothing opens any more, and the practice's record stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from accounts.models import ApiToken, KnownDevice
from appointments.models import Appointment, AppointmentStatus
from appointments.recipients import Reason, resolve
from audit.models import AuditEvent
from documents.models import SharedDocument
from documents.sharing.access import visible_to
from patients.models import RecordTie, Relative
from personal_data.closing import StaffAccount, close_account
from personal_data.data_exports import make_next, request_export
from personal_data.models import DataExport
from tests.docshare.test_fsck import fsck
from tests.personal_data.house import House, furnish

pytestmark = pytest.mark.django_db
OnCommit = Callable[..., AbstractContextManager[list[Callable[[], None]]]]


@pytest.fixture
def house() -> House:
    house = furnish("lilas", mobile="+33612345678")
    DataExport.objects.all().delete()
    return house


def test_everything_of_the_account_ends(house: House, django_capture_on_commit_callbacks: OnCommit) -> None:
    assert visible_to(house.own).exists()
    request_export(by=house.own)
    assert make_next()
    with django_capture_on_commit_callbacks(execute=True):
        close_account(by=house.own)
    house.own.refresh_from_db()
    assert not house.own.is_active
    assert (house.own.mobile, house.own.last_name, house.own.has_usable_password()) == (None, "", False)
    assert not visible_to(house.own).exists()
    for model in (RecordTie, Relative, ApiToken, KnownDevice, DataExport):
        assert not model._default_manager.filter(**{"holder" if model is Relative else "user": house.own}).exists()
    assert AuditEvent.objects.filter(action="account.closed", object_id=house.own.pk).count() == 1
    assert fsck() == (0, [])


def test_the_practices_record_and_its_appointments_stay(house: House) -> None:
    before = (house.marie.email, house.marie.mobile, house.marie.last_name)
    close_account(by=house.own)
    house.marie.refresh_from_db()
    house.coming.refresh_from_db()
    assert (house.marie.email, house.marie.mobile, house.marie.last_name) == before
    assert house.coming.status == AppointmentStatus.BOOKED
    assert SharedDocument.objects.filter(pk=house.document.pk, patient=house.marie).exists()


def test_a_child_whom_the_account_booked_for_has_no_recipient_until_staff_complete_the_record(house: House) -> None:
    booked = house.child.appointments.latest("starts_at")
    assert resolve(booked).reason == Reason.MINOR_OF_HOLDER
    close_account(by=house.own)
    assert resolve(Appointment.objects.get(pk=booked.pk)).reason == Reason.CONTACTS_MISSING


@pytest.mark.parametrize("who", ["doctor", "admin"])
def test_staff_leave_their_practice_first(house: House, who: str) -> None:
    with pytest.raises(StaffAccount):
        close_account(by=getattr(house, who))
    user = getattr(house, who)
    user.refresh_from_db()
    assert user.is_active
