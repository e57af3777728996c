"""Adds the contacts of an alike line to the record that it is, as somebody chose; and takes them out again.

Only what is empty is filled. A record through which anybody may have seen something stays as it is: a contact that a
file gives must open nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from documents.models import AutoSend, SharedDocument
from imports.models import ImportLine
from imports.people import Person, digest
from imports.reasons import reason, reason_of
from patients.models import Patient
from patients.ownership import CONTACTS, given_by, is_in_doubt
from patients.records import FormerContactsUnclear, change_patient


def complete(*, line: ImportLine, person: Person, by: User) -> None:
    """Fill the empty contacts of the twin from the line, and note in the line which, or why not. Without a message.

    The caller saves the line.
    """
    line.detail = ""
    twin = _locked(line)
    if twin is None:
        line.detail = reason(_("La fiche choisie n’existe plus."))
        return
    missing = {name: value for name in CONTACTS if (value := getattr(person, name)) and not getattr(twin, name)}
    if not missing:
        return
    if opens_something(twin):
        line.detail = reason(
            _("Cette fiche a un compte, un document ou un doute : complétez ses coordonnées sur sa page.")
        )
        return
    if fault := _change(twin, missing, by):
        line.detail = fault
    else:
        line.filled = {name: digest(value) for name, value in missing.items()}


def take_out(*, line: ImportLine, by: User) -> bool:
    """Empty the contacts that `complete` filled, unless they changed or the record is used since. Whether it did."""
    twin, filled = _locked(line), line.filled or {}
    if twin is None:
        return True
    there = {name: getattr(twin, name) or "" for name in filled}
    if opens_something(twin) or any(digest(value) != filled[name] for name, value in there.items()):
        return False
    return not _change(twin, dict.fromkeys(filled), by)


def opens_something(patient: Patient) -> bool:
    """Whether a contact added to the record might let anybody see something: an account, an invitation, something
    shared or sent, a contact that is not surely the patient's."""
    return (
        is_in_doubt(patient)
        or any(given_by(patient, name) for name in CONTACTS)
        or patient.ties.exists()
        or patient.invitations.exists()
        or SharedDocument.objects.filter(patient=patient).exists()
        or AutoSend.objects.filter(appointment__patient=patient).exists()
    )


def _locked(line: ImportLine) -> Patient | None:
    if line.twin_id is None:
        return None
    return Patient.objects.select_for_update(of=("self",)).select_related("practice").filter(pk=line.twin_id).first()


def _change(patient: Patient, contacts: Mapping[str, str | None], by: User) -> str:
    """The reason why it was refused, or ""."""
    try:
        if "email" in contacts:
            change_patient(patient=patient, by=by, tells=True, email=contacts["email"])
        if "mobile" in contacts:
            change_patient(patient=patient, by=by, tells=True, mobile=contacts["mobile"])
    except ValidationError as error:
        return reason_of(error)
    except FormerContactsUnclear as refusal:
        return reason(refusal.words)
    return ""
