"""The demo practice with two rules of three documents each; one document is written, so each patient gets a copy."""

from __future__ import annotations

from datetime import time

from accounts.models import User
from appointments.models import ReminderPolicy
from docshare.demo import load as demo
from documents.library.catalogue import write_document
from documents.models import Category, LibraryDocument
from documents.sending.rules import RuleContent, save_rule
from practices.models import Practice
from tests.faults.actors import World
from tests.faults.pace import PACE

BODY = '<p>Bonjour <span data-field="patient_name"></span>, à bientôt.</p>'


def open_practice(bases: list[str]) -> World:
    demo.load()
    practice, admin = Practice.objects.get(pk=demo.PRACTICE_ID), User.objects.get(email="admin@lilas.example")
    # SMS leave at any hour, so that no lane waits for a morning.
    ReminderPolicy.objects.update_or_create(
        practice=practice, defaults={"quiet_from": time(0), "quiet_until": time(0)}
    )
    letter = write_document(
        practice=practice, body=BODY, title="Lettre", category=Category.objects.get(code="information"), by=admin
    )
    library = list(LibraryDocument.objects.filter(practice=practice).exclude(pk=letter.pk).order_by("created_at"))
    for name, documents in (("Avant", library[:3]), ("Lettre", [letter, *library[3:5]])):
        save_rule(practice=practice, content=RuleContent(name=name, documents=documents), by=admin, to_booked=False)
    description = demo.describe()
    tokens = {person["email"]: person["token"] for person in description["staff"]}
    return World(
        bases=bases,
        doctor=tokens["dr.martin@lilas.example"],
        secretary=tokens["secretariat@lilas.example"],
        agenda=description["agendas"][0]["id"],
        visit_reason=next(
            one["id"] for one in description["visit_reasons"] if one["name"] == "Consultation de suivi"
        ),
        library=[str(document.pk) for document in library],
        read_seconds=80 / PACE,
    )
