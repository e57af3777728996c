from django.db import migrations, models

from schema.operations import AddIndexBesideWrites, FillPractice


class Migration(migrations.Migration):
    atomic = False  # batches, and CREATE INDEX CONCURRENTLY

    dependencies = [("webhooks", "0010_practice_of_deliveries")]

    operations = [
        FillPractice("webhookdelivery", "endpoint__practice"),
        AddIndexBesideWrites(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("practice", None)), fields=["id"], name="delivery_without_practice"
            ),
        ),
    ]
