from django.db import migrations, models

from schema.operations import AddIndexBesideWrites, FillPractice


class Migration(migrations.Migration):
    atomic = False  # batches, and CREATE INDEX CONCURRENTLY

    dependencies = [("documents", "0152_practice_of_readings")]

    operations = [
        FillPractice("autosend", "appointment__practice"),
        FillPractice("documentlink", "appointment__practice"),
        FillPractice("documentreading", "document__practice"),
        AddIndexBesideWrites(
            model_name="autosend",
            index=models.Index(
                condition=models.Q(("practice", None)), fields=["id"], name="auto_send_without_practice"
            ),
        ),
        AddIndexBesideWrites(
            model_name="documentlink",
            index=models.Index(condition=models.Q(("practice", None)), fields=["id"], name="link_without_practice"),
        ),
        AddIndexBesideWrites(
            model_name="documentreading",
            index=models.Index(
                condition=models.Q(("practice", None)), fields=["id"], name="reading_without_practice"
            ),
        ),
        AddIndexBesideWrites(
            model_name="autosend",
            index=models.Index(
                condition=models.Q(("state", "failed")), fields=["practice", "due_at"], name="auto_send_failed_of"
            ),
        ),
        AddIndexBesideWrites(
            model_name="autosend",
            index=models.Index(
                condition=models.Q(("retry_at__isnull", False), ("state", "planned")),
                fields=["practice", "due_at"],
                name="auto_send_blocked_of",
            ),
        ),
    ]
