"""Models move to a room of their own: their tables keep the names they have."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0012_ended_relative_records'),
        ('practices', '0001_rooms_of_their_own'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='patient',
                    name='practice',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='patients', to='practices.practice', verbose_name='cabinet'),
                ),
                migrations.AlterField(
                    model_name='relativerecord',
                    name='practice',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='practices.practice'),
                ),
            ]
        ),
    ]
