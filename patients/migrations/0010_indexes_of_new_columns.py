from django.db import migrations, models

from schema.operations import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY

    dependencies = [
        ('patients', '0009_search_joined_names'),
    ]

    operations = [
        AddIndexBesideWrites(
            model_name='patient',
            index=models.Index(condition=models.Q(('email_given_by__isnull', False)), fields=['email_given_by'], name='patient_email_given_by'),
        ),
        AddIndexBesideWrites(
            model_name='patient',
            index=models.Index(condition=models.Q(('mobile_given_by__isnull', False)), fields=['mobile_given_by'], name='patient_mobile_given_by'),
        ),
    ]
