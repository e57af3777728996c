"""Invitations of colleagues; memberships get an id for the API and, for replacements, days on which they count."""

import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import schema.new_uuid
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('practices', '0001_rooms_of_their_own'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='membership',
            name='public_id',
            field=models.UUIDField(db_default=schema.new_uuid.NewUuid(), default=uuid.uuid4, editable=False, help_text='In the API and in addresses; that of the invitation, if there was one', unique=True),
        ),
        migrations.AddField(
            model_name='membership',
            name='valid_from',
            field=models.DateField(blank=True, null=True, verbose_name='premier jour'),
        ),
        migrations.AddField(
            model_name='membership',
            name='valid_until',
            field=models.DateField(blank=True, null=True, verbose_name='dernier jour'),
        ),
        migrations.CreateModel(
            name='ColleagueInvitation',
            fields=[
                ('is_practitioner', models.BooleanField(default=False, verbose_name='Praticien')),
                ('is_secretary', models.BooleanField(default=False, verbose_name='Secrétaire')),
                ('is_admin', models.BooleanField(default=False, verbose_name='Administrateur')),
                ('is_reader', models.BooleanField(default=False, verbose_name='Lecteur')),
                ('valid_from', models.DateField(blank=True, null=True, verbose_name='premier jour')),
                ('valid_until', models.DateField(blank=True, null=True, verbose_name='dernier jour')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254, verbose_name='adresse e-mail')),
                ('title', models.CharField(blank=True, max_length=20, verbose_name='titre')),
                ('first_name', models.CharField(max_length=100, verbose_name='prénom')),
                ('last_name', models.CharField(max_length=100, verbose_name='nom')),
                ('professional_number', models.CharField(blank=True, max_length=20, verbose_name='numéro RPPS')),
                ('token_hash', models.CharField(editable=False, max_length=64, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('sent_at', models.DateTimeField(editable=False)),
                ('expires_at', models.DateTimeField(editable=False)),
                ('end', models.CharField(blank=True, choices=[('accepted', 'Accepted'), ('revoked', 'Revoked'), ('inviter_left', 'Inviter Left')], default='', max_length=20)),
                ('ended_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('accepted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('invited_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='colleague_invitations_sent', to=settings.AUTH_USER_MODEL)),
                ('practice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='colleague_invitations', to='practices.practice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(models.F('practice'), django.db.models.functions.text.Lower('email'), condition=models.Q(('end', '')), name='colleague_invited_once')],
            },
        ),
    ]
