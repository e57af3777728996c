from django.db import migrations, models

from schema.operations import AddIndexBesideWrites, FillPractice


class Migration(migrations.Migration):
    atomic = False  # batches, and CREATE INDEX CONCURRENTLY

    dependencies = [("questionnaires", "0010_practice_of_responses")]

    operations = [
        FillPractice("questionnaireresponse", "appointment__practice"),
        AddIndexBesideWrites(
            model_name="questionnaireresponse",
            index=models.Index(
                condition=models.Q(("practice", None)), fields=["id"], name="response_without_practice"
            ),
        ),
    ]
