from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0135_uploads_in_pieces")]

    operations = [
        migrations.AddField(
            model_name="consent",
            name="seen_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="consent",
            name="doubt",
            field=models.CharField(
                blank=True,
                choices=[
                    ("file", "le fichier ne commence pas par ce qui a été lu"),
                    ("seal", "le cachet du cabinet n’est pas la dernière signature du fichier, ou n’est pas valable"),
                    ("evidence", "les preuves que porte le cachet ne sont pas celles de cette signature"),
                ],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
    ]
