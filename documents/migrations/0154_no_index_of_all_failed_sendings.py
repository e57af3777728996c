from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0153_fill_practices")]

    operations = [
        migrations.RemoveIndex(model_name="autosend", name="auto_send_failed"),
    ]
