from django.db import migrations

from schema.operations import ValidateConstraint


class Migration(migrations.Migration):
    """Of every message: read while others write."""

    dependencies = [
        ('notifications', '0017_called_off'),
    ]

    operations = [
        ValidateConstraint(model_name='message', name='message_state_known'),
        ValidateConstraint(model_name='message', name='message_sent_has_a_time'),
    ]
