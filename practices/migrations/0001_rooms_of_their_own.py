"""Models move to a room of their own: their tables keep the names they have."""

import django.db.models.deletion
import django.db.models.functions.datetime
import practices.models
import uuid
from django.conf import settings
from django.db import migrations, models

from schema.operations import MoveContentTypes


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('accounts', '0014_discreet_email'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='Practice',
                    fields=[
                        ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ('name', models.CharField(max_length=200, verbose_name='nom')),
                        ('discreet_name', models.CharField(blank=True, db_default='', default='', help_text='Celui des messages, là où le nom dirait pourquoi on vient', max_length=100, verbose_name='nom discret')),
                        ('discreet_email', models.EmailField(blank=True, db_default='', default='', help_text='Celle où vont les réponses aux messages, là où l’adresse du cabinet dirait pourquoi on vient', max_length=254, verbose_name='adresse de réponse discrète')),
                        ('address', models.TextField(blank=True, verbose_name='adresse')),
                        ('telephone', models.CharField(blank=True, help_text='E.164', max_length=16, verbose_name='téléphone')),
                        ('email', models.EmailField(blank=True, help_text='Reçoit les alertes\xa0: invitation arrêtée, envoi en échec', max_length=254, verbose_name='adresse e-mail')),
                        ('time_zone', models.CharField(default='Europe/Paris', max_length=50, validators=[practices.models.validate_time_zone], verbose_name='fuseau horaire')),
                        ('language', models.CharField(default='fr', max_length=10, verbose_name='langue')),
                    ],
                    options={
                        'verbose_name': 'cabinet',
                        'db_table': 'accounts_practice',
                        'ordering': ['name'],
                    },
                ),
                migrations.CreateModel(
                    name='Membership',
                    fields=[
                        ('id', models.BigAutoField(primary_key=True, serialize=False)),
                        ('is_practitioner', models.BooleanField(default=False, verbose_name='Praticien')),
                        ('is_secretary', models.BooleanField(default=False, verbose_name='Secrétaire')),
                        ('is_admin', models.BooleanField(default=False, verbose_name='Administrateur')),
                        ('is_reader', models.BooleanField(default=False, verbose_name='Lecteur')),
                        ('since', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='What the account did before is no business of the practice')),
                        ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL, verbose_name='compte')),
                        ('practice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='practices.practice', verbose_name='cabinet')),
                    ],
                    options={
                        'verbose_name': 'accès',
                        'verbose_name_plural': 'accès',
                        'db_table': 'accounts_membership',
                        'constraints': [models.UniqueConstraint(fields=('user', 'practice'), name='membership_once_per_practice'), models.CheckConstraint(condition=models.Q(('is_practitioner', True), ('is_secretary', True), ('is_admin', True), ('is_reader', True), _connector='OR'), name='membership_has_a_role')],
                    },
                ),
            ]
        ),
        MoveContentTypes('accounts', ['Practice', 'Membership']),
    ]
