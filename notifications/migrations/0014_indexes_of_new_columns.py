from django.db import migrations, models

from schema.operations import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY

    dependencies = [
        ('notifications', '0013_defaults_in_the_database'),
    ]

    operations = [
        AddIndexBesideWrites(
            model_name='message',
            index=models.Index(condition=models.Q(('cause__in', ['too_many', 'country', 'not_a_mobile'])), fields=['practice', '-created_at'], name='message_refused'),
        ),
    ]
