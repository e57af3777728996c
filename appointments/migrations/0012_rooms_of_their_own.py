"""Models move to a room of their own: their tables keep the names they have."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('appointments', '0011_closings_and_hours_to_midnight'),
        ('practices', '0001_rooms_of_their_own'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='agenda',
                    name='practice',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='agendas', to='practices.practice', verbose_name='cabinet'),
                ),
                migrations.AlterField(
                    model_name='appointment',
                    name='practice',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appointments', to='practices.practice'),
                ),
                migrations.AlterField(
                    model_name='bookingpolicy',
                    name='practice',
                    field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='booking_policy', serialize=False, to='practices.practice'),
                ),
                migrations.AlterField(
                    model_name='closing',
                    name='practice',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='closings', to='practices.practice'),
                ),
                migrations.AlterField(
                    model_name='instruction',
                    name='practice',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='instructions', to='practices.practice'),
                ),
                migrations.AlterField(
                    model_name='reminderpolicy',
                    name='practice',
                    field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='reminder_policy', serialize=False, to='practices.practice'),
                ),
                migrations.AlterField(
                    model_name='visitreason',
                    name='practice',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visit_reasons', to='practices.practice', verbose_name='cabinet'),
                ),
            ]
        ),
    ]
