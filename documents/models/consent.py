"""The patient's signature: which documents of the library ask for it, each one asked for, and the steps to it."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.models import AppointmentStatus
from documents.models.library import LibraryDocument
from documents.models.shared import SharedDocument
from practices.models import OfPracticeQuerySet, Practice
from sealing.columns import SealedTextField

CHALLENGE_LIFETIME = timedelta(minutes=10)


class ConsentForm(models.Model):
    """The setting of a document of the library that asks for the patient's signature."""

    document = models.OneToOneField(
        LibraryDocument, on_delete=models.CASCADE, primary_key=True, related_name="consent_form"
    )
    sentences = models.JSONField(default=list, help_text="What the patient ticks, each a text")
    practitioner_first = models.BooleanField(default=False, help_text="Shared only once a practitioner signed it")
    booker_may_sign = models.BooleanField(default=False, help_text="Who booked and was authorised signs, too")
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.pk)


class ConsentState(models.TextChoices):
    ASKED = "asked", _("signature demandée")
    SIGNED = "signed", _("signé")
    REFUSED = "refused", _("refusé")
    WITHDRAWN = "withdrawn", _("consentement retiré")


class SignedAs(models.TextChoices):
    """By what right somebody signed."""

    PATIENT = "patient", _("le patient")
    GUARDIAN = "guardian", _("responsable légal")
    HOLDER = "holder", _("la personne qui a pris le rendez-vous, autorisée par le cabinet")


class Means(models.TextChoices):
    SMS = "sms", _("code reçu par SMS")
    PASSKEY = "passkey", _("clé d’accès")


class Doubt(models.TextChoices):
    """Why a signature that came with the archive of another installation is not proved."""

    FILE = "file", _("le fichier ne commence pas par ce qui a été lu")
    SEAL = "seal", _("le cachet du cabinet n’est pas la dernière signature du fichier, ou n’est pas valable")
    EVIDENCE = "evidence", _("les preuves que porte le cachet ne sont pas celles de cette signature")


LATE_BEFORE = timedelta(hours=24)  # nothing is signed, and the appointment is this near
SEEN_TO_FOR = timedelta(days=30)  # after its appointment, or its refusal, a consent is nothing to see to any more


class ConsentQuerySet(OfPracticeQuerySet["Consent"]):
    def open(self) -> ConsentQuerySet:
        return self.filter(state=ConsentState.ASKED)

    def to_see_to(self) -> ConsentQuerySet:
        """Refused or withdrawn, or still waiting when the appointment is near or over; and no staff noted it."""
        now = timezone.now()
        ended = Q(state=ConsentState.REFUSED, settled_at__gte=now - SEEN_TO_FOR) | Q(
            state=ConsentState.WITHDRAWN, withdrawn_at__gte=now - SEEN_TO_FOR
        )
        late = Q(
            state=ConsentState.ASKED,
            document__appointment__status=AppointmentStatus.BOOKED,
            document__appointment__starts_at__gte=now - SEEN_TO_FOR,
            document__appointment__starts_at__lt=now + LATE_BEFORE,
        )
        unsigned = Q(state__in=[ConsentState.ASKED, ConsentState.REFUSED, ConsentState.WITHDRAWN])  # as the index
        return self.filter(unsigned, ended | late, seen_at=None)


class Consent(models.Model):
    """The signature that one shared document asks for. Ends with the document; the trail stays.

    `read_sha256`, `read_size` (bytes): of the file that was read and signed; the sealed file begins with these bytes.
    `settled_at`: signed or refused. `seen_at`: staff noted that it waits, was refused or withdrawn.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="+", db_index=False)
    document = models.OneToOneField(SharedDocument, on_delete=models.CASCADE, related_name="consent")
    sentences = models.JSONField(default=list, help_text="What the person ticks, each a text")
    booker_may_sign = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=ConsentState, default=ConsentState.ASKED)
    asked_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    asked_at = models.DateTimeField(default=timezone.now)
    settled_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="consents_settled"
    )
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_as = models.CharField(max_length=10, choices=SignedAs, blank=True, default="")
    signer_name = models.CharField(max_length=201, blank=True, default="")
    means = models.CharField(max_length=10, choices=Means, blank=True, default="")
    challenge = models.UUIDField(null=True, blank=True, help_text="The id of the challenge that was passed")
    read_sha256 = models.CharField(max_length=64, blank=True, default="")
    read_size = models.PositiveBigIntegerField(null=True, blank=True)
    sentence = SealedTextField(
        blank=True, default="", help_text="Why it was refused or withdrawn, if the person said"
    )
    withdrawn_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    doubt = models.CharField(max_length=10, choices=Doubt, blank=True, default="", db_default="")

    objects = ConsentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["practice", "-asked_at"], name="consent_of_practice"),
            models.Index(
                fields=["practice"],
                condition=Q(state__in=["asked", "refused", "withdrawn"], seen_at=None),
                name="consent_to_see_to",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="asked", settled_at=None) | (~Q(state="asked") & Q(settled_at__isnull=False)),
                name="consent_settled_unless_asked",
            ),
            models.CheckConstraint(
                condition=Q(state="withdrawn", withdrawn_at__isnull=False)
                | (~Q(state="withdrawn") & Q(withdrawn_at=None)),
                name="consent_withdrawn_at_its_end",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "refused"], challenge=None)
                | Q(state__in=["signed", "withdrawn"], challenge__isnull=False, read_size__isnull=False),
                name="consent_signed_with_evidence",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_open(self) -> bool:
        return self.state == ConsentState.ASKED

    @property
    def carries_signature(self) -> bool:
        return self.state in (ConsentState.SIGNED, ConsentState.WITHDRAWN)


class ConsentDraft(models.Model):
    """How far one account has come towards signing these bytes. Ends with the signature, or after 30 days."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    consent = models.ForeignKey(Consent, on_delete=models.CASCADE, related_name="drafts")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    sha256 = models.CharField(max_length=64, help_text="Of the file whose pages were read")
    pages = models.JSONField(default=list, help_text="Numbers of the pages read, from 1")
    name = models.CharField(max_length=201, blank=True, default="", help_text="As the person typed it")
    drawn = models.BinaryField(null=True, blank=True, help_text="PNG, re-encoded")
    ticked = models.JSONField(default=list, help_text="The sentences, as the person read and ticked them")
    ticked_at = models.DateTimeField(null=True, blank=True, help_text="All sentences, and the name")
    changed_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["consent", "user", "sha256"], name="consent_draft_once"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class ConsentChallenge(models.Model):
    """One proof that the account's own person signs: bound to the consent, the account and the bytes; single use.

    The code is in accounts.models.OneTimeCode, as a hash, under this challenge's id.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    consent = models.ForeignKey(Consent, on_delete=models.CASCADE, related_name="challenges")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    sha256 = models.CharField(max_length=64)
    means = models.CharField(max_length=10, choices=Means)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    passed_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True, help_text="The signature that it allowed was made")

    class Meta:
        indexes = [models.Index(fields=["consent", "user", "-made_at"], name="challenge_of_consent")]
        constraints = [
            models.CheckConstraint(
                condition=Q(used_at=None) | Q(passed_at__isnull=False), name="challenge_passed_before_use"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
