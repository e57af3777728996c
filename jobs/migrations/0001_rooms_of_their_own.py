"""Models move to a room of their own: their tables keep the names they have."""

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
                    name='Heartbeat',
                    fields=[
                        ('part', models.CharField(max_length=20, primary_key=True, serialize=False)),
                        ('at', models.DateTimeField()),
                    ],
                    options={
                        'db_table': 'notifications_heartbeat',
                    },
                ),
            ]
        ),
        MoveContentTypes('notifications', ['Heartbeat']),
    ]
