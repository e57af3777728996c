"""The only way any page, API or download finds a shared document. What is not visible is a 404.

Each condition stands on its own line; nothing else in the project may build a queryset of shared documents for
somebody's eyes.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from accounts.models import Practice, User
from appointments.models import Appointment
from documents.models import SharedDocument, StoredFile
from patients.models import Patient, RecordTie, Relationship

# What a request had found, and somebody deleted before the request was done. To every door that is not found.
GONE = (Appointment.DoesNotExist, SharedDocument.DoesNotExist, StoredFile.DoesNotExist)


def visible_to(user: User) -> QuerySet[SharedDocument]:
    """Everything this user may see: as staff, or as whom it was shared with."""
    if not user.is_active:
        return SharedDocument.objects.none()
    return SharedDocument.objects.filter(_as_staff(user) | _as_recipient(user))


def visible_as_staff(user: User) -> QuerySet[SharedDocument]:
    """What the user sees through their practices."""
    if not user.is_active:
        return SharedDocument.objects.none()
    return SharedDocument.objects.filter(_as_staff(user))


def visible_as_recipient(user: User) -> QuerySet[SharedDocument]:
    """What was shared with the user: the patient's portal shows this alone, even to somebody who is staff too."""
    if not user.is_active:
        return SharedDocument.objects.none()
    return SharedDocument.objects.filter(_as_recipient(user))


def around(appointment: Appointment, *, user: User) -> QuerySet[SharedDocument]:
    """What staff see on an appointment's page, newest first."""
    return visible_as_staff(user).filter(appointment=appointment).order_by("-shared_at", "-id")


def holders_who_see(patient: Patient) -> QuerySet[User]:
    """Accounts that see some of the record's documents because they booked, not because the record is theirs."""
    standing = SharedDocument.objects.filter(patient=patient, audience="holder").filter(
        Q(authorisation=None) | Q(authorisation__withdrawn_at=None)
    )
    return User.objects.filter(pk__in=standing.values("holder"), is_active=True)


def _as_staff(user: User) -> Q:
    return Q(practice__in=Practice.objects.ids_of(user))


def _as_recipient(user: User) -> Q:
    """The user's records are named, not asked for inside the statement: only so does an index find their documents,
    and nobody else's are read."""
    ties = list(RecordTie.objects.filter(user=user, ended_at=None).values_list("patient", "relationship"))
    own_records = [patient for patient, relationship in ties if relationship == Relationship.SELF]
    guarded_records = [patient for patient, relationship in ties if relationship == Relationship.GUARDIAN]
    # The holder who booked: of a minor, or of an adult with an authorisation that still stands.
    standing = Q(authorisation=None) | Q(authorisation__withdrawn_at=None)
    theirs = Q(patient__in=own_records) | Q(audience="holder", holder=user) & standing
    if guarded_records:
        # A guardian keeps what was shared while the patient was a minor; later documents are the adult's.
        theirs |= Q(patient__in=guarded_records, audience="patient", patient_was_minor=True)
    return theirs
