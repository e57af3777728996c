from django.db import migrations, models

from schema.operations import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY

    dependencies = [("documents", "0140_consents_to_see_to")]

    operations = [
        AddIndexBesideWrites(
            model_name="consent",
            index=models.Index(
                condition=models.Q(("seen_at", None), ("state__in", ["asked", "refused", "withdrawn"])),
                fields=["practice"],
                name="consent_to_see_to",
            ),
        ),
    ]
