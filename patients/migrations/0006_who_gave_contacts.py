"""Contacts that a booker gave before this was recorded: the booker's record tells by whom."""

from typing import Any

from django.db import migrations
from django.utils import timezone


def note_givers(apps: Any, schema_editor: Any) -> None:
    relative_record = apps.get_model("patients", "RelativeRecord")
    tie = apps.get_model("patients", "RecordTie")
    event = apps.get_model("audit", "AuditEvent")
    made = relative_record.objects.filter(made_by_booking=True).select_related("relative", "patient")
    for one in made.iterator(chunk_size=500):
        patient, booker = one.patient, one.relative.holder_id
        proved = tie.objects.filter(
            patient=patient, ended_at=None, proved_email=patient.email, proved_mobile=patient.mobile
        )
        by_staff = event.objects.filter(object_id=patient.pk, action="contact.changed").exclude(actor_id=booker)
        entered = {name for line in by_staff for name in line.detail.get("fields", [])}
        if proved.exists():
            continue
        if patient.email and "email" not in entered:
            patient.email_given_by_id, patient.email_since = booker, patient.created_at
        if patient.mobile and "mobile" not in entered:
            patient.mobile_given_by_id, patient.mobile_since = booker, patient.created_at
        patient.save(update_fields=["email_given_by", "email_since", "mobile_given_by", "mobile_since"])
    relative_record.objects.filter(made_by_booking=True).update(has_booked=True)


def suspend_ties_of_former_contacts(apps: Any, schema_editor: Any) -> None:
    """A tie that proved other contacts than the record has today waits until its account proves these."""
    live = apps.get_model("patients", "RecordTie").objects.filter(ended_at=None).select_related("patient")
    for tie in live.iterator(chunk_size=500):
        proved = (tie.proved_email.lower(), tie.proved_mobile)
        if proved != ((tie.patient.email or "").lower(), tie.patient.mobile):
            tie.suspended_at = timezone.now()
            tie.save(update_fields=["suspended_at"])


class Migration(migrations.Migration):
    dependencies = [("patients", "0005_owners_of_contacts"), ("audit", "0010_seals")]

    operations = [
        migrations.RunPython(note_givers, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(suspend_ties_of_former_contacts, migrations.RunPython.noop, elidable=True),
    ]
