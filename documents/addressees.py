"""To whom a shared document or a link goes, in its row: written and read in one place."""

from __future__ import annotations

from appointments.recipients import Addressee, Audience
from documents.models import DocumentLink, SharedDocument


def write_addressee(row: SharedDocument | DocumentLink, addressee: Addressee) -> None:
    """Set the row's fields; the caller saves it."""
    row.holder = addressee.holder
    row.authorisation = addressee.authorisation
    if isinstance(row, SharedDocument):
        row.audience = addressee.audience.value
        row.patient_was_minor = addressee.patient_is_minor


def addressee_of(document: SharedDocument) -> Addressee:
    return Addressee(
        audience=Audience(document.audience),
        holder=document.holder,
        authorisation=document.authorisation,
        patient_is_minor=document.patient_was_minor,
    )
