"""The export of an account: identity, means of sign-in, rights, and the records that it has proved to own."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from cryptography import x509
from django.utils.translation import gettext as _

from accounts.models import ApiToken, KnownDevice, User
from appointments.models import Agenda
from patients.merges import records_in
from patients.models import ContactProposal, FormerContact, IdentityChange, Patient
from personal_data.fhir import (
    RPPS,
    Resource,
    derived_id,
    instant,
    name,
    period,
    reference,
    resource,
    telecom,
    text,
)
from personal_data.people import Person
from practices.models import Membership
from signing.models import SignatureImage, SigningCredential


def resources(person: Person) -> Iterator[Resource]:
    practices = {one.practice_id: one.practice for one in person.records}
    if person.account:
        yield _person(person.account, person.records)
        yield from _devices(person.account)
        memberships = list(Membership.objects.filter(user=person.account).select_related("practice"))
        practices |= {one.practice_id: one.practice for one in memberships}
        if memberships or person.account.professional_number:
            yield _practitioner(person.account)
        yield from (_role(one, person.account) for one in memberships)
    for one in person.records:
        yield _patient(one, person.account)
    for practice in practices.values():
        yield resource(
            "Organization",
            practice.pk,
            name=practice.name,
            telecom=telecom([("mobile", practice.telephone, "work"), ("email", practice.email, "work")]),
            address=[{"text": practice.address}] if practice.address else [],
        )


def _person(user: User, records: tuple[Patient, ...]) -> Resource:
    former = FormerContact.objects.filter(user=user).values_list("contact", "value")
    others = EmailAddress.objects.filter(user=user).exclude(email__iexact=user.email).values_list("email", flat=True)
    contacts = [("email", user.email, "home"), ("mobile", user.mobile, "mobile")]
    contacts += [("email", address, "home") for address in others]
    contacts += [(contact, value, "old") for contact, value in former]
    rights = [
        *(["Django admin"] if user.is_staff else []),
        *user.groups.values_list("name", flat=True),
        *user.user_permissions.values_list("codename", flat=True),
    ]
    return resource(
        "Person",
        user.pk,
        active=user.is_active,
        name=name(user.last_name, user.first_name, user.title),
        telecom=telecom(contacts),
        birthDate=user.birth_date.isoformat() if user.birth_date else None,
        link=[{"target": reference("Patient", one.pk)} for one in records],
        meta={
            "lastUpdated": instant(user.last_login or user.date_joined),
            "tag": [{"display": one} for one in rights],
        },
        language=user.language,
    )


def _devices(user: User) -> Iterator[Resource]:
    """The account's means of sign-in, without their secrets."""
    for device in KnownDevice.objects.filter(user=user):
        shown = f"{device.browser} {device.system}".strip()
        seen = instant(device.last_seen_at)
        yield _device(device.pk, _("appareil connu"), shown, instant(device.created_at), seen)
    for token in ApiToken.objects.filter(user=user):
        used = instant(token.last_used_at)
        yield _device(token.pk, _("jeton d’API"), token.name, instant(token.created_at), used)
    for session in UserSession.objects.filter(user=user):
        shown = f"{session.ip} {session.user_agent}".strip()
        pk = derived_id("session", session.pk)
        yield _device(pk, _("session"), shown, instant(session.created_at), instant(session.last_seen_at))
    for factor in Authenticator.objects.filter(user=user):
        pk = derived_id("factor", factor.pk)
        yield _device(
            pk, _("second facteur"), str(factor.type), instant(factor.created_at), instant(factor.last_used_at)
        )


def _device(pk: object, kind: str, shown: str, made: str | None, used: str | None) -> Resource:
    notes = [{"text": shown}] if shown else []
    if used:
        notes.append({"text": used})
    return resource("Device", str(pk), type=text(kind), manufactureDate=made, note=notes)


def _practitioner(user: User) -> Resource:
    image = SignatureImage.objects.filter(user=user).first()
    number = user.professional_number
    return resource(
        "Practitioner",
        derived_id("practitioner", user.pk),
        identifier=[{"system": RPPS, "value": number}] if number else [],
        name=name(user.last_name, user.first_name, user.title),
        photo=[{"contentType": "image/png", "data": base64.b64encode(bytes(image.png)).decode()}] if image else [],
        qualification=[_certificate(one) for one in SigningCredential.objects.filter(user=user)],
    )


def _certificate(credential: SigningCredential) -> Resource:
    certificate = x509.load_der_x509_certificate(bytes(credential.certificate))
    return {
        "identifier": [{"value": f"{certificate.serial_number:x}"}],
        "code": text(_("certificat de signature : %(subject)s") % {"subject": certificate.subject.rfc4514_string()}),
        "period": period(certificate.not_valid_before_utc, certificate.not_valid_after_utc),
    }


def _role(membership: Membership, user: User) -> Resource:
    agendas = Agenda.objects.filter(practice=membership.practice, practitioner=user).values_list("name", flat=True)
    return resource(
        "PractitionerRole",
        derived_id("membership", membership.pk),
        practitioner=reference("Practitioner", derived_id("practitioner", user.pk)),
        organization=reference("Organization", membership.practice_id, membership.practice),
        code=[text(role.label) for role in sorted(membership.roles)],
        specialty=[text(one) for one in agendas],
        period=period(membership.since),
    )


def _former_names(patient: Patient) -> list[Resource]:
    """What staff corrected, in this record and in those that became part of it."""
    parts = {"first_name": "given", "last_name": "family"}
    return [
        {"use": "old", parts[one.field]: [one.before] if one.field == "first_name" else one.before}
        for one in _changes(patient)
        if one.field in parts
    ]


def _former_birth_dates(patient: Patient) -> list[Resource]:
    return [
        {"url": "urn:docshare:former-birth-date", "valueDate": one.before}
        for one in _changes(patient)
        if one.field == "birth_date"
    ]


def _record_of_before(pk: uuid.UUID) -> dict[str, Any]:
    """A logical reference (FHIR R4, Reference.identifier): the record that became part of this one has no entry."""
    return {"type": "Patient", "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{pk}"}}


def _changes(patient: Patient) -> list[IdentityChange]:
    return list(IdentityChange.objects.filter(patient__in=records_in(patient.pk)))


def _patient(patient: Patient, account: User | None) -> Resource:
    """Leaves out a guardian's proposals, which are the guardian's data."""
    proposals = ContactProposal.objects.filter(patient=patient, settled_at=None)
    proposed = proposals.filter(user=account).values_list("contact", "value") if account else ()
    contacts = [("email", patient.email, "home"), ("mobile", patient.mobile, "mobile")]
    return resource(
        "Patient",
        patient.pk,
        name=[*name(patient.last_name, patient.first_name), *_former_names(patient)],
        birthDate=patient.birth_date.isoformat(),
        extension=_former_birth_dates(patient),
        link=[{"other": _record_of_before(pk), "type": "replaces"} for pk in records_in(patient.pk)[1:]],
        telecom=telecom([*contacts, *((contact, value, "temp") for contact, value in proposed)]),
        communication=[{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": patient.language}]}}],
        managingOrganization=reference("Organization", patient.practice_id, patient.practice),
        meta={"lastUpdated": instant(patient.created_at)},
    )
