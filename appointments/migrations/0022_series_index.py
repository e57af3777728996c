from django.db import migrations, models

from schema.operations import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY

    dependencies = [
        ('appointments', '0021_series'),
    ]

    operations = [
        AddIndexBesideWrites(
            model_name='appointment',
            index=models.Index(condition=models.Q(('series__isnull', False)), fields=['series'], name='appointment_of_series'),
        ),
    ]
