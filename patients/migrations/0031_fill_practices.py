from django.db import migrations, models

from schema.operations import AddIndexBesideWrites, FillPractice


class Migration(migrations.Migration):
    atomic = False  # batches, and CREATE INDEX CONCURRENTLY

    dependencies = [("patients", "0030_practice_of_proposals")]

    operations = [
        FillPractice("contactproposal", "patient__practice"),
        AddIndexBesideWrites(
            model_name="contactproposal",
            index=models.Index(
                condition=models.Q(("practice", None)), fields=["id"], name="proposal_without_practice"
            ),
        ),
        AddIndexBesideWrites(
            model_name="contactproposal",
            index=models.Index(
                condition=models.Q(("settled_at", None)), fields=["practice", "made_at"], name="proposal_open_of"
            ),
        ),
    ]
