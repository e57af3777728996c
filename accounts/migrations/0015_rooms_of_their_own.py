"""Models move to a room of their own: their tables keep the names they have."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0014_discreet_email'),
        ('practices', '0001_rooms_of_their_own'),
        ('webhooks', '0001_rooms_of_their_own'),
        ('appointments', '0012_rooms_of_their_own'),
        ('documents', '0078_rooms_of_their_own'),
        ('patients', '0013_rooms_of_their_own'),
        ('signing', '0001_rooms_of_their_own'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel(name='Membership'),
                migrations.DeleteModel(name='WebhookDelivery'),
                migrations.DeleteModel(name='WebhookEndpoint'),
                migrations.DeleteModel(name='WebhookProgress'),
                migrations.DeleteModel(name='Practice'),
            ]
        ),
    ]
