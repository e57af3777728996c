from django.db import migrations, models

from schema.operations import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False  # batches, and CREATE INDEX CONCURRENTLY

    dependencies = [("notifications", "0026_turns_of_practices")]

    operations = [
        AddIndexBesideWrites(
            model_name="message",
            index=models.Index(
                condition=models.Q(("state", "failed")), fields=["practice", "created_at"], name="message_failed_of"
            ),
        ),
    ]
