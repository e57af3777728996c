"""Which column holds what: recognised by its heading, in French or English."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from patients.names import plain


class Field(StrEnum):
    """What a column may hold."""

    LAST_NAME = "last_name"
    BIRTH_NAME = "birth_name"
    FIRST_NAME = "first_name"
    LAST_FIRST = "last_and_first_name"
    FIRST_LAST = "first_and_last_name"
    BIRTH_DATE = "birth_date"
    MOBILE = "mobile"
    TELEPHONE = "telephone"
    EMAIL = "email"
    START = "start"
    DATE = "date"
    TIME = "time"
    END = "end"
    DURATION = "duration"
    AGENDA = "agenda"
    REASON = "visit_reason"
    STATUS = "status"
    # Of calendars
    SUMMARY = "summary"
    UID = "uid"


WORDS: dict[Field, Promise] = {
    Field.LAST_NAME: _("Nom"),
    Field.BIRTH_NAME: _("Nom de naissance"),
    Field.FIRST_NAME: _("Prénom"),
    Field.LAST_FIRST: _("Nom et prénom, dans cet ordre"),
    Field.FIRST_LAST: _("Prénom et nom, dans cet ordre"),
    Field.BIRTH_DATE: _("Date de naissance"),
    Field.MOBILE: _("Mobile"),
    Field.TELEPHONE: _("Téléphone (repris si c’est un mobile)"),
    Field.EMAIL: _("Adresse e-mail"),
    Field.START: _("Date et heure du rendez-vous"),
    Field.DATE: _("Date du rendez-vous"),
    Field.TIME: _("Heure du rendez-vous"),
    Field.END: _("Fin du rendez-vous"),
    Field.DURATION: _("Durée"),
    Field.AGENDA: _("Agenda"),
    Field.REASON: _("Motif"),
    Field.STATUS: _("Statut (prévu ou annulé)"),
}
OF_PATIENTS = (
    *(Field.LAST_NAME, Field.BIRTH_NAME, Field.FIRST_NAME, Field.LAST_FIRST, Field.FIRST_LAST, Field.BIRTH_DATE),
    *(Field.MOBILE, Field.TELEPHONE, Field.EMAIL),
)
OF_APPOINTMENTS = (
    *(Field.START, Field.DATE, Field.TIME, Field.END, Field.DURATION, Field.AGENDA, Field.REASON, Field.STATUS),
    *OF_PATIENTS,
)
# As `plain` writes them.
HEADINGS: dict[Field, tuple[str, ...]] = {
    Field.LAST_NAME: (
        *("nom", "nom du patient", "nom patient", "nom usuel", "nom d usage", "nom usage", "nom de famille"),
        *("nom marital", "nom utilise", "last name", "lastname", "surname", "family name", "patient last name"),
        *("last name patient", "name"),
    ),
    Field.BIRTH_NAME: (
        *("nom de naissance", "nom naissance", "nom de jeune fille", "nom patronymique", "nom natal"),
        *("birth name", "maiden name", "name at birth", "birth surname"),
    ),
    Field.FIRST_NAME: (
        *("prenom", "prenoms", "prenom du patient", "prenom patient", "prenom usuel", "prenom utilise"),
        *("premier prenom", "prenom de naissance", "prenom s", "first name", "firstname", "given name"),
        *("given names", "forename", "patient first name"),
    ),
    Field.LAST_FIRST: (
        *("nom et prenom", "nom prenom", "nom prenom patient", "nom et prenom du patient", "nom prenom du patient"),
        *("patient", "nom complet", "last and first name", "last name first name"),
    ),
    Field.FIRST_LAST: (
        *("prenom et nom", "prenom nom", "prenom nom patient", "first and last name", "full name", "patient name"),
        *("first name last name",),
    ),
    Field.BIRTH_DATE: (
        *("ne le", "nee le", "ne e le", "ne nee le", "date de naissance", "date naissance", "naissance", "ddn"),
        *("dnaiss", "date naiss", "date de naissance du patient", "birth date", "birthdate", "date of birth"),
        *("dob", "born", "born on", "birthday", "ne"),
    ),
    Field.MOBILE: (
        *("mobile", "portable", "tel portable", "tel mobile", "telephone portable", "telephone mobile", "tel port"),
        *("numero de portable", "numero de mobile", "n portable", "gsm", "cell", "cell phone", "cellphone"),
        *("mobile phone", "mobile number", "phone mobile", "telephone gsm"),
    ),
    Field.TELEPHONE: (
        *("telephone", "tel", "tel 1", "tel 2", "telephone 1", "telephone 2", "numero de telephone", "phone"),
        *("phone number", "telephone number", "tel du patient", "telephone du patient"),
    ),
    Field.EMAIL: (
        *("e mail", "email", "mail", "courriel", "adresse e mail", "adresse email", "adresse mail"),
        *("adresse electronique", "adresse courriel", "mel", "email address", "e mail address"),
    ),
    Field.START: (
        *("date heure", "date et heure", "debut", "date heure debut", "date et heure de debut", "date debut"),
        *("date de debut", "date et heure du rendez vous", "date heure rdv", "date et heure du rdv"),
        *("date heure du rdv", "date heure du rendez vous", "horaire", "start", "starts at", "begin", "starts"),
        *("start date time", "datetime", "date time", "date and time", "start time and date"),
    ),
    Field.DATE: (
        *("date", "date rdv", "date du rdv", "date du rendez vous", "date de rendez vous", "date rendez vous"),
        *("jour", "day", "start date", "appointment date", "date de consultation"),
    ),
    Field.TIME: (
        *("heure", "heure rdv", "heure du rdv", "heure du rendez vous", "heure de debut", "heure debut"),
        *("heure rendez vous", "time", "start time", "appointment time", "hour"),
    ),
    Field.END: (
        *("fin", "date heure fin", "date et heure de fin", "heure de fin", "heure fin", "date de fin", "date fin"),
        *("end", "ends", "ends at", "end time", "end date time"),
    ),
    Field.DURATION: ("duree", "duree min", "duree minutes", "duree en minutes", "duration", "minutes", "length"),
    Field.AGENDA: (
        *("agenda", "praticien", "medecin", "docteur", "calendrier", "planning", "ressource", "nom de l agenda"),
        *("practitioner", "doctor", "calendar", "schedule", "provider", "resource"),
    ),
    Field.REASON: (
        *("motif", "motif de consultation", "motif du rdv", "motif du rendez vous", "motif de rendez vous"),
        *("motif rdv", "type de rendez vous", "type rdv", "type de rdv", "acte", "visit reason", "reason"),
        *("appointment type", "reason for visit"),
    ),
    Field.STATUS: (
        "statut",
        "etat",
        "statut du rdv",
        "statut du rendez vous",
        "status",
        "state",
        "annule",
        "cancelled",
    ),
}
KNOWN = {heading: field for field, headings in HEADINGS.items() for heading in headings}
BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")


def field_of(heading: str) -> Field | None:
    """What a column of this heading holds; a remark in brackets may follow: « Durée (min) », « Mobile [E.164] »."""
    return KNOWN.get(plain(heading)) or KNOWN.get(plain(BRACKETS.sub(" ", heading)))


def recognised(headings: Sequence[str], among: Sequence[Field]) -> dict[int, Field]:
    """Column number -> what it holds. Of two columns of the same thing the first counts."""
    columns: dict[int, Field] = {}
    for number, heading in enumerate(headings):
        held = field_of(heading)
        if held is not None and held in among and held not in columns.values():
            columns[number] = held
    return columns


def lacking(columns: Mapping[int, Field], *, appointments: bool) -> list[str]:
    """What no column holds and no line can do without, in words; empty if the columns suffice."""
    there = set(columns.values())
    lacks = []
    whole_name = there & {Field.LAST_FIRST, Field.FIRST_LAST, Field.SUMMARY}
    if not whole_name and not there & {Field.LAST_NAME, Field.BIRTH_NAME}:
        lacks.append(str(WORDS[Field.LAST_NAME]))
    if not whole_name and Field.FIRST_NAME not in there:
        lacks.append(str(WORDS[Field.FIRST_NAME]))
    if not appointments and Field.BIRTH_DATE not in there:
        lacks.append(str(WORDS[Field.BIRTH_DATE]))
    if appointments and Field.START not in there and not there >= {Field.DATE, Field.TIME}:
        lacks.append(str(WORDS[Field.START]))
    return lacks
