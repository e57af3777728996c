"""Erases the person from an account. The row stays, with an address that receives no mail, because retained data
refer to it.

Staff who signed keep their name, their number and the certificates: verifiers of a document must see who signed it.
Staff who shared, authorised or checked somebody's identity keep their name in the history of the records that stay.
"""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from accounts.models import AccountLink, ApiToken, KnownDevice, OneTimeCode, User
from accounts.models.user import ERASED_DOMAIN
from appointments.models import Agenda, Appointment, BookedFor, HolderAuthorisation, HolderExclusion
from audit.models import AuditEvent
from audit.trail import record
from documents.models import ConsentChallenge, ConsentDraft, DocumentLink, FillingDraft, PartialUpload, SharedDocument
from patients.models import ContactProposal, FormerContact, Invitation, Patient, RecordTie, Relative
from patients.ownership import CONTACTS, equals_one_of
from personal_data.data_exports import remove
from personal_data.models import DataExport
from personal_data.report import Report
from practices.members import remove_member
from practices.models import ColleagueInvitation, Membership
from questionnaires.models import QuestionnaireResponse, ResponseState
from signing.models import SignatureImage, SigningCredential


class CannotErase(Exception):
    """The message is a sentence for the operator."""


def check_may_go(user: User) -> None:
    """Raises CannotErase if a practice would be left without an administrator."""
    for membership in user.memberships.filter(is_admin=True).select_related("practice"):
        others = Membership.objects.staying_administrators().filter(practice=membership.practice)
        if not others.exclude(user=user).exists():
            practice = membership.practice
            raise CannotErase(
                f"The account is the only administrator of {practice} ({practice.pk}). Make somebody else one, or "
                f"delete the practice first (manage.py delete_practice)."
            )


def erase_account(user: User, report: Report) -> None:
    """The caller must hold the locks."""
    before = report.erased.total()
    _erase_relatives_contacts(user, report)
    _erase_operators_log(user, report)
    for membership in user.memberships.select_related("practice", "user"):
        remove_member(membership=membership, by=None)
        report.count("roles in practices", 1)
    for what, rows in _rows_of(user).items():
        report.delete(what, rows)
    for archive in DataExport.objects.filter(user=user):
        remove(archive)
        report.count("archives of own data", 1)
    _end_sessions(user, report)
    Agenda.objects.filter(practitioner=user).update(practitioner=None)
    held = SharedDocument.objects.filter(holder=user, holder_ended_at=None)
    report.count("accesses to others’ documents", held.update(holder_ended_at=timezone.now()))
    SharedDocument.objects.filter(holder=user).update(holder_ended_by_age=False)
    signed = has_signed(user)
    _destroy_keys(user, report, signed=signed)
    if not user.is_erased:
        report.count("accounts", 1)
    _erase_fields(user, report, signed=signed)
    if report.erased.total() != before:
        record("account.erased", by=None, on=user)
    report.kept.append(
        f"account {user.pk}: its number alone, in the history of what it did and read (proof, GDPR article 17(3)(e))"
    )
    report.kept.append("the audit trail, which holds opaque numbers and codes (CNIL 2021-122, GDPR article 17(3)(b))")


def has_signed(user: User) -> bool:
    """Whether the account ever signed, also documents taken back, which patients may have downloaded."""
    if SharedDocument.objects.filter(signed_by=user).exists():
        return True
    events = AuditEvent.objects.filter(actor_id=user.pk, action__in=["document.shared", "document.replaced"])
    return events.filter(detail__signed=True).exists()


def has_acted(user: User) -> bool:
    """Whether the account acted as staff in records that are retained."""
    return (
        SharedDocument.objects.filter(shared_by=user).exists()
        or HolderAuthorisation.objects.filter(Q(authorised_by=user) | Q(withdrawn_by=user) | Q(kept_by=user)).exists()
        or HolderExclusion.objects.filter(excluded_by=user).exists()
        or Invitation.objects.filter(identity_checked_by=user).exists()
    )


