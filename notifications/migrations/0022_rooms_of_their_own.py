"""Models move to a room of their own: their tables keep the names they have."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0021_settled_at'),
        ('jobs', '0001_rooms_of_their_own'),
        ('sealing', '0001_rooms_of_their_own'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel(
                    name='Heartbeat',
                ),
                migrations.DeleteModel(
                    name='KeyCheck',
                ),
            ]
        ),
    ]
