from django.db import migrations, models

from schema.operations import AddIndexBesideWrites, FillPractice


class Migration(migrations.Migration):
    atomic = False  # batches, and CREATE INDEX CONCURRENTLY

    dependencies = [("appointments", "0030_practice_of_reminders")]

    operations = [
        FillPractice("reminder", "appointment__practice"),
        AddIndexBesideWrites(
            model_name="reminder",
            index=models.Index(
                condition=models.Q(("practice", None)), fields=["id"], name="reminder_without_practice"
            ),
        ),
    ]
