"""Judges lines that describe appointments. The patient needs a record: names alone do not identify anybody."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from appointments.booking import check_time
from appointments.importing import check_end
from appointments.models import Agenda, Appointment, VisitReason
from imports.judging_patients import Judged, values_of
from imports.models import Form, Import, ImportLine, Likeness, Verdict
from imports.people import Person, digest, person_of
from imports.reading import values as written
from imports.reading.headings import Field
from imports.reading.tables import Row
from imports.reasons import error_of, reason, reason_of
from patients.birth_dates import birth_date_in
from patients.models import Patient
from patients.names import joined, kept, plain
from practices.models import Practice

Named = TypeVar("Named", Agenda, VisitReason)
CANCELLED = {"annule", "annulee", "cancelled", "canceled", "oui", "yes", "true", "1", "supprime", "deleted"}
TITLE = re.compile(r"^(?:(?:m|mr|mme|mlle|monsieur|madame|rdv|rendez-vous|consultation)\b\.?[ :–-]*)+", re.IGNORECASE)


@dataclass(frozen=True)
class Planned:
    """An appointment to write."""

    agenda: Agenda
    visit_reason: VisitReason
    patient: Patient
    starts_at: datetime
    ends_at: datetime | None


@dataclass
class JudgedAppointment(Judged):
    """`planned`: unless refused."""

    planned: Planned | None = None


class Choices:
    """The agendas and reasons of a practice, by name."""

    def __init__(self, practice: Practice, agenda: Agenda | None, visit_reason: VisitReason | None) -> None:
        self._practice, self._agenda, self._reason = practice, agenda, visit_reason

    @cached_property
    def agendas(self) -> list[Agenda]:
        agendas = self._practice.agendas.filter(is_active=True).select_related("practice")
        return list(agendas.prefetch_related("visit_reasons"))

    def agenda(self, name: str) -> Agenda:
        """Raises ValidationError."""
        if (agenda := _named(name, self.agendas)) is not None:
            return agenda
        if self._agenda is not None:
            return self._agenda
        if len(self.agendas) == 1 and not name:
            return self.agendas[0]
        names = ", ".join(one.name for one in self.agendas)
        if name:
            sentence = _("Aucun agenda ne s’appelle « %(name)s ». Les agendas : %(names)s.")
            raise ValidationError(sentence, params={"name": name[:50], "names": names})
        raise ValidationError(_("L’agenda manque. Les agendas : %(names)s."), params={"names": names})

    def reason(self, name: str, agenda: Agenda) -> VisitReason:
        """One that the agenda offers. Raises ValidationError."""
        offered = [one for one in agenda.visit_reasons.all() if one.is_active]
        if (reason := _named(name, offered)) is not None:
            return reason
        if self._reason is not None and self._reason in offered:
            return self._reason
        if len(offered) == 1 and not name:
            return offered[0]
        facts = {"names": ", ".join(one.name for one in offered), "agenda": agenda.name, "name": name[:50]}
        if name:
            sentence = _("L’agenda %(agenda)s n’a pas de motif « %(name)s ». Ses motifs : %(names)s.")
            raise ValidationError(sentence, params=facts)
        raise ValidationError(_("Le motif manque. Ceux de l’agenda %(agenda)s : %(names)s."), params=facts)


def _named(name: str, offered: Sequence[Named]) -> Named | None:
    """By its exact name, else without case, accents and signs. A name of signs alone ("•") then has nothing left, and
    would fit every line without a name."""
    exact, key = name.strip(), plain(name)
    for one in offered:
        if exact and one.name.strip() == exact:
            return one
    return next((one for one in reversed(offered) if key and plain(one.name) == key), None)


def judge_appointments(job: Import, rows: Collection[Row], *, within_file: bool) -> list[JudgedAppointment]:
    choices = Choices(job.practice, job.agenda, job.visit_reason)
    judged = []
    for row in rows:
        one = JudgedAppointment(row.line, Verdict.NEW, values=values_of(job, row))
        judged.append(one)
        try:
            one.planned = plan(one.values, choices=choices, practice=job.practice, is_event=job.form == Form.ICS)
        except ValidationError as error:
            one.verdict, one.detail = Verdict.REFUSED, reason_of(error)
            continue
        one.key, one.content = keys_of(one.values, one.planned)
    _compare(job, judged, within_file=within_file)
    return judged


def plan(values: Mapping[Field, str], *, choices: Choices, practice: Practice, is_event: bool) -> Planned:
    """Raises ValidationError."""
    if plain(values.get(Field.STATUS, "")) in CANCELLED:
        raise ValidationError(_("Ce rendez-vous est annulé dans l’autre logiciel : il n’est pas repris."))
    if is_event and values.get(Field.STATUS):
        raise error_of(values[Field.STATUS])  # imports.uploads.cells_of_event: why it is no appointment
    starts_at, ends_at = _times(values, practice)
    agenda = choices.agenda(values.get(Field.AGENDA, ""))
    reason = choices.reason(values.get(Field.REASON, ""), agenda)
    today = timezone.localdate(timezone=practice.zone)
    if is_event:
        person = person_of(_of_event(values), today=today, dated=False)
    else:
        person = person_of(values, today=today, dated=False)
    return Planned(agenda, reason, patient_of(practice, person), starts_at, ends_at)


def patient_of(practice: Practice, person: Person) -> Patient:
    """The only record with these names and one more thing in common: birth date, mobile or address.

    Raises ValidationError.
    """
    records = Patient.objects.filter(practice=practice).select_related("practice")
    names = (joined(person.first_name), joined(person.last_name))
    for name in names:
        records = records.filter(Q(search_text__contains=name) | Q(search_text=None))
    sure = Q(pk=None)
    if person.birth_date:
        sure = Q(birth_date=person.birth_date)
    else:
        if person.email:
            sure |= Q(email__iexact=person.email)
        if person.mobile:
            sure |= Q(mobile=person.mobile)
        if not (person.email or person.mobile):
            raise ValidationError(
                _("Un nom seul ne suffit pas pour trouver le patient : ajoutez sa date de naissance.")
            )
    wanted = sorted(names)
    patients = [one for one in records.filter(sure).order_by("pk")[:20] if sorted(map(joined, one.names)) == wanted]
    if not patients:
        raise ValidationError(_("Ce patient n’a pas de fiche ici : importez d’abord les patients."))
    if len(patients) > 1:
        raise ValidationError(
            _("Plusieurs fiches ont ce nom et cette date de naissance : prenez ce rendez-vous à la main.")
        )
    return patients[0]


def keys_of(values: Mapping[Field, str], planned: Planned) -> tuple[str, str]:
    """The key of an appointment is its UID, else its patient, agenda and time."""
    patient, start = str(planned.patient.pk), planned.starts_at.astimezone(UTC).isoformat()
    content = digest(patient, str(planned.agenda.pk), start)
    return (digest("uid", values[Field.UID]) if values.get(Field.UID) else content), content


def _times(values: Mapping[Field, str], practice: Practice) -> tuple[datetime, datetime | None]:
    """Raises ValidationError."""
    zone = practice.zone
    if start := values.get(Field.START, ""):
        date_alone = not values.get(Field.TIME) or re.search(r"\d[:hH]\d|\d\s*[hH]$", start)
        starts_at = written.moment(start, zone) if date_alone else written.at_practice(
            written.day(start), written.clock(values[Field.TIME]), zone
        )  # fmt: skip
    elif day := values.get(Field.DATE, ""):
        if not values.get(Field.TIME):
            starts_at = written.moment(day, zone)
        else:
            starts_at = written.at_practice(written.day(day), written.clock(values[Field.TIME]), zone)
    else:
        raise ValidationError(_("La date du rendez-vous manque."))
    ends_at = None
    if lasts := values.get(Field.DURATION, ""):
        ends_at = starts_at.astimezone(UTC) + written.duration(lasts)
    elif end := values.get(Field.END, ""):
        try:
            ends_at = written.moment(end, zone)
        except ValidationError:
            ends_at = written.at_practice(starts_at.astimezone(zone).date(), written.clock(end), zone)
    starts_at = starts_at.astimezone(UTC)
    ends_at = ends_at.astimezone(UTC) if ends_at else None
    if ends_at is not None and ends_at == starts_at:
        ends_at = None  # an event without an end: the reason says how long
    check_time(starts_at)
    check_end(starts_at, ends_at)
    return starts_at, ends_at


def _of_event(values: Mapping[Field, str]) -> dict[Field, str]:
    """The person of a calendar's event: in its summary (DURAND Marie 12/03/1950), or the attendee."""
    text = TITLE.sub("", kept(values.get(Field.SUMMARY, "")))
    born, rest = birth_date_in(text)
    name = re.sub(
        r"\b(?:n[ée]+e?(?:\(e\))?|born)\s*(?:le|on)?\b|[()\[\]–:;/|]|\s-\s|\s-$", " ", rest if born else text
    )
    contacts = {Field.EMAIL: values.get(Field.EMAIL, ""), Field.MOBILE: values.get(Field.MOBILE, "")}
    named = kept(name).strip(" ,.-") or values.get(Field.LAST_FIRST, "")
    return {
        **contacts,
        Field.LAST_FIRST: named,
        Field.BIRTH_DATE: born.isoformat() if born else values.get(Field.BIRTH_DATE, ""),
    }


