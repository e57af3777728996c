"""Models move to a room of their own: their tables keep the names they have."""

import django.utils.timezone
import uuid
from django.db import migrations, models

from schema.operations import MoveContentTypes


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('documents', '0077_minority_by_todays_birth_date'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='StoredFile',
                    fields=[
                        ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ('key', models.CharField(help_text='Where the storage keeps it; never from a name', max_length=100, unique=True)),
                        ('sha256', models.CharField(max_length=64)),
                        ('size', models.PositiveBigIntegerField(help_text='Bytes')),
                        ('media_type', models.CharField(help_text='As verified by content', max_length=40)),
                        ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                    ],
                    options={
                        'db_table': 'documents_storedfile',
                        'indexes': [models.Index(fields=['sha256'], name='stored_file_sha256')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('size__gt', 0)), name='stored_file_not_empty')],
                    },
                ),
            ]
        ),
        MoveContentTypes('documents', ['StoredFile']),
    ]
