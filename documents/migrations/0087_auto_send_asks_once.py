from django.db import migrations, models

from schema.operations import AddIndexBesideWrites, AddUniqueBesideWrites, ValidateConstraint


class Migration(migrations.Migration):
    safe = {"constraint auto_send_asks_once": "the last release knows no question"}
    atomic = False  # CREATE INDEX CONCURRENTLY

    dependencies = [("documents", "0086_rules_that_ask")]

    operations = [
        AddIndexBesideWrites(
            model_name="autosend",
            index=models.Index(
                condition=models.Q(("question__isnull", False)), fields=["question"], name="auto_send_question"
            ),
        ),
        AddUniqueBesideWrites(
            model_name="autosend",
            constraint=models.UniqueConstraint(
                condition=models.Q(("question__isnull", False)),
                fields=("appointment", "rule", "question"),
                name="auto_send_asks_once",
            ),
        ),
        ValidateConstraint("autosend", name="auto_send_document_or_question"),
    ]
