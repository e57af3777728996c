"""Agendas and reasons of lines, by their names."""

from __future__ import annotations

import pytest

from appointments.models import Agenda, Appointment, VisitReason
from imports.models import Subject
from patients.models import Patient
from practices.models import Practice
from tests.imports.conftest import ImportFile, in_days

pytestmark = pytest.mark.django_db
SIGNS = ["•", "🦷", "—", "★ ★", "(…)"]


@pytest.fixture
def with_signs(practice: Practice, agenda: Agenda, visit_reason: VisitReason) -> list[str]:
    """An agenda and a reason of each name, beside those of Les Lilas."""
    for name in SIGNS:
        other = Agenda.objects.create(practice=practice, name=name)
        reason = VisitReason.objects.create(practice=practice, name=name, duration_minutes=10)
        reason.agendas.add(agenda, other)
        visit_reason.agendas.add(other)
    return SIGNS


@pytest.mark.parametrize("written", ["", "   ", "!", "Agenda inconnu"])
def test_a_name_of_signs_alone_never_takes_lines_of_others(
    with_signs: list[str],
    import_file: ImportFile,
    agenda: Agenda,
    visit_reason: VisitReason,
    marie: Patient,
    written: str,
) -> None:
    line = f"Durand;Marie;03/02/1941;{in_days(3):%d/%m/%Y};{in_days(3):%H:%M};{written};{written}"
    text = f"Nom;Prénom;Date de naissance;Date;Heure;Agenda;Motif\n{line}\n"
    import_file(text, subject=Subject.APPOINTMENTS, agenda=agenda, visit_reason=visit_reason)
    made = Appointment.objects.get()
    assert (made.agenda, made.visit_reason) == (agenda, visit_reason)


@pytest.mark.parametrize("name", SIGNS)
def test_a_name_of_signs_alone_matches_itself(
    with_signs: list[str],
    import_file: ImportFile,
    agenda: Agenda,
    visit_reason: VisitReason,
    marie: Patient,
    name: str,
) -> None:
    line = f"Durand;Marie;03/02/1941;{in_days(3):%d/%m/%Y};{in_days(3):%H:%M};{name};{name}"
    text = f"Nom;Prénom;Date de naissance;Date;Heure;Agenda;Motif\n{line}\n"
    import_file(text, subject=Subject.APPOINTMENTS, agenda=agenda, visit_reason=visit_reason)
    made = Appointment.objects.get()
    assert (made.agenda.name, made.visit_reason.name) == (name, name)
