"""When a worker last showed that it works; messages of the last day, counted quickly."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_calendar_and_about")]
    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("part", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["created_at"], name="message_created"),
        ),
    ]
