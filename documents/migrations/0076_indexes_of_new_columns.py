from django.db import migrations, models

from schema.operations import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY

    dependencies = [
        ('documents', '0075_defaults_of_signing_credential'),
    ]

    operations = [
        AddIndexBesideWrites(
            model_name='documentlink',
            index=models.Index(condition=models.Q(('holder__isnull', False)), fields=['holder'], name='link_holder'),
        ),
        AddIndexBesideWrites(
            model_name='documentlink',
            index=models.Index(condition=models.Q(('authorisation__isnull', False)), fields=['authorisation'], name='link_authorisation'),
        ),
    ]
