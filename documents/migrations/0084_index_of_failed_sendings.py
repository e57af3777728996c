from django.db import migrations, models

from schema.operations import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY

    dependencies = [("documents", "0083_share_batches")]

    operations = [
        AddIndexBesideWrites(
            model_name="autosend",
            index=models.Index(condition=models.Q(("state", "failed")), fields=["due_at"], name="auto_send_failed"),
        ),
    ]
