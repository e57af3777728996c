"""Models move to a room of their own: their tables keep the names they have."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models

from schema.operations import MoveContentTypes


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('documents', '0077_minority_by_todays_birth_date'),
        ('contenttypes', '0002_remove_content_type_name'),
        ('practices', '0001_rooms_of_their_own'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='SignatureImage',
                    fields=[
                        ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='signature_image', serialize=False, to=settings.AUTH_USER_MODEL)),
                        ('png', models.BinaryField()),
                        ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                    ],
                    options={
                        'db_table': 'documents_signatureimage',
                    },
                ),
                migrations.CreateModel(
                    name='InstallationAuthority',
                    fields=[
                        ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ('certificate', models.BinaryField(help_text='X.509, DER')),
                        ('private_key', models.BinaryField(help_text='PKCS#8, PEM, encrypted under SIGNING_PASSPHRASE')),
                        ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                        ('retired_at', models.DateTimeField(blank=True, null=True)),
                        ('revocation_list', models.BinaryField(help_text='X.509 CRL, DER', null=True)),
                        ('revocation_list_at', models.DateTimeField(editable=False, help_text='When it was made', null=True)),
                    ],
                    options={
                        'db_table': 'documents_installationauthority',
                        'constraints': [models.UniqueConstraint(models.Value(1), condition=models.Q(('retired_at', None)), name='authority_one_current')],
                    },
                ),
                migrations.CreateModel(
                    name='SigningCredential',
                    fields=[
                        ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ('key_place', models.CharField(choices=[('authority', 'émis par cette installation'), ('pkcs12', 'importé d’un fichier'), ('pkcs11', 'dans un module de sécurité'), ('remote', 'chez un service de signature à distance')], db_default='authority', default='authority', max_length=10)),
                        ('certificate', models.BinaryField(help_text='X.509, DER')),
                        ('chain', models.JSONField(blank=True, db_default=[], default=list, help_text='X.509, DER in base64, issuer first')),
                        ('private_key', models.BinaryField(help_text='PKCS#8, PEM, encrypted under SIGNING_PASSPHRASE; empty: elsewhere')),
                        ('key_reference', models.CharField(blank=True, db_default='', default='', help_text="Of a key elsewhere: an URI (RFC 7512), or a remote credential's id", max_length=500)),
                        ('not_after', models.DateTimeField()),
                        ('told_days', models.PositiveSmallIntegerField(blank=True, help_text='For how many days before its end its owner has been warned last', null=True)),
                        ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                        ('retired_at', models.DateTimeField(blank=True, null=True)),
                        ('revoked_at', models.DateTimeField(blank=True, null=True)),
                        ('authority', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credentials', to='signing.installationauthority')),
                        ('practice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='signing_credentials', to='practices.practice')),
                        ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='signing_credentials', to=settings.AUTH_USER_MODEL)),
                    ],
                    options={
                        'db_table': 'documents_signingcredential',
                        'constraints': [models.UniqueConstraint(condition=models.Q(('retired_at', None)), fields=('user',), name='credential_one_current_per_user'), models.UniqueConstraint(condition=models.Q(('retired_at', None)), fields=('practice',), name='credential_one_current_per_practice'), models.CheckConstraint(condition=models.Q(models.Q(('practice__isnull', False), ('user', None)), models.Q(('practice', None), ('user__isnull', False)), _connector='OR'), name='credential_of_somebody'), models.CheckConstraint(condition=models.Q(models.Q(('authority__isnull', False), ('key_place', 'authority')), models.Q(models.Q(('key_place', 'authority'), _negated=True), ('authority', None)), _connector='OR'), name='credential_authority_issued_its_own'), models.CheckConstraint(condition=models.Q(('revoked_at', None), ('retired_at__isnull', False), _connector='OR'), name='credential_revoked_signs_no_more')],
                    },
                ),
            ]
        ),
        MoveContentTypes('documents', ['InstallationAuthority', 'SigningCredential', 'SignatureImage']),
    ]