def _rows_of(user: User) -> dict[str, QuerySet[Model]]:
    """Rows that are deleted entirely."""
    invitations = Invitation.objects.filter(accepted_by=user)
    subjects = [user.pk, *invitations.values_list("pk", flat=True)]
    rows: dict[str, QuerySet[Model]] = {
        "codes": OneTimeCode.objects.filter(subject_id__in=subjects),
        "invitations": invitations,
        "invitations of colleagues": ColleagueInvitation.objects.for_account(user),
        "links that open an account": AccountLink.objects.filter(
            Q(user=user) | Q(invited_by=user) | Q(email__iexact=user.email)
        ),
        "API tokens": ApiToken.objects.filter(user=user),
        "known devices": KnownDevice.objects.filter(user=user),
        "stored answers": apps.get_model("portals.IdempotentCall")._default_manager.filter(user=user),
        "pictures of signatures": SignatureImage.objects.filter(user=user),
        "second factors": Authenticator.objects.filter(user=user),
        "email addresses": EmailAddress.objects.filter(user=user),
        "former contacts": FormerContact.objects.filter(user=user),
        "relatives": Relative.objects.filter(holder=user),
        "ties of accounts to records": RecordTie.objects.filter(user=user),
        "proposed contacts": ContactProposal.objects.filter(user=user),
        "links without account": DocumentLink.objects.filter(holder=user),
        "signatures begun": ConsentDraft.objects.filter(user=user),
        "proofs for signatures": ConsentChallenge.objects.filter(user=user),
        "documents being filled in": FillingDraft.objects.filter(user=user),
        "uploads that were not sent": PartialUpload.objects.filter(user=user),  # the sweep removes their pieces
        "answers that were not sent": QuestionnaireResponse.objects.filter(
            author=user, state=ResponseState.IN_PROGRESS
        ),
        "groups": User.groups.through.objects.filter(user=user),
        "permissions": User.user_permissions.through.objects.filter(user=user),
    }
    return rows


def _end_sessions(user: User, report: Report) -> None:
    for session in UserSession.objects.filter(user=user):
        session.end()
        report.count("sessions", 1)


def _destroy_keys(user: User, report: Report, *, signed: bool) -> None:
    """Destroy the account's signing keys. Certificates stay if the account ever signed; revoked ones always stay."""
    credentials = SigningCredential.objects.filter(user=user)
    report.count("signing keys", credentials.exclude(private_key=b"", key_reference="").count())
    credentials.filter(retired_at=None).update(retired_at=timezone.now())
    credentials.update(private_key=b"", key_reference="")
    if signed:
        report.kept.append(
            f"name, RPPS number and {credentials.count()} certificates, as signatory of documents "
            "(GDPR article 17(3)(e))"
        )
    else:
        report.delete("certificates", credentials.filter(revoked_at=None))


def _erase_fields(user: User, report: Report, *, signed: bool) -> None:
    named = signed or has_acted(user)
    if named and not signed:
        report.kept.append("name, in the history of the records where the account shared or decided as staff")
    user.email = f"erased-{user.pk}@{ERASED_DOMAIN}"
    user.mobile = user.mobile_verified_at = user.birth_date = None
    user.language = "fr"
    user.is_active = user.is_staff = user.is_superuser = False
    user.last_login = None
    if not signed:
        user.professional_number = ""
    if not named:
        user.title = user.first_name = user.last_name = ""
    if user.has_usable_password():
        user.set_unusable_password()
    user.save()


def _erase_relatives_contacts(user: User, report: Report) -> None:
    """Erase the account's own contacts from records of adults for whom it booked. Otherwise they would look like the
    relatives' contacts once the account is erased."""
    if user.is_erased:
        return
    booked = Appointment.objects.filter(holder=user).exclude(booked_for=BookedFor.SELF)
    records = Patient.objects.filter(Q(appointments__in=booked) | Q(as_relative__relative__holder=user)).distinct()
    for patient in records.select_related("practice"):
        if patient.is_minor_now():
            continue  # staff entered these contacts to reach a guardian
        theirs = [
            name for name in CONTACTS if (contact := getattr(patient, name)) and equals_one_of(user, name, contact)
        ]
        for name in theirs:
            setattr(patient, name, None)
        if theirs:
            patient.save(update_fields=[*theirs, "search_text"])
            record(
                "contact.changed",
                by=None,
                on=patient,
                practice=patient.practice_id,
                detail={"fields": theirs, "account_erased": True},
            )
            report.count("contacts of records", len(theirs))


def _erase_operators_log(user: User, report: Report) -> None:
    """Django's admin has a log of its own, which contains names and addresses."""
    about = Q(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))
    models: list[Any] = [Membership, ApiToken, EmailAddress, Authenticator]
    theirs: list[QuerySet[Any]] = [model.objects.filter(user=user) for model in models]
    for rows in theirs:
        ids = [str(pk) for pk in rows.values_list("pk", flat=True)]
        about |= Q(content_type=ContentType.objects.get_for_model(rows.model), object_id__in=ids)
    named = LogEntry.objects.filter(about).exclude(object_repr="", change_message="")
    report.count("names in the operator’s log", named.update(object_repr="", change_message=""))
