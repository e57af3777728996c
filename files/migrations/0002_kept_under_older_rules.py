"""A file that moves in with its practice may be one that an upload may no longer be."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("files", "0001_rooms_of_their_own")]

    operations = [
        migrations.AddField(
            model_name="storedfile",
            name="refused_as",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Why an upload like it is refused today: it moved here with its practice; downloads only",
                max_length=40,
            ),
        ),
    ]
