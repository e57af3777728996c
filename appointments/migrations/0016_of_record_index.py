from django.db import migrations, models

from schema.operations import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY

    dependencies = [
        ('appointments', '0015_agendas_online'),
    ]

    operations = [
        AddIndexBesideWrites(
            model_name='appointment',
            index=models.Index(condition=models.Q(('of_record__isnull', False)), fields=['of_record'], name='appointment_of_record'),
        ),
    ]
