from django.db import migrations, models

from schema.operations import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY

    dependencies = [("documents", "0141_index_of_consents_to_see_to")]

    operations = [
        AddIndexBesideWrites(
            model_name="autosend",
            index=models.Index(
                condition=models.Q(("state", "planned")),
                fields=["rule", "due_at", "id"],
                name="auto_send_turn",
            ),
        ),
    ]
