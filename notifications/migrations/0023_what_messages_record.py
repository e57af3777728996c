"""What a message says, and before when it must be read, are recorded where it is planned. The release before writes
neither: what it plans says nothing of itself, and is not said again.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0022_rooms_of_their_own'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='kind',
            field=models.CharField(blank=True, db_default='', default='', help_text='What it says, in a word of whoever planned it; empty: unknown', max_length=20),
        ),
        migrations.AddField(
            model_name='message',
            name='urgent_before',
            field=models.DateTimeField(blank=True, help_text='An SMS whose reader must know before this, whatever else it tells of', null=True),
        ),
    ]
