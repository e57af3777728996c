"""To whom each link was sent: the messages of its documents tell."""

from typing import Any

from django.db import migrations
from django.utils import timezone


def note_contacts(apps: Any, schema_editor: Any) -> None:
    link = apps.get_model("documents", "DocumentLink")
    shared = apps.get_model("documents", "SharedDocument")
    for one in link.objects.filter(revoked_at=None).iterator(chunk_size=500):
        document = shared.objects.filter(auto_send__link=one).order_by("shared_at").first()
        if document is None:
            continue
        told: dict[str, set[str]] = {"email": set(), "sms": set()}
        for message in document.messages.all():
            told[message.channel].add(message.to)
        one.email, one.mobile = next(iter(told["email"]), None), next(iter(told["sms"]), None)
        one.holder_id, one.authorisation_id = document.holder_id, document.authorisation_id
        if max(map(len, told.values())) != 1:  # sent again after a correction, or nobody knows to whom
            one.revoked_at, one.end = timezone.now(), "contacts_changed"
        one.save(update_fields=["email", "mobile", "holder", "authorisation", "revoked_at", "end"])


def note_bookers(apps: Any, schema_editor: Any) -> None:
    """An account that booked for somebody as a relative never becomes that person's own."""
    record = apps.get_model("patients", "RelativeRecord")
    appointment = apps.get_model("appointments", "Appointment")
    for one in record.objects.filter(has_booked=False).select_related("relative").iterator(chunk_size=500):
        booked = appointment.objects.filter(patient_id=one.patient_id, holder_id=one.relative.holder_id)
        if booked.exclude(booked_for="self").exists():
            one.has_booked = True
            one.save(update_fields=["has_booked"])


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0071_links_stand_on_contacts"),
        ("appointments", "0005_refused_and_excluded"),
        ("patients", "0006_who_gave_contacts"),
    ]

    operations = [
        migrations.RunPython(note_contacts, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(note_bookers, migrations.RunPython.noop, elidable=True),
    ]
