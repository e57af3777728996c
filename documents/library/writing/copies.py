"""The copy of a written document that is one appointment's own: its merge fields filled in."""

from __future__ import annotations

from typing import NamedTuple

from appointments.models import Appointment
from appointments.recipients import Audience, Recipient
from documents.library.writing.fields import values
from documents.library.writing.printing import print_body
from documents.models import LibraryVersion
from files import storage
from files.models import StoredFile


class PersonalCopy(NamedTuple):
    file: StoredFile  # in storage, its row not saved yet
    page_count: int


def personal_copy(
    version: LibraryVersion, appointment: Appointment, recipient: Recipient, *, replacing_letters: bool = False
) -> PersonalCopy | None:
    """None where the version has no merge field: everybody gets the same file.

    Dates are written in the recipient's language. Raises printing.CannotWrite, which see for `replacing_letters`.
    """
    if not version.is_personal:
        return None
    holder = recipient.holder if recipient.audience is Audience.HOLDER else None
    language = holder.language if holder else appointment.patient.language
    intake = print_body(
        version.body,
        practice=appointment.practice,
        title=version.document.title,
        values=values(appointment, language=language),
        language=language,
        replacing_letters=replacing_letters,
    )
    return PersonalCopy(storage.keep(intake), intake.page_count)
