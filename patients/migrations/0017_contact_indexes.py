from django.db import migrations, models
from django.db.models.functions import Upper

from schema.operations import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY

    dependencies = [("patients", "0016_merged_into_index")]

    operations = [
        AddIndexBesideWrites(
            model_name="patient",
            index=models.Index(fields=["practice", "mobile"], name="patient_mobile"),
        ),
        AddIndexBesideWrites(
            model_name="patient",
            index=models.Index("practice", Upper("email"), name="patient_email"),
        ),
    ]
