import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import sealing.columns


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0093_requested_questionnaires"),
        ("practices", "0008_index_of_find_text"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ConsentForm",
            fields=[
                (
                    "document",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="consent_form",
                        serialize=False,
                        to="documents.librarydocument",
                    ),
                ),
                ("sentences", models.JSONField(default=list, help_text="What the patient ticks, each a text")),
                (
                    "practitioner_first",
                    models.BooleanField(default=False, help_text="Shared only once a practitioner signed it"),
                ),
                (
                    "booker_may_sign",
                    models.BooleanField(default=False, help_text="Who booked and was authorised signs, too"),
                ),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("sentences", models.JSONField(default=list, help_text="What the person ticks, each a text")),
                ("booker_may_sign", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "signature demandée"),
                            ("signed", "signé"),
                            ("refused", "refusé"),
                            ("withdrawn", "consentement retiré"),
                        ],
                        default="asked",
                        max_length=10,
                    ),
                ),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "settled_as",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("patient", "le patient"),
                            ("guardian", "responsable légal"),
                            ("holder", "la personne qui a pris le rendez-vous, autorisée par le cabinet"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("signer_name", models.CharField(blank=True, default="", max_length=201)),
                (
                    "means",
                    models.CharField(
                        blank=True,
                        choices=[("sms", "code reçu par SMS"), ("passkey", "clé d’accès")],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "challenge",
                    models.UUIDField(blank=True, help_text="The id of the challenge that was passed", null=True),
                ),
                ("read_sha256", models.CharField(blank=True, default="", max_length=64)),
                ("read_size", models.PositiveBigIntegerField(blank=True, null=True)),
                (
                    "sentence",
                    sealing.columns.SealedTextField(
                        blank=True, default="", help_text="Why it was refused or withdrawn, if the person said"
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "document",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consent",
                        to="documents.shareddocument",
                    ),
                ),
                (
                    "practice",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="practices.practice",
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consents_settled",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ConsentChallenge",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("sha256", models.CharField(max_length=64)),
                (
                    "means",
                    models.CharField(
                        choices=[("sms", "code reçu par SMS"), ("passkey", "clé d’accès")], max_length=10
                    ),
                ),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("passed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "used_at",
                    models.DateTimeField(blank=True, help_text="The signature that it allowed was made", null=True),
                ),
                (
                    "consent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="challenges", to="documents.consent"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ConsentDraft",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("sha256", models.CharField(help_text="Of the file whose pages were read", max_length=64)),
                ("pages", models.JSONField(default=list, help_text="Numbers of the pages read, from 1")),
                (
                    "name",
                    models.CharField(blank=True, default="", help_text="As the person typed it", max_length=201),
                ),
                ("drawn", models.BinaryField(blank=True, help_text="PNG, re-encoded", null=True)),
                ("ticked", models.JSONField(default=list, help_text="The sentences, as the person read and ticked them")),
                ("ticked_at", models.DateTimeField(blank=True, help_text="All sentences, and the name", null=True)),
                ("changed_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                (
                    "consent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="drafts", to="documents.consent"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(fields=["practice", "-asked_at"], name="consent_of_practice"),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("settled_at", None), ("state", "asked")),
                    models.Q(models.Q(("state", "asked"), _negated=True), ("settled_at__isnull", False)),
                    _connector="OR",
                ),
                name="consent_settled_unless_asked",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "withdrawn"), ("withdrawn_at__isnull", False)),
                    models.Q(models.Q(("state", "withdrawn"), _negated=True), ("withdrawn_at", None)),
                    _connector="OR",
                ),
                name="consent_withdrawn_at_its_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("challenge", None), ("state__in", ["asked", "refused"])),
                    models.Q(
                        ("challenge__isnull", False),
                        ("read_size__isnull", False),
                        ("state__in", ["signed", "withdrawn"]),
                    ),
                    _connector="OR",
                ),
                name="consent_signed_with_evidence",
            ),
        ),
        migrations.AddIndex(
            model_name="consentchallenge",
            index=models.Index(fields=["consent", "user", "-made_at"], name="challenge_of_consent"),
        ),
        migrations.AddConstraint(
            model_name="consentchallenge",
            constraint=models.CheckConstraint(
                condition=models.Q(("used_at", None), ("passed_at__isnull", False), _connector="OR"),
                name="challenge_passed_before_use",
            ),
        ),
        migrations.AddConstraint(
            model_name="consentdraft",
            constraint=models.UniqueConstraint(fields=("consent", "user", "sha256"), name="consent_draft_once"),
        ),
    ]
