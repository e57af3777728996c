from django.db import migrations, models

from schema.operations import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY

    dependencies = [
        ("notifications", "0019_messages_are_letters"),
    ]

    operations = [
        AddIndexBesideWrites(
            model_name="message",
            index=models.Index(
                condition=models.Q(models.Q(("state", "queued"), _negated=True), models.Q(("html", ""), _negated=True)),
                fields=["id"],
                name="message_letter_left",
            ),
        ),
    ]
