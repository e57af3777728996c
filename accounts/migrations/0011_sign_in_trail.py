"""Counts of tries, what a known device is, and since when somebody is a member.

Devices remembered until now are forgotten: their secret may have been planted. People give a code once more.
"""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_webhooks'),
    ]

    operations = [
        migrations.RunSQL("DELETE FROM accounts_knowndevice", migrations.RunSQL.noop, elidable=True),
        migrations.CreateModel(
            name='RateCount',
            fields=[
                ('key', models.CharField(help_text='HMAC of what is counted and of whom', max_length=64, primary_key=True, serialize=False)),
                ('count', models.PositiveIntegerField()),
                ('ends_at', models.BigIntegerField(db_index=True, help_text='Seconds since the epoch')),
            ],
        ),
        migrations.AddField(
            model_name='knowndevice',
            name='browser',
            field=models.CharField(blank=True, db_default='', help_text='What it says it is: Firefox', max_length=30),
        ),
        migrations.AddField(
            model_name='knowndevice',
            name='code_given',
            field=models.BooleanField(db_default=True, default=True, help_text='Whether a code was given in it; without, it skips none'),
        ),
        migrations.AddField(
            model_name='knowndevice',
            name='system',
            field=models.CharField(blank=True, db_default='', help_text='Windows', max_length=30),
        ),
        migrations.AddField(
            model_name='membership',
            name='since',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='What the account did before is no business of the practice'),
        ),
    ]
