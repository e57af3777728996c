from django.db import migrations, models

from schema.operations import AddUniqueBesideWrites


class Migration(migrations.Migration):
    safe = {"constraint audit_seal_once_in_its_chain": "the last release writes no chain"}
    atomic = False  # CREATE INDEX CONCURRENTLY

    dependencies = [("audit", "0020_chains_of_practices")]

    operations = [
        AddUniqueBesideWrites(
            model_name="auditseal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("chain__isnull", False)),
                fields=("chain", "number"),
                name="audit_seal_once_in_its_chain",
            ),
        ),
    ]
