"""Models move to a room of their own: their tables keep the names they have."""

import django.utils.timezone
import uuid
from django.db import migrations, models

from schema.operations import MoveContentTypes


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('notifications', '0021_settled_at'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='KeyCheck',
                    fields=[
                        ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ('secret', models.CharField(help_text='SECRET_KEY or SIGNING_PASSPHRASE', max_length=40)),
                        ('salt', models.CharField(help_text='16 random bytes, hexadecimal', max_length=32)),
                        ('value', models.CharField(help_text='scrypt of the key, 16 bytes, hexadecimal', max_length=32)),
                        ('noted_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                    ],
                    options={
                        'db_table': 'notifications_keycheck',
                    },
                ),
            ]
        ),
        MoveContentTypes('notifications', ['KeyCheck']),
    ]
