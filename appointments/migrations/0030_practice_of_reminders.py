from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("appointments", "0024_times_left_for_a_moment"), ("practices", "0009_takes_unasked")]

    operations = [
        migrations.AddField(
            model_name="reminder",
            name="practice",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                help_text="Its parent's; null: written by the previous release",
                null=True,
                on_delete=models.deletion.DO_NOTHING,
                related_name="+",
                to="practices.practice",
            ),
        ),
    ]
