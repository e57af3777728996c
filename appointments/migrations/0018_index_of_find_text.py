import django.contrib.postgres.indexes
from django.db import migrations

from schema.operations import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY

    dependencies = [
        ('patients', '0004_search_text'),  # the extension for trigrams
        ('appointments', '0017_found_by_patients'),
    ]

    operations = [
        AddIndexBesideWrites(
            model_name='agenda',
            index=django.contrib.postgres.indexes.GinIndex(fields=['find_text'], name='agenda_find_text', opclasses=['gin_trgm_ops']),
        ),
    ]