def _compare(job: Import, judged: list[JudgedAppointment], *, within_file: bool) -> None:
    planned = [(one, one.planned) for one in judged if one.planned is not None]
    keys = {one.key for one, _plan in planned}
    ours = ImportLine.objects.filter(job=job, appointment__isnull=False).values_list("appointment", flat=True)
    known = {
        line.key: line.content
        for line in ImportLine.objects.filter(
            key__in=keys, job__practice=job.practice_id, appointment__isnull=False
        ).exclude(job=job)
    }
    there = _appointments_of({plan.patient.pk for _one, plan in planned}, job, ours)
    earlier = set[str]()
    if within_file:
        lines = ImportLine.objects.filter(job=job, key__in=keys, verdict=Verdict.NEW)
        earlier = set(lines.values_list("key", flat=True))
    for one, plan_ in planned:
        if one.key in known:
            moved = known[one.key] != one.content
            one.verdict = Verdict.ALIKE if moved else Verdict.SAME
            one.likeness = Likeness.MOVED if moved else None
            one.detail = reason(_("Ce rendez-vous est déjà importé, à une autre heure.")) if moved else ""
            continue
        if within_file and one.key in earlier:
            one.verdict = Verdict.SAME
            continue
        earlier.add(one.key)
        _compare_with(one, plan_, there.get(plan_.patient.pk, []))


def _compare_with(one: JudgedAppointment, planned: Planned, there: list[Appointment]) -> None:
    for appointment in there:
        if appointment.starts_at == planned.starts_at:
            one.verdict, one.detail, one.likeness = Verdict.SAME, "", None
            return
        near = abs(appointment.starts_at - planned.starts_at) < timedelta(hours=12)
        if near and appointment.agenda_id == planned.agenda.pk:
            one.verdict, one.twin = Verdict.ALIKE, planned.patient
            one.likeness = Likeness.SAME_DAY
            one.detail = reason(_("Ce patient a déjà un rendez-vous ce jour-là sur cet agenda, à une autre heure."))


def _appointments_of(
    patients: Collection[uuid.UUID], job: Import, ours: QuerySet[ImportLine, uuid.UUID]
) -> dict[object, list[Appointment]]:
    appointments = Appointment.objects.filter(practice=job.practice_id, patient__in=patients).exclude(pk__in=ours)
    by_patient: dict[object, list[Appointment]] = {}
    for one in appointments.only("id", "patient_id", "agenda_id", "starts_at"):
        by_patient.setdefault(one.patient_id, []).append(one)
    return by_patient
