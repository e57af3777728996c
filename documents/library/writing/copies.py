"""The copy of a written document for one appointment, with its merge fields filled in."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext_lazy

from appointments.models import Appointment
from appointments.recipients import Addressee
from documents.library.writing.fields import values
from documents.library.writing.printing import print_body
from documents.models import LibraryVersion
from files import storage
from files.models import StoredFile
from refusals import Kind, Refusal


class BlanksUnfilled(Refusal):
    """A document with blanks is never sent as it is."""

    code = "blanks_unfilled"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Ce document a des blancs à remplir : il ne part jamais tel quel. Sur la page du rendez-vous, choisissez "
        "« Remplir un modèle »."
    )


class PersonalCopy(NamedTuple):
    file: StoredFile  # in storage, its row not yet saved
    page_count: int


def personal_copy(
    version: LibraryVersion, appointment: Appointment, addressee: Addressee, *, replacing_letters: bool = False
) -> PersonalCopy | None:
    """The copy; None if the version has no merge field: everybody gets the same file.

    Dates are in the addressee's language. `replacing_letters`: see printing.print_body. Raises BlanksUnfilled,
    printing.CannotWrite.
    """
    if version.has_blanks:
        raise BlanksUnfilled
    if not version.is_personal:
        return None
    language = (addressee.holder or appointment.patient).language
    intake = print_body(
        version.body,
        practice=appointment.practice,
        title=version.document.title,
        values=values(appointment, language=language),
        language=language,
        replacing_letters=replacing_letters,
    )
    return PersonalCopy(storage.keep(intake, practice=appointment.practice_id), intake.page_count)
