"""Models move to a room of their own: their tables keep the names they have."""

import django.db.models.deletion
import django.utils.timezone
import sealing.columns
import uuid
from django.db import migrations, models

from schema.operations import MoveContentTypes


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0014_discreet_email'),
        ('contenttypes', '0002_remove_content_type_name'),
        ('practices', '0001_rooms_of_their_own'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='WebhookEndpoint',
                    fields=[
                        ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ('url', models.URLField(max_length=500, verbose_name='adresse')),
                        ('events', models.JSONField(default=list, help_text='Names of WebhookEventType')),
                        ('secret', sealing.columns.SealedTextField(help_text='whsec_ and base64 of 256 random bits; encrypted at rest')),
                        ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                        ('stopped_at', models.DateTimeField(blank=True, help_text='Its server answered 410 Gone', null=True)),
                        ('practice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='webhook_endpoints', to='practices.practice')),
                    ],
                    options={
                        'verbose_name': 'webhook',
                        'verbose_name_plural': 'webhooks',
                        'db_table': 'accounts_webhookendpoint',
                        'ordering': ['-created_at'],
                    },
                ),
                migrations.CreateModel(
                    name='WebhookProgress',
                    fields=[
                        ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                        ('position', models.BigIntegerField(default=0)),
                    ],
                    options={
                        'db_table': 'accounts_webhookprogress',
                        'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='webhook_progress_is_one_row')],
                    },
                ),
                migrations.CreateModel(
                    name='WebhookDelivery',
                    fields=[
                        ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ('event', models.CharField(max_length=60)),
                        ('body', models.TextField(help_text='JSON, as signed and sent')),
                        ('state', models.CharField(choices=[('queued', 'En attente'), ('sent', 'Reçu'), ('failed', 'Échec')], default='queued', max_length=10)),
                        ('due_at', models.DateTimeField()),
                        ('lease_until', models.DateTimeField(blank=True, null=True)),
                        ('attempts', models.PositiveSmallIntegerField(default=0)),
                        ('last_error', models.CharField(blank=True, max_length=200)),
                        ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                        ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='webhooks.webhookendpoint')),
                    ],
                    options={
                        'db_table': 'accounts_webhookdelivery',
                        'ordering': ['-created_at', '-id'],
                        'indexes': [models.Index(condition=models.Q(('state', 'queued')), fields=['due_at'], name='webhook_delivery_due')],
                    },
                ),
            ]
        ),
        MoveContentTypes('accounts', ['WebhookEndpoint', 'WebhookDelivery', 'WebhookProgress']),
    ]
