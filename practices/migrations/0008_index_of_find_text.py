import django.contrib.postgres.indexes
from django.db import migrations, models

from schema.operations import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY

    dependencies = [
        ('patients', '0004_search_text'),  # the extension for trigrams
        ('practices', '0007_found_by_patients'),
    ]

    operations = [
        AddIndexBesideWrites(
            model_name='practice',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('is_listed', True)), fields=['find_text'], name='practice_find_text', opclasses=['gin_trgm_ops']),
        ),
    ]
